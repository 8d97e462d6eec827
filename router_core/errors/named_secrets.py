"""Secrets that are known by the word before them: ``api_key=…``, ``"password": "…"``, ``Authorization: Bearer …``.

Text is searched for the sign in between, which is rare, and only there for the word before it.
"""

import re
from typing import Final

__all__ = ["without_named"]

_NO_VALUE = (
    r"(?!\*\*\*|(?:invalid|missing|required|incorrect|expired|revoked|not|must|cannot|unknown|none|null|true|false|"
    r"empty|wrong|provided|undefined|bearer|basic|sk|sbx)(?![\w-]))"
)
_STRONG_NAMES = (
    r"x-api-key|api[-_ ]?key(?: provided)?|apikey|subscription[-_]?key|account[-_]?key|shared[-_]?access[-_]?key|"
    r"(?:aws[-_])?secret[-_ ]?access[-_ ]?key|client[-_]?secret|app[-_]?secret|private[-_]?key|encryption[-_]?key|"
    r"(?:access|auth|refresh|id|session|security|bot)[-_]?token|pass(?:word|wd|phrase)|pwd|"
    r"signalbox_session"
)
_QUERY_NAMES = (
    r"(?:x-(?:amz|goog)-(?:signature|credential|security-token)|api[-_]?key|subscription[-_]key|"
    r"(?:access|auth|id|refresh)_token|client_secret|password|passwd|signature|secret|token|auth|code|key|sig|pwd)"
)
_SEPARATOR = r"\\{0,2}[\"']?\s{0,8}[=:]\s{0,8}\\{0,2}[\"']?"
_VALUE = r"(?:[^\s\"'&,;}\\]|\\(?![\"'\\])){6,}"
_WEAK_NAMES = r"secret|token|key|sig|signature|credential"

# Longer than every name, with what may stand between it and the sign.
_LOOK_BACK: Final = 48
_BETWEEN: Final = " \t\r\n\"'\\"
_ENDINGS: Final = (
    "authorization", "key", "key provided", "token", "secret", "password", "passwd", "passphrase", "pwd", "sig",
    "signature", "credential", "signalbox_session",
)  # fmt: skip
_SIGN: Final = re.compile(r"[=:]")
_NAME: Final = re.compile(
    rf"(?:(?<![A-Za-z])(?:authorization|{_WEAK_NAMES})|{_STRONG_NAMES})\\{{0,2}}[\"']?\s{{0,8}}\Z", re.IGNORECASE
)
_ASSIGNED: Final = tuple(
    (re.compile(pattern, re.IGNORECASE), shown)
    for pattern, shown in (
        (
            (
                rf"(authorization{_SEPARATOR})(?!\*\*\*)(bearer\s{{1,8}}|basic\s{{1,8}}|token\s{{1,8}})?+"
                r"(?!\*\*\*)[^\s\"',;}]{6,}"
            ),
            r"\1\2***",
        ),
        (rf"((?:{_STRONG_NAMES}){_SEPARATOR}){_NO_VALUE}{_VALUE}", r"\1***"),
        (
            (
                rf"((?:{_WEAK_NAMES}){_SEPARATOR})"
                r"(?:(?=[A-Za-z+/_=-]{0,64}\d)(?!\d+\b)[\w+/=-]{16,}|[\w+/=-]{32,})"
            ),
            r"\1***",
        ),
    )
)
_IN_QUERY: Final = re.compile(rf"([?&;]{_QUERY_NAMES}=)(?!\*\*\*)[^\s&#\"'<>]{{1,4096}}", re.IGNORECASE)
_BEARER: Final = re.compile(
    r"\b(bearer\s{1,8})(?!(?:authentication|authorization|credentials?|tokens?|scheme|header)\b)"
    r"(?:[\w.~+/=-]{12,}|(?=[\w.~+/=-]{0,12}\d)[\w.~+/=-]{6,})",
    re.IGNORECASE,
)
# Base64 tells itself from a plain word by a digit, a sign or a capital inside.
_BASIC: Final = re.compile(r"\b([Bb]asic\s{1,8})(?=[A-Za-z]{0,200}(?:[0-9+/=]|[a-z][A-Z]))[A-Za-z0-9+/=]{6,}")


def without_named(text: str) -> str:
    """Return ``text`` without what a word before it calls a secret."""
    text = _without_assigned(_IN_QUERY.sub(r"\1***", text))
    if "bearer" in text.casefold():
        text = _BEARER.sub(r"\1***", text)
    return _BASIC.sub(r"\1***", text) if "asic" in text else text


def _without_assigned(text: str) -> str:
    pieces: list[str] = []
    done = 0
    for sign in _SIGN.finditer(text):
        at = sign.start()
        if at < done:
            continue
        before = text[max(done, at - _LOOK_BACK) : at]
        if not before.rstrip(_BETWEEN).casefold().endswith(_ENDINGS):
            continue
        name = _NAME.search(before)
        if name is None:
            continue
        start = at - len(before) + name.start()
        for pattern, shown in _ASSIGNED:
            if found := pattern.match(text, start):
                pieces += (text[done:start], found.expand(shown))
                done = found.end()
                break
    return "".join((*pieces, text[done:])) if pieces else text
