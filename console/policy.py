"""Headers that keep pages to themselves: no other origin is loaded, framed or told where a visitor came from."""

import base64
import hashlib
import re
from pathlib import Path

import streamlit

__all__ = ["content_policy", "security_headers"]

_INLINE_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def inline_hashes() -> list[str]:
    """Return the sources that allow exactly the inline scripts of the installed Streamlit's page."""
    page = (Path(streamlit.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    digests = (hashlib.sha256(script.encode()).digest() for script in _INLINE_SCRIPT.findall(page))
    return [f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests]


def content_policy() -> str:
    """Return the Content-Security-Policy of every page."""
    return "; ".join(
        (
            "default-src 'self'",
            " ".join(("script-src 'self'", *inline_hashes())),
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self' ws: wss:",
            "worker-src 'self' blob:",
            "frame-ancestors 'none'",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
        )
    )


def security_headers() -> list[tuple[bytes, bytes]]:
    """Return the headers of every answer that is not the API's."""
    return [
        (b"content-security-policy", content_policy().encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"x-frame-options", b"DENY"),
        (b"referrer-policy", b"same-origin"),
        (b"cross-origin-opener-policy", b"same-origin"),
        (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
    ]
