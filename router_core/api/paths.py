"""Paths with parameters: ``/api/admin/drills/{id}/stop``."""

from collections.abc import Iterable
from urllib.parse import unquote_to_bytes

from starlette.types import Scope

__all__ = ["PathPatterns"]

MAX_VALUE = 200


class PathPatterns:
    """Finds the template that a path fits. Segments match exactly; a parameter is one segment, decoded once.

    The path is split before it is decoded, so that an encoded slash is part of a value. A value is printable text of
    1 to 200 characters, and never ``.`` or ``..``.
    """

    __slots__ = ("_by_length",)

    def __init__(self, templates: Iterable[str]) -> None:
        self._by_length: dict[int, list[tuple[str, list[str]]]] = {}
        for template in templates:
            segments = template.split("/")
            self._by_length.setdefault(len(segments), []).append((template, segments))

    def match(self, scope: Scope) -> tuple[str, dict[str, str]] | None:
        """Return the template and its parameters, None when no template fits."""
        raw: bytes = scope.get("raw_path") or scope["path"].encode()
        pieces = raw.split(b"/")
        candidates = self._by_length.get(len(pieces))
        if candidates is None:
            return None
        try:
            segments = [unquote_to_bytes(piece).decode() for piece in pieces]
        except UnicodeDecodeError:
            return None
        for template, wanted in candidates:
            values = _values(wanted, segments)
            if values is not None:
                return template, values
        return None


def _values(wanted: list[str], segments: list[str]) -> dict[str, str] | None:
    values = {}
    for want, segment in zip(wanted, segments, strict=True):
        if want.startswith("{"):
            if not (0 < len(segment) <= MAX_VALUE and segment.isprintable()) or segment in (".", ".."):
                return None
            values[want[1:-1]] = segment
        elif want != segment:
            return None
    return values
