"""The one sanitizer: takes secrets out of any text that leaves the process."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol, TypeVar, cast
from urllib.parse import quote

from router_core.errors.named_secrets import without_named
from router_core.errors.personal_patterns import without_personal
from router_core.errors.secret_patterns import without_halves, without_marked

__all__ = [
    "MAX_MESSAGE_CHARS",
    "Revealable",
    "mask_api_key",
    "needles",
    "readable",
    "redact",
    "sanitize_message",
    "shortened",
    "storable",
    "without_secrets",
]

MAX_MESSAGE_CHARS = 500
D = TypeVar("D")

_MASK = "***"
_MIN_KNOWN_SECRET = 6
_MASKED_KEY_MIN = 20
# More than is shown, since what is taken out makes room; its ragged end is not shown at all.
_READ_CHARS = 8 * MAX_MESSAGE_CHARS
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_GAP = re.compile(r"(?:\s|\\[nrt]|\u00ad|\u200b)+")


class Revealable(Protocol):
    """Anything that hides a secret string."""

    def reveal(self) -> str:
        """Return the plain text."""
        ...


def needles(secrets: Iterable[Revealable]) -> tuple[str, ...]:
    """Return what to look for so that none of ``secrets`` shows, plain or percent-encoded; the longest first.

    One secret may be the beginning of another. What is shorter than six characters is no secret.
    """
    plain = {_GAP.sub("", each.reveal()) for each in secrets} | {each.reveal() for each in secrets}
    found = {form for each in plain if len(each) >= _MIN_KNOWN_SECRET for form in (each, quote(each, safe=""))}
    return tuple(sorted(found, key=len, reverse=True))


def redact(text: str, known: Sequence[str] = (), *, personal: bool = False) -> str:
    """Return ``text`` at full length without key patterns, tokens, URL credentials or any of the ``known`` strings.

    ``personal`` data, such as e-mail addresses, goes too where that is asked for.
    """
    for plain in known:
        text = text.replace(plain, _MASK)
    if known and _GAP.search(text):
        text = _without_broken(text, known)
    text = without_halves(without_named(without_marked(text)))
    return without_personal(text) if personal else text


def storable(text: str, *, personal: bool) -> str:
    """Return ``text`` at full length fit to be stored: as :func:`redact`, without control characters."""
    return _CONTROL.sub(" ", redact(text, personal=personal))


def without_secrets(document: D) -> D:
    """Return a JSON document with :func:`redact` applied to each text in it, names of fields excepted."""
    if isinstance(document, str):
        return cast("D", redact(document))
    if isinstance(document, Mapping):
        return cast("D", {name: without_secrets(each) for name, each in document.items()})
    if isinstance(document, list):
        return cast("D", [without_secrets(each) for each in document])
    if isinstance(document, tuple):
        return cast("D", tuple(without_secrets(each) for each in document))
    return document


def sanitize_message(text: str, secrets: Iterable[Revealable] = ()) -> str:
    """Return ``text`` without key patterns, tokens, URL credentials, control characters or any of ``secrets``.

    The result is at most ``MAX_MESSAGE_CHARS`` characters long.
    """
    return shortened(redact(readable(text), needles(tuple(secrets))))


def readable(text: str) -> str:
    """Return the beginning of ``text`` that is worth cleaning, cut between two words."""
    if len(text) <= _READ_CHARS:
        return text
    head = text[:_READ_CHARS]
    # A secret cut in two is no longer known as one.
    return head[: max(head.rfind(" "), head.rfind("\n"), 0)] or "…"


def shortened(text: str) -> str:
    """Return ``text`` without control characters, at most ``MAX_MESSAGE_CHARS`` characters of it."""
    text = _CONTROL.sub(" ", text)
    return text if len(text) <= MAX_MESSAGE_CHARS else text[: MAX_MESSAGE_CHARS - 1] + "…"


def mask_api_key(key: str) -> str:
    """Return a key fit for a screen: ``sk-12...cdef`` from 20 characters on, ``***`` for shorter ones."""
    return f"{key[:5]}...{key[-4:]}" if len(key) >= _MASKED_KEY_MIN else _MASK


def _without_broken(text: str, known: Sequence[str]) -> str:
    """Take out what stands in ``text`` with line breaks or blanks inside."""
    dense = _GAP.sub("", text)
    broken = [plain for plain in known if plain in dense]
    if not broken:
        return text
    places = _places(text)
    for start, end in sorted(_spans(dense, broken), reverse=True):
        text = f"{text[: places[start]]}{_MASK}{text[places[end - 1] + 1 :]}"
    return text


def _places(text: str) -> list[int]:
    """Return where each character that is no gap stands in ``text``."""
    places: list[int] = []
    at = 0
    for gap in _GAP.finditer(text):
        places.extend(range(at, gap.start()))
        at = gap.end()
    places.extend(range(at, len(text)))
    return places


def _spans(dense: str, broken: Sequence[str]) -> list[tuple[int, int]]:
    """Return where the ``broken`` strings stand in ``dense``, overlapping ones as one span."""
    found = sorted(
        (match.start(), match.start() + len(plain))
        for plain in broken
        for match in re.finditer(f"(?={re.escape(plain)})", dense)
    )
    merged: list[tuple[int, int]] = []
    for start, end in found:
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
