"""Secrets that are planted to be looked for, and the ways in which one could be hidden in plain sight."""

import base64
import hashlib
import html
import json
from collections.abc import Iterable, Mapping
from urllib.parse import quote

__all__ = ["canary", "forms", "traces"]


def canary(what: str, start: str = "") -> str:
    """Return a secret for ``what`` that nothing else could contain by chance; the same in every run."""
    return start + hashlib.sha256(f"canary {what}".encode()).hexdigest()[:48]


def forms(secret: str) -> dict[str, bytes]:
    """Return what of ``secret`` is looked for: as it is, encoded, turned round, and either half of it."""
    raw = secret.encode()
    middle = len(raw) // 2
    return {
        "plain": raw,
        "JSON": json.dumps(secret)[1:-1].encode(),
        "URL": quote(secret, safe="").encode(),
        "HTML": html.escape(secret).encode(),
        "hex": raw.hex().encode(),
        "reversed": raw[::-1],
        "first half": raw[:middle],
        "second half": raw[middle:],
        **{f"base64 at {offset}": _base64_inside(raw, offset) for offset in range(3)},
        **{f"base64 of URLs at {offset}": _base64_inside(raw, offset, b"-_") for offset in range(3)},
    }


def traces(places: Mapping[str, bytes], secrets: Mapping[str, Iterable[str]]) -> list[str]:
    """Return a line for each secret that is somewhere in ``places``, and how it lies there; it quotes none."""
    return [
        f"{name}, {form}, in {place}"
        for name, texts in secrets.items()
        for text in texts
        for form, wanted in forms(text).items()
        for place, content in places.items()
        if wanted in content
    ]


def _base64_inside(raw: bytes, offset: int, altchars: bytes = b"+/") -> bytes:
    """Return those characters of a longer base64 text that only ``raw`` decides, where it begins after ``offset``."""
    whole = base64.b64encode(b"\0" * offset + raw, altchars)
    left = (8 * offset + 5) // 6
    return whole[left : len(whole.rstrip(b"=")) - 1]
