"""What a tool gives back, as a model may read it: JSON, and no longer than is allowed."""

from typing import Any, Final

import msgspec

__all__ = ["ToolError", "bounded"]

_ENCODE: Final = msgspec.json.Encoder(enc_hook=str).encode


class ToolError(Exception):
    """What a tool raises to tell the model why it failed; whatever else it raises is told to nobody."""


def bounded(result: Any, most: int) -> Any:
    """Return ``result`` as plain JSON values, or the beginning of its text where that has more than ``most`` bytes.

    Raises ``ToolError`` for what is no JSON at all.
    """
    if isinstance(result, str):
        return result if len(result) * 4 <= most else _cut(result.encode("utf-8", "replace"), most)
    try:
        encoded = _ENCODE(result)
        return msgspec.json.decode(encoded) if len(encoded) <= most else _cut(encoded, most)
    except (TypeError, ValueError, RecursionError, msgspec.MsgspecError):
        raise ToolError("The tool's result is no JSON") from None


def _cut(text: bytes, most: int) -> str:
    if len(text) <= most:
        return text.decode()
    return f"{text[:most].decode('utf-8', 'ignore')} … cut: {most} of {len(text)} bytes"
