"""The messages of a request, and what they say in our terms."""

from collections.abc import Iterable, Iterator
from typing import Any, Final, Literal, TypeVar

import msgspec
from msgspec import Raw, Struct, field

from router_core.api.checks import check_image
from router_core.api.parsing import explained
from router_core.errors import ValidationError
from router_core.tools.formats import is_tool_name
from router_core.types import (
    ContentPart,
    ImagePart,
    Message,
    ReasoningPart,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)

__all__ = ["Block", "Conversation", "Turn", "system_text"]

BYTES_PER_TOKEN: Final = 4
TOKENS_PER_IMAGE: Final = 1_600
MOST_OF_A_FILE: Final = 50_000
PDF: Final = "application/pdf"
_Read = TypeVar("_Read")


class Block(Struct):
    """One block of content; what else it may hold only its own protocol knows."""

    type: str
    text: str | None = None
    source: Raw = field(default_factory=Raw)
    id: str = ""
    name: str = ""
    input: Raw = field(default_factory=Raw)
    tool_use_id: str = ""
    content: Raw = field(default_factory=Raw)
    is_error: bool | None = None
    thinking: str | None = None
    signature: str = ""
    data: str | None = None


class Turn(Struct):
    """One message as clients send it."""

    role: Literal["user", "assistant", "system"]
    content: str | list[Block]


class _Source(Struct):
    type: str
    media_type: str = ""
    data: str = ""
    url: str = ""


_SOURCE: Final = msgspec.json.Decoder(_Source)
_INPUT: Final = msgspec.json.Decoder(dict[str, Any])
_RESULT: Final = msgspec.json.Decoder(str | list[Block] | None)
# Blocks that hold what only this protocol can say, by the role that may say them.
_ONLY_HERE: Final = {"user": ("document", "search_result", "container_upload"), "assistant": (), "system": ()}


class Conversation:
    """Reads messages: ``messages`` is what they say in our terms, ``needs`` what they say that has no such terms.

    ``unseen_tokens`` is an upper estimate of what a model reads of the latter, ``unsigned`` says that thoughts are
    among them which nobody signed: no vendor takes those. Raises :class:`ValidationError`.
    """

    __slots__ = ("_called", "messages", "needs", "unseen_tokens", "unsigned")

    def __init__(self, turns: list[Turn]) -> None:
        self._called: dict[str, str] = {}
        self.needs: list[str] = []
        self.unseen_tokens = 0
        self.unsigned = False
        self.messages = tuple(self._turn(each, f"messages[{place}]") for place, each in enumerate(turns))
        if turns and turns[-1].role == "assistant":
            self.needs.append("a last message of role assistant")

    def _turn(self, turn: Turn, where: str) -> Message:
        if isinstance(turn.content, str):
            return Message(role=turn.role, content=turn.content)
        if turn.role == "system":
            return Message(role="system", content=system_text(turn.content, f"{where}.content"))
        return Message(role=turn.role, content=tuple(self._parts(turn.content, turn.role, f"{where}.content")))

    def _parts(self, blocks: list[Block], role: str, where: str) -> Iterator[ContentPart]:
        for place, block in enumerate(blocks):
            spot = f"{where}[{place}]"
            part = self._said(block, spot) if role == "assistant" else self._asked(block, spot)
            if part is not None:
                yield part

    def _asked(self, block: Block, where: str) -> ContentPart | None:
        match block.type:
            case "text":
                return TextPart(text=given(block.text, f"{where}.text"))
            case "image":
                return self._image(block, where)
            case "tool_result":
                return self._result(block, where)
            case "document" | "search_result":
                self._only_here(block)
                return None
            case "container_upload":
                raise ValidationError("would keep state at the vendor", field=f"{where}.type")
        raise ValidationError("is no kind of content that a user's message has", field=f"{where}.type")

    def _said(self, block: Block, where: str) -> ContentPart | None:
        match block.type:
            case "text":
                return TextPart(text=given(block.text, f"{where}.text"))
            case "thinking":
                self.unsigned = self.unsigned or not block.signature
                return ReasoningPart(text=given(block.thinking, f"{where}.thinking"), signature=block.signature)
            case "redacted_thinking":
                return ReasoningPart(data=given(block.data, f"{where}.data"))
            case "tool_use":
                given(block.id or None, f"{where}.id")
                self._called[block.id] = given(block.name or None, f"{where}.name")
                if not is_tool_name(block.name):
                    self.needs.append("names of tools that other protocols do not take")
                args = _read(_INPUT, block.input, f"{where}.input") if block.input else {}
                return ToolCallPart(tool_call_id=block.id, tool_name=block.name, args=args)
        self._only_here(block)
        return None

    def _only_here(self, block: Block) -> None:
        """Note a block that only this protocol knows: a document, a tool that the vendor ran, and what it found."""
        self.needs.append("content of another type than text, image, thinking, tool_use and tool_result")
        size = len(bytes(block.content)) + len(bytes(block.input))
        self.unseen_tokens += -(-size // BYTES_PER_TOKEN) + _tokens_of_source(block)

    def _image(self, block: Block, where: str) -> ImagePart | None:
        source = _read(_SOURCE, block.source, f"{where}.source")
        match source.type:
            case "base64":
                image = f"data:{source.media_type};base64,{source.data}"
                check_image(image, f"{where}.source.data")
            case "url":
                image = source.url
                check_image(image, f"{where}.source.url")
            case "file":
                self.needs.append("images that the vendor keeps")
                self.unseen_tokens += TOKENS_PER_IMAGE
                return None
            case _:
                raise ValidationError("must be base64, url or file", field=f"{where}.source.type")
        return ImagePart(image=image)

    def _result(self, block: Block, where: str) -> ToolResultPart:
        if not block.tool_use_id:
            raise ValidationError("is needed", field=f"{where}.tool_use_id")
        content = _read(_RESULT, block.content, f"{where}.content") if block.content else ""
        text = content if isinstance(content, str) else "".join(self._texts(content or (), f"{where}.content"))
        name = self._called.get(block.tool_use_id, "")
        return ToolResultPart(
            tool_call_id=block.tool_use_id, tool_name=name, result=text, is_error=bool(block.is_error)
        )

    def _texts(self, blocks: Iterable[Block], where: str) -> Iterator[str]:
        """Yield the texts among what a tool gave back; for pictures and documents no other protocol has a place."""
        for place, block in enumerate(blocks):
            if block.type == "text":
                yield given(block.text, f"{where}[{place}].text")
            elif block.type == "image":
                self._image(block, f"{where}[{place}]")
                self.needs.append("images in results of tools")
                self.unseen_tokens += TOKENS_PER_IMAGE
            else:
                self._only_here(block)


def _tokens_of_source(block: Block) -> int:
    """Return how much a model reads of what a block holds or names, at most. Most of a PDF are no words."""
    tokens = -(-len(bytes(block.source)) // BYTES_PER_TOKEN)
    if block.type != "document":
        return tokens
    source = _read(_SOURCE, block.source, "source")
    if source.type in ("url", "file"):
        return tokens + MOST_OF_A_FILE
    return min(tokens, MOST_OF_A_FILE) if (source.type, source.media_type) == ("base64", PDF) else tokens


def system_text(system: str | list[Block], where: str) -> str:
    """Return what the model is told beforehand. Raises :class:`ValidationError` for what is no text."""
    if isinstance(system, str):
        return system
    for place, block in enumerate(system):
        if block.type != "text":
            raise ValidationError("must be text", field=f"{where}[{place}].type")
    return "\n\n".join(given(block.text, f"{where}[{place}].text") for place, block in enumerate(system))


def given(value: _Read | None, where: str) -> _Read:
    """Return ``value``. Raises :class:`ValidationError` where there is none."""
    if value is None:
        raise ValidationError("is needed", field=where)
    return value


def _read(decoder: "msgspec.json.Decoder[_Read]", raw: Raw, where: str) -> _Read:
    """Return what ``raw`` holds. Raises :class:`ValidationError` that names the place below ``where``."""
    try:
        return decoder.decode(raw)
    except (msgspec.DecodeError, RecursionError) as error:
        fault = explained(error)
        raise ValidationError(fault.message, field=f"{where}.{fault.field}" if fault.field else where) from None
