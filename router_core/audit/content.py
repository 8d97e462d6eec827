"""What is kept of prompt and answer where an account allows it: text without images, not too long."""

from typing import Final

import msgspec
from msgspec import structs

from router_core.types import Content, LLMRequest, ReasoningPart

__all__ = ["kept_content"]

MOST_CHARACTERS: Final = 32_768
CUT: Final = " … cut"


def kept_content(request: LLMRequest, answer: str) -> Content:
    """Return what may be kept, images left out. It is cleaned when it is stored, not while somebody waits."""
    return Content(prompt=_cut(_asked(request)), answer=_cut(answer))


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
    for each in content:
        # A seal says nothing to people, and is long.
        part = structs.replace(each, signature="", data="") if isinstance(each, ReasoningPart) else each
        fields = msgspec.structs.asdict(part)
        shown.append("[image]" if "image" in fields else msgspec.json.encode(msgspec.to_builtins(part)).decode())
    return " ".join(shown)


def _cut(text: str) -> str:
    if len(text) <= MOST_CHARACTERS:
        return text
    head = text[:MOST_CHARACTERS]
    # Between two words: a secret that is cut in two is no longer known as one.
    return head[: max(head.rfind(" "), head.rfind("\n"), 0)] + CUT
