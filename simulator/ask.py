"""What a request asks for and what it gets, in words both vendors' protocols are read into and written from."""

import re
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from simulator.models import Vendor

ToolChoice = Literal["auto", "none", "required", "forced"]
Finish = Literal["stop", "length", "tool", "refusal", "stop_sequence", "content_filter"]

_TAG: Final = b"[[sim:tag="
_DIRECTIVE: Final = re.compile(r"\[\[sim:(\w+)=([^\]]*)\]\]")


@dataclass(slots=True)
class ToolOffer:
    """One tool the model may call."""

    name: str
    schema: dict[str, Any]
    description: str = ""


@dataclass(slots=True)
class ToolCall:
    """One tool the model decided to call, with its arguments as JSON text."""

    name: str
    arguments: str


@dataclass(slots=True)
class Ask:
    """A request, read and found valid."""

    vendor: Vendor
    model: str
    dated: str
    stream: bool = False
    include_usage: bool = False
    prompt: str = ""
    prompt_tokens: int = 0
    images: int = 0
    max_tokens: int | None = None
    stops: tuple[str, ...] = ()
    choices: int = 1
    tools: list[ToolOffer] = field(default_factory=list)
    tool_choice: ToolChoice = "auto"
    forced_tool: str = ""
    parallel_tools: bool = True
    tool_result: str | None = None
    schema: dict[str, Any] | None = None
    json_object: bool = False
    thinking: bool = False
    directives: dict[str, str] = field(default_factory=dict)

    def number(self, directive: str) -> int | None:
        """Return a directive's whole number, or None where it is absent or no number."""
        value = self.directives.get(directive, "")
        return int(value) if value.isdecimal() else None


@dataclass(slots=True)
class Answer:
    """What the simulated model says: pieces are tokens, in order."""

    pieces: list[str]
    calls: list[ToolCall] = field(default_factory=list)
    thinking: list[str] = field(default_factory=list)
    finish: Finish = "stop"
    stop_sequence: str | None = None
    completion_tokens: int = 0

    @property
    def text(self) -> str:
        """Return the whole text."""
        return "".join(self.pieces)


def take_directives(text: str) -> tuple[str, dict[str, str]]:
    """Split ``[[sim:name=value]]`` directives off a prompt; the last of a name wins."""
    if "[[sim:" not in text:
        return text, {}
    return _DIRECTIVE.sub("", text).strip(), dict(_DIRECTIVE.findall(text))


def tag_in(body: bytes) -> str:
    """Return the value of the first ``[[sim:tag=...]]`` in a request's body, empty without one."""
    start = body.find(_TAG)
    if start < 0:
        return ""
    end = body.find(b"]", start)
    return body[start + len(_TAG) : end].decode(errors="replace")
