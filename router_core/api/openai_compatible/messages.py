"""The messages of a chat completion request, and what they say in our terms."""

from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct

from router_core.api.checks import check_image
from router_core.api.openai_compatible.reasoning import Detail, parts_of
from router_core.api.openai_compatible.shared_fields import BYTES_PER_TOKEN, EVERYBODYS, NO_PRICE, tokens_of_file
from router_core.errors import ValidationError
from router_core.tools.formats import is_tool_name
from router_core.types import ImagePart, Message, ReasoningPart, TextPart, ToolCallPart, ToolResultPart

__all__ = ["MAX_MESSAGES", "ChatMessage", "Conversation"]

MAX_MESSAGES: Final = 2_048
Content = TextPart | ImagePart | ToolCallPart | ToolResultPart | ReasoningPart
_ARGUMENTS: Final = msgspec.json.Decoder(dict[str, Any])
_TEXTS: Final = ("system", "developer", "tool", "function")


class _ImageUrl(Struct):
    url: str


class _File(Struct):
    file_data: str | None = None
    file_id: str | None = None


class _Part(Struct):
    type: str
    text: str | None = None
    refusal: str | None = None
    image_url: _ImageUrl | None = None
    file: _File | None = None


class _Function(Struct):
    name: str = ""
    arguments: str = ""


class _Call(Struct):
    id: str = ""
    type: str = "function"
    function: _Function | None = None


class ChatMessage(Struct):
    """One message as clients send it; what else it may hold only its own protocol knows."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[_Part] | None = None
    refusal: str | None = None
    tool_calls: Annotated[list[_Call], Meta(max_length=128)] | None = None
    tool_call_id: str | None = None
    function_call: _Function | None = None
    audio: Any = None
    reasoning_details: list[Detail] | None = None


class Conversation:
    """Reads messages: ``messages`` is what they say in our terms, ``needs`` what they say that has no such terms.

    ``unseen_tokens`` is an upper estimate of what a model reads of the latter, ``detailed`` says that thoughts are told
    as its vendor does not know them. Raises :class:`ValidationError`.
    """

    __slots__ = ("_called", "detailed", "messages", "needs", "unseen_tokens")

    def __init__(self, asked: list[ChatMessage]) -> None:
        self._called: dict[str, str] = {}
        self.needs: list[str] = []
        self.unseen_tokens = 0
        self.detailed = False
        self.messages = tuple(self._turn(each, f"messages[{place}]") for place, each in enumerate(asked))

    def _turn(self, message: ChatMessage, field: str) -> Message:
        if message.role == "tool":
            return self._result(message, field)
        if message.role == "function":
            self.needs.append("messages of role function")
        if message.role == "assistant":
            return Message(role="assistant", content=self._spoken(message, field))
        if message.content is None:
            raise ValidationError("is needed", field=f"{field}.content")
        content = self._content(message.content, f"{field}.content", message.role)
        return Message(role="user" if message.role in ("user", "function") else "system", content=content)

    def _spoken(self, message: ChatMessage, field: str) -> str | tuple[Content, ...]:
        """Return what the assistant said: text, a refusal in its stead, and the tools that it called."""
        if message.audio is not None:
            raise ValidationError(f"audio {NO_PRICE}", field=f"{field}.audio")
        if message.function_call is not None:
            self.needs.append("messages.function_call")
        said = message.content or message.refusal or ""
        content = self._content(said, f"{field}.content", "assistant")
        self.detailed = self.detailed or message.reasoning_details is not None
        thoughts = parts_of(message.reasoning_details or ())
        if not message.tool_calls and not thoughts:
            return content
        texts = (TextPart(text=content),) if isinstance(content, str) and content else ()
        calls = self._calls(message.tool_calls or [], f"{field}.tool_calls")
        return (*thoughts, *(texts if isinstance(content, str) else content), *calls)

    def _calls(self, calls: list[_Call], field: str) -> Iterator[ToolCallPart]:
        for place, call in enumerate(calls):
            if call.type != "function":
                self.needs.append("tool calls of another type than function")
                continue
            where = f"{field}[{place}]"
            if call.function is None:
                raise ValidationError("is needed", field=f"{where}.function")
            if not is_tool_name(call.function.name):
                raise ValidationError(
                    "a tool's name has 1 to 64 letters, digits, _ or -", field=f"{where}.function.name"
                )
            self._called[call.id] = call.function.name
            yield ToolCallPart(
                tool_call_id=call.id, tool_name=call.function.name, args=self._arguments(call.function.arguments)
            )

    def _arguments(self, text: str) -> dict[str, Any]:
        try:
            return _ARGUMENTS.decode(text) if text.strip() else {}
        except (msgspec.DecodeError, RecursionError):
            self.needs.append("arguments of tool calls that are no JSON object")
            self.unseen_tokens += len(text.encode("utf-8", "replace")) // BYTES_PER_TOKEN
            return {}

    def _result(self, message: ChatMessage, field: str) -> Message:
        call_id = message.tool_call_id
        if not call_id:
            raise ValidationError("is needed", field=f"{field}.tool_call_id")
        content = self._content(message.content or "", f"{field}.content", "tool")
        text = content if isinstance(content, str) else "".join(p.text for p in content if isinstance(p, TextPart))
        result = ToolResultPart(tool_call_id=call_id, tool_name=self._called.get(call_id, ""), result=text)
        return Message(role="tool", content=(result,))

    def _content(self, content: str | list[_Part], field: str, role: str) -> str | tuple[Content, ...]:
        if isinstance(content, str):
            return content
        if not content:
            raise ValidationError("must not be empty", field=field)
        return tuple(self._parts(content, field, role))

    def _parts(self, parts: list[_Part], field: str, role: str) -> Iterator[Content]:
        for place, part in enumerate(parts):
            where = f"{field}[{place}]"
            match part.type:
                case "text":
                    yield TextPart(text=_given(part.text, f"{where}.text"))
                case "refusal" if role == "assistant":
                    yield TextPart(text=_given(part.refusal, f"{where}.refusal"))
                case "image_url" if role == "user":
                    image = _given(part.image_url, f"{where}.image_url")
                    check_image(image.url, f"{where}.image_url.url")
                    yield ImagePart(image=image.url)
                case "file" if role == "user":
                    self._file(_given(part.file, f"{where}.file"), f"{where}.file")
                case "input_audio":
                    raise ValidationError(f"audio {NO_PRICE}", field=f"{where}.type")
                case _:
                    raise ValidationError("is no kind of content that this role takes", field=f"{where}.type")

    def _file(self, file: _File, where: str) -> None:
        """A document is read by the vendor; one that is not sent along is of unknown size."""
        if file.file_id is not None:
            raise ValidationError(EVERYBODYS, field=f"{where}.file_id")
        self.needs.append("content of type file")
        self.unseen_tokens += tokens_of_file(file.file_data)


def _given(value: Any, field: str) -> Any:
    if value is None:
        raise ValidationError("is needed", field=field)
    return value
