"""The input items of a request for a response, and what they say in our terms."""

from collections.abc import Iterator
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from router_core.api.checks import check_image
from router_core.api.openai_compatible.shared_fields import BYTES_PER_TOKEN, EVERYBODYS, NO_PRICE, tokens_of_file
from router_core.api.openai_compatible.thoughts import opened_thought
from router_core.errors import ValidationError
from router_core.tools.formats import is_tool_name
from router_core.types import ImagePart, Message, ReasoningPart, TextPart, ToolCallPart, ToolResultPart

__all__ = ["MAX_ITEMS", "InputItem", "ItemReader"]

MAX_ITEMS: Final = 2_048
Content = TextPart | ImagePart | ToolCallPart | ToolResultPart | ReasoningPart
_ARGUMENTS: Final = msgspec.json.Decoder(dict[str, Any])
_ROLES: Final[dict[str | None, Literal["system", "user", "assistant"]]] = {
    "system": "system", "developer": "system", "user": "user", "assistant": "assistant",
}  # fmt: skip
_ONLY_HERE: Final = frozenset({"custom_tool_call", "custom_tool_call_output"})
_NOT_KEPT: Final = "nothing is kept of earlier responses; send the items themselves"


class _Part(Struct):
    type: str
    text: str | None = None
    refusal: str | None = None
    image_url: str | None = None
    file_id: str | None = None
    file_data: str | None = None
    file_url: str | None = None


class InputItem(Struct):
    """One item as clients send it; what else it may hold only its own protocol knows."""

    type: str = "message"
    role: str | None = None
    content: str | list[_Part] | None = None
    call_id: str | None = None
    name: str | None = None
    arguments: str | None = None
    output: str | list[_Part] | None = None
    summary: list[_Part] | None = None
    encrypted_content: str | None = None


class ItemReader:
    """Reads items: ``messages`` is what they say in our terms, ``needs`` what they say that has no such terms.

    ``dropped`` are the places of items that their vendor would not take. ``unseen_tokens`` is an upper estimate of what
    a model reads beside what is in our terms. Raises :class:`ValidationError`.
    """

    __slots__ = ("_called", "_turns", "dropped", "needs", "unseen_tokens")

    def __init__(self, items: list[InputItem]) -> None:
        self._called: dict[str, str] = {}
        self._turns: list[tuple[Literal["system", "user", "assistant", "tool"], list[Content]]] = []
        self.dropped: list[int] = []
        self.needs: list[str] = []
        self.unseen_tokens = 0
        for place, item in enumerate(items):
            self._read(item, place, f"input[{place}]")

    @property
    def messages(self) -> tuple[Message, ...]:
        """The turns of the conversation: what the assistant did in one go is one of them."""
        return tuple(Message(role=role, content=_plain(content)) for role, content in self._turns)

    def _read(self, item: InputItem, place: int, field: str) -> None:
        match item.type:
            case "message":
                self._message(item, field)
            case "function_call":
                self._add("assistant", [self._call(item, field)])
            case "function_call_output":
                self._add("tool", [self._result(item, field)])
            case "reasoning":
                self._reasoning(item, place)
            case "item_reference":
                raise ValidationError(_NOT_KEPT, field=f"{field}.type")
            case kind if kind in _ONLY_HERE:
                self.needs.append(f"items of type {kind}")
                self.unseen_tokens += len(msgspec.json.encode(item)) // BYTES_PER_TOKEN
            case _:
                raise ValidationError("is no kind of item that is taken", field=f"{field}.type")

    def _add(self, role: Literal["system", "user", "assistant", "tool"], content: list[Content]) -> None:
        if self._turns and self._turns[-1][0] == role and role in ("assistant", "tool"):
            self._turns[-1][1].extend(content)
        else:
            self._turns.append((role, content))

    def _message(self, item: InputItem, field: str) -> None:
        role = _ROLES.get(item.role)
        if role is None:
            raise ValidationError("must be system, developer, user or assistant", field=f"{field}.role")
        if item.content is None:
            raise ValidationError("is needed", field=f"{field}.content")
        self._add(role, list(self._content(item.content, f"{field}.content", role)))

    def _call(self, item: InputItem, field: str) -> ToolCallPart:
        if not item.call_id:
            raise ValidationError("is needed", field=f"{field}.call_id")
        if item.name is None or not is_tool_name(item.name):
            raise ValidationError("a tool's name has 1 to 64 letters, digits, _ or -", field=f"{field}.name")
        self._called[item.call_id] = item.name
        return ToolCallPart(tool_call_id=item.call_id, tool_name=item.name, args=self._arguments(item.arguments or ""))

    def _arguments(self, text: str) -> dict[str, Any]:
        try:
            return _ARGUMENTS.decode(text) if text.strip() else {}
        except (msgspec.DecodeError, RecursionError):
            self.needs.append("arguments of tool calls that are no JSON object")
            self.unseen_tokens += len(text.encode("utf-8", "replace")) // BYTES_PER_TOKEN
            return {}

    def _result(self, item: InputItem, field: str) -> ToolResultPart:
        if not item.call_id:
            raise ValidationError("is needed", field=f"{field}.call_id")
        if item.output is None:
            raise ValidationError("is needed", field=f"{field}.output")
        said = list(self._content(item.output, f"{field}.output", "user"))
        if any(isinstance(part, ImagePart) for part in said):
            self.needs.append("images in results of tools")
        text = "".join(part.text for part in said if isinstance(part, TextPart))
        return ToolResultPart(tool_call_id=item.call_id, tool_name=self._called.get(item.call_id, ""), result=text)

    def _reasoning(self, item: InputItem, place: int) -> None:
        """Thoughts go back to the vendor that sealed them; without a seal they only point to what is not kept."""
        sealed = item.encrypted_content
        thought = (
            None if not sealed else opened_thought(sealed, "".join(part.text or "" for part in item.summary or ()))
        )
        if thought is not None:
            self._add("assistant", [thought])
        if thought is not None or not sealed:
            self.dropped.append(place)
        else:
            self.unseen_tokens += len(sealed) // BYTES_PER_TOKEN

    def _content(self, content: str | list[_Part], field: str, role: str) -> Iterator[TextPart | ImagePart]:
        if isinstance(content, str):
            yield TextPart(text=content)
            return
        if not content:
            raise ValidationError("must not be empty", field=field)
        for place, part in enumerate(content):
            where = f"{field}[{place}]"
            match part.type:
                case "input_text" | "output_text" | "text":
                    yield TextPart(text=_given(part.text, f"{where}.text"))
                case "refusal" if role == "assistant":
                    yield TextPart(text=_given(part.refusal, f"{where}.refusal"))
                case "input_image" if role == "user":
                    _refuse_file(part, where)
                    image = _given(part.image_url, f"{where}.image_url")
                    check_image(image, f"{where}.image_url")
                    yield ImagePart(image=image)
                case "input_file" if role == "user":
                    self._file(part, where)
                case "input_audio":
                    raise ValidationError(f"audio {NO_PRICE}", field=f"{where}.type")
                case _:
                    raise ValidationError("is no kind of content that this role takes", field=f"{where}.type")

    def _file(self, part: _Part, where: str) -> None:
        """A document is read by the vendor; one that lies elsewhere is of unknown size."""
        _refuse_file(part, where)
        if part.file_url is not None and not part.file_url.startswith("https://"):
            raise ValidationError("must be an https URL", field=f"{where}.file_url")
        self.needs.append("content of type input_file")
        self.unseen_tokens += tokens_of_file(part.file_data)


def _refuse_file(part: _Part, where: str) -> None:
    if part.file_id is not None:
        raise ValidationError(EVERYBODYS, field=f"{where}.file_id")


def _plain(content: list[Content]) -> str | tuple[Content, ...]:
    if len(content) == 1 and isinstance(content[0], TextPart):
        return content[0].text
    return tuple(content)


def _given(value: str | None, field: str) -> str:
    if value is None:
        raise ValidationError("is needed", field=field)
    return value
