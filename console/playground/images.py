"""Uploaded images as data URLs; their kind is told from their own first bytes, not from their name."""

import base64

__all__ = ["data_url"]

SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
)


def data_url(content: bytes) -> str:
    """Return ``content`` as a data URL."""
    return f"data:{_kind(content)};base64,{base64.b64encode(content).decode()}"


def _kind(content: bytes) -> str:
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for signature, kind in SIGNATURES if content.startswith(signature)), "application/octet-stream")
