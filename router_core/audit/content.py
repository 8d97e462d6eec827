"""What is kept of prompt and answer where an account allows it: text without images, secrets masked, not too long.

What a caller says about a request is kept always, with secrets masked too.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from router_core.errors.sanitizer import redact, sanitize_message
from router_core.types import Content, LLMRequest

__all__ = ["MetadataValue", "kept_content", "kept_metadata"]

MetadataValue = str | int | float | bool | None
MOST_CHARACTERS: Final = 32_768
CUT: Final = " … cut"


def kept_content(request: LLMRequest, answer: str) -> Content:
    """Return what may be kept: secrets that look like ones are masked, images are left out."""
    return Content(prompt=_masked(_asked(request)), answer=_masked(answer))


def kept_metadata(given: Mapping[str, MetadataValue]) -> dict[str, MetadataValue]:
    """Return what a caller said about a request, secrets masked in names and values, and everything else as it is."""
    return {redact(name): redact(value) if isinstance(value, str) else value for name, value in given.items()}


def _asked(request: LLMRequest) -> str:
    parts = [] if request.system_prompt is None else [f"system: {request.system_prompt}"]
    if request.prompt is not None:
        parts.append(request.prompt)
    for message in request.messages or ():
        text = message.content if isinstance(message.content, str) else _parts(message.content)
        parts.append(f"{message.role}: {text}")
    return "\n\n".join(parts)


def _parts(content: tuple[msgspec.Struct, ...]) -> str:
    shown = []
    for part in content:
        fields = msgspec.structs.asdict(part)
        shown.append("[image]" if "image" in fields else msgspec.json.encode(msgspec.to_builtins(part)).decode())
    return " ".join(shown)


def _masked(text: str) -> str:
    cut = text if len(text) <= MOST_CHARACTERS else text[:MOST_CHARACTERS] + CUT
    return "\n".join(sanitize_message(line) if line.strip() else line for line in cut.replace("\x00", "").split("\n"))
