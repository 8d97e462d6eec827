"""The one sanitizer: takes secrets out of any text that leaves the process."""

import re
from collections.abc import Iterable
from typing import Protocol

__all__ = ["MAX_MESSAGE_CHARS", "Revealable", "mask_api_key", "sanitize_message"]

MAX_MESSAGE_CHARS = 500
_MIN_KNOWN_SECRET = 6
_MASKED_KEY_MIN = 20


class Revealable(Protocol):
    """Anything that hides a secret string."""

    def reveal(self) -> str:
        """Return the plain text."""
        ...


# Longest prefixes first: the prefix stays readable, what follows it does not.
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\b(sk-ant-api\d\d-|sk-ant-|sk-proj-|sk-svcacct-|sk-admin-|sk-or-v1-|sk-)[\w*-]{3,}"), r"\1***"),
    (re.compile(r"\b(sbx_)\w{4,}"), r"\1***"),
    (
        re.compile(r"\b(AIza|ya29\.|gsk_|xai-|hf_|pplx-|r8_|ghp_|gho_|github_pat_|glpat-|xox[abprs]-)[\w.-]{6,}"),
        r"\1***",
    ),
    (re.compile(r"\b(AKIA|ASIA)[A-Z0-9]{12,}"), r"\1***"),
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}(\.[\w-]*)?"), "eyJ***"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{6,}"), r"\1 ***"),
    (
        re.compile(
            r"(?i)\b(api[-_ ]?key|x-api-key|access[-_]?token|token|secret|password|authorization|key)"
            r"(\"?'?\s*[=:]\s*\"?'?)(?!\*\*\*|sk-|sbx_|Bearer|Basic)[^\s\"'&,;}]{6,}"
        ),
        r"\1\2***",
    ),
    (re.compile(r"(?i)\b([a-z][a-z0-9+.-]{1,20}://)[^\s/@:]*:[^\s/@]+@"), r"\1***@"),
)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def sanitize_message(text: str, secrets: Iterable[Revealable] = ()) -> str:
    """Return ``text`` without key patterns, tokens, URL credentials, control characters or any of ``secrets``.

    The result is at most ``MAX_MESSAGE_CHARS`` characters long.
    """
    # The longest first: one secret may be the beginning of another.
    for plain in sorted((each.reveal() for each in secrets), key=len, reverse=True):
        if len(plain) >= _MIN_KNOWN_SECRET:
            text = text.replace(plain, "***")
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    text = _CONTROL.sub(" ", text)
    return text if len(text) <= MAX_MESSAGE_CHARS else text[: MAX_MESSAGE_CHARS - 1] + "…"


def mask_api_key(key: str) -> str:
    """Return a key fit for a screen: ``sk-12...cdef`` from 20 characters on, ``***`` for shorter ones."""
    return f"{key[:5]}...{key[-4:]}" if len(key) >= _MASKED_KEY_MIN else "***"
