"""What the AI SDK's ``useChat`` posts, turned into a request: UI messages with parts become our messages."""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from router_core.errors import ValidationError

__all__ = ["is_chat", "request_document"]

# What useChat says about itself; none of it changes the answer.
_ENVELOPE = ("id", "trigger", "messageId")
_TRUE = Raw(b"true")
_RESULT_STATES = frozenset({"output-available", "output-error", "result"})


class _Shape(Struct):
    messages: list["_Partial"] = []


class _Partial(Struct):
    parts: Raw | UnsetType = UNSET


class _Invocation(Struct, rename="camel"):
    """A tool call inside a v4 message."""

    tool_call_id: str
    tool_name: str
    state: str = ""
    args: Any = None
    result: Any = None


class _Part(Struct, rename="camel"):
    """Any part of a UI message; unknown fields and types are passed over, as the SDK itself does."""

    type: str
    text: str = ""
    media_type: str = ""
    mime_type: str = ""
    url: str = ""
    data: Any = None
    tool_call_id: str = ""
    tool_name: str = ""
    state: str = ""
    input: Any = None
    output: Any = None
    error_text: str = ""
    tool_invocation: _Invocation | None = None

    def called(self) -> "_Part | None":
        """Return the part in the form of a v5 tool part if it is a tool call of any version, else None."""
        if self.tool_invocation is not None:
            old = self.tool_invocation
            return _Part("tool", tool_call_id=old.tool_call_id, tool_name=old.tool_name, state=old.state,
                         input=old.args, output=old.result)  # fmt: skip
        if self.type == "dynamic-tool":
            return self
        if self.type.startswith("tool-") and self.tool_call_id:
            return msgspec.structs.replace(self, tool_name=self.type.removeprefix("tool-"))
        return None


class _UiMessage(Struct, rename="camel"):
    role: str
    parts: list[_Part]


_SHAPE = msgspec.json.Decoder(_Shape)
_TOP = msgspec.json.Decoder(dict[str, Raw])
_MESSAGES = msgspec.json.Decoder(list[_UiMessage])


def is_chat(body: bytes) -> bool:
    """Say whether the messages in ``body`` have parts instead of content."""
    if b'"parts"' not in body:
        return False
    try:
        return any(message.parts is not UNSET for message in _SHAPE.decode(body).messages)
    except msgspec.DecodeError:
        return False


def request_document(body: bytes) -> bytes:
    """Return ``body`` as the JSON of an ordinary request that streams.

    Raises :class:`ValidationError` for a file that is no image, ``msgspec.ValidationError`` for parts of wrong types.
    """
    top = _TOP.decode(body)
    for name in _ENVELOPE:
        top.pop(name, None)
    top.setdefault("stream", _TRUE)
    try:
        spoken = _MESSAGES.decode(top.pop("messages"))
    except msgspec.ValidationError as error:
        raise msgspec.ValidationError(str(error).replace("`$", "`$.messages")) from None
    messages = [turn for place, message in enumerate(spoken) for turn in _turns(message, f"messages[{place}]")]
    return msgspec.json.encode({**top, "messages": messages})


def _turns(message: _UiMessage, field: str) -> Iterator[dict[str, Any]]:
    if message.role != "assistant":
        content = list(_content(message.parts, field))
        if content:
            yield {"role": message.role, "content": _plain(content)}
        return
    for step in _steps(message.parts):
        yield from _step_turns(step)


def _plain(content: list[dict[str, Any]]) -> Any:
    """Return a single text as a string, as system messages want it."""
    return content[0]["text"] if len(content) == 1 and content[0]["type"] == "text" else content


def _content(parts: Iterable[_Part], field: str) -> Iterator[dict[str, Any]]:
    for place, part in enumerate(parts):
        if part.type == "text":
            yield {"type": "text", "text": part.text}
        elif part.type == "file":
            yield {"type": "image", "image": _image(part, f"{field}.parts[{place}]")}


def _image(part: _Part, field: str) -> str:
    kind = part.media_type or part.mime_type
    if not kind.startswith("image/"):
        raise ValidationError("only images can be attached", field=field)
    return f"data:{kind};base64,{part.data}" if not part.url and isinstance(part.data, str) else part.url


def _steps(parts: Iterable[_Part]) -> Iterator[list[_Part]]:
    """Split an assistant's message at the model calls that made it."""
    step: list[_Part] = []
    for part in parts:
        if part.type == "step-start":
            yield step
            step = []
        else:
            step.append(part)
    yield step


def _step_turns(step: list[_Part]) -> Iterator[dict[str, Any]]:
    """Yield the assistant's and the tools' turn; calls without a result are left out, since providers refuse them."""
    texts = [{"type": "text", "text": part.text} for part in step if part.type == "text" and part.text]
    # Those that the provider executed among them: for the SDK that is us.
    tools = [tool for tool in map(_Part.called, step) if tool is not None and tool.state in _RESULT_STATES]
    calls = [{"type": "tool-call", **_named(tool), "args": _arguments(tool)} for tool in tools]
    if texts or calls:
        yield {"role": "assistant", "content": [*texts, *calls]}
    if tools:
        yield {"role": "tool", "content": [{"type": "tool-result", **_named(tool), **_result(tool)} for tool in tools]}


def _named(tool: _Part) -> dict[str, str]:
    return {"toolCallId": tool.tool_call_id, "toolName": tool.tool_name}


def _arguments(tool: _Part) -> Any:
    return {} if tool.input is None else tool.input


def _result(tool: _Part) -> dict[str, Any]:
    if tool.state == "output-error":
        return {"result": tool.error_text, "isError": True}
    return {"result": tool.output}
