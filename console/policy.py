"""Headers that keep pages to themselves: no other origin is loaded, framed or told where a visitor came from."""

import base64
import hashlib
import re
from functools import lru_cache
from pathlib import Path

import streamlit

__all__ = ["content_policy", "security_headers"]

_INLINE_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def inline_hashes() -> list[str]:
    """Return the sources that allow exactly the inline scripts of the installed Streamlit's page."""
    page = (Path(streamlit.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    digests = (hashlib.sha256(script.encode()).digest() for script in _INLINE_SCRIPT.findall(page))
    return [f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests]


def content_policy(host: str) -> str:
    """Return the Content-Security-Policy of every page that is served at ``host``, with its port; empty: not known.

    Old browsers do not count websockets of the same host as their own.
    """
    return "; ".join(
        (
            "default-src 'self'",
            " ".join(("script-src 'self'", *inline_hashes())),
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            f"connect-src 'self' ws://{host} wss://{host}" if host else "connect-src 'self'",
            "worker-src 'self' blob:",
            "frame-ancestors 'none'",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
        )
    )


@lru_cache(maxsize=64)
def security_headers(host: str) -> tuple[tuple[str, str], ...]:
    """Return the headers of every answer at ``host`` that is not the API's."""
    return (
        ("content-security-policy", content_policy(host)),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
    )
