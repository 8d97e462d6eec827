"""What a caller asks for. The same frozen types parse the HTTP body, so field names on the wire are camelCase."""

import re
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

__all__ = [
    "DEFAULT_TEMPERATURE",
    "DEFAULT_USE_CASE",
    "EMBEDDINGS_USE_CASE",
    "EMBEDDING_MODEL",
    "STANDARD_USE_CASES",
    "CachePolicy",
    "ContentPart",
    "ImagePart",
    "LLMRequest",
    "Message",
    "ReasoningPart",
    "ResponseFormat",
    "TextPart",
    "ToolCallPart",
    "ToolChoice",
    "ToolFormat",
    "ToolResultPart",
    "ToolSelection",
    "named_tool",
]

STANDARD_USE_CASES = ("draft", "summary", "complex", "vision", "general", "voice")
DEFAULT_TEMPERATURE = 0.7
DEFAULT_USE_CASE = "general"
# Under this name embeddings are on record; nobody asks for it by itself.
EMBEDDINGS_USE_CASE = "embeddings"
# Models that embed need no provider of their own: their names say what they are.
EMBEDDING_MODEL = re.compile(r"(?=.{1,64}\Z)(?=.*embed)[A-Za-z0-9][A-Za-z0-9._:-]*")
MAX_METADATA_ENTRIES = 16

PositiveInt = Annotated[int, Meta(ge=1, le=2**31 - 1)]
Temperature = Annotated[float, Meta(ge=0, le=2)]
ShortText = Annotated[str, Meta(min_length=1, max_length=256)]


class _Wire(Struct, frozen=True, rename="camel", forbid_unknown_fields=True, omit_defaults=True):
    """Shared shape of everything that arrives as JSON."""


class TextPart(_Wire, frozen=True, kw_only=True, tag="text"):
    """A piece of text inside a message."""

    text: str


class ImagePart(_Wire, frozen=True, kw_only=True, tag="image"):
    """An image, as a ``data:`` URL or an ``https:`` URL that is passed on and never fetched by us."""

    image: str


class ToolCallPart(_Wire, frozen=True, kw_only=True, tag="tool-call"):
    """A tool call that the assistant made earlier in the conversation."""

    tool_call_id: str
    tool_name: str
    args: dict[str, Any]


class ToolResultPart(_Wire, frozen=True, kw_only=True, tag="tool-result"):
    """What a tool gave back; ``result`` is any JSON value."""

    tool_call_id: str
    tool_name: str
    result: Any
    is_error: bool = False


class ReasoningPart(_Wire, frozen=True, kw_only=True, tag="reasoning"):
    """What a model thought before it said the rest; a later turn gives it back to the vendor that signed it.

    ``signature`` is the vendor's seal on ``text``; ``data`` is thinking that the vendor shows only encrypted. Without
    either of them nobody takes it back, and it is left out.
    """

    text: str = ""
    signature: str = ""
    data: str = ""


ContentPart = TextPart | ImagePart | ToolCallPart | ToolResultPart | ReasoningPart


class Message(_Wire, frozen=True, kw_only=True):
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str | tuple[ContentPart, ...]


class ToolFormat(_Wire, frozen=True, kw_only=True):
    """A tool the model may call; ``parameters`` is a JSON schema of an object."""

    description: str = ""
    parameters: dict[str, Any] = {}


class _FunctionName(_Wire, frozen=True, kw_only=True):
    name: ShortText


class ToolSelection(_Wire, frozen=True, kw_only=True):
    """Force one tool by name."""

    type: Literal["function"]
    function: _FunctionName


ToolChoice = Literal["auto", "none", "required"] | ToolSelection


def named_tool(name: str) -> ToolSelection:
    """Return the choice that forces the tool called ``name``."""
    return ToolSelection(type="function", function=_FunctionName(name=name))


class ResponseFormat(_Wire, frozen=True, kw_only=True):
    """Ask for an answer that fits a JSON schema."""

    type: Literal["json_schema"]
    schema: dict[str, Any]
    name: ShortText = "answer"


class CachePolicy(_Wire, frozen=True, kw_only=True):
    """How long an answer may be reused for identical requests of the same account."""

    ttl_seconds: Annotated[int, Meta(ge=1, le=31 * 86_400)]


class LLMRequest(_Wire, frozen=True, kw_only=True):
    """One request to the router. Raises ``ValueError`` when neither or both of prompt and messages are given."""

    use_case: ShortText = DEFAULT_USE_CASE
    prompt: str | None = None
    messages: tuple[Message, ...] | None = None
    system_prompt: str | None = None
    account_id: ShortText | None = None
    max_tokens: PositiveInt | None = None
    temperature: Temperature | None = DEFAULT_TEMPERATURE
    model_override: ShortText | None = None
    stream: bool = False
    tools: dict[str, ToolFormat] | None = None
    tool_choice: ToolChoice | None = None
    max_steps: Annotated[int, Meta(ge=1, le=32)] = 1
    images: tuple[str, ...] = ()
    response_format: ResponseFormat | None = None
    cache: CachePolicy | Literal[False] | None = None
    explain: bool = False
    stream_protocol: Literal["ui", "data"] = "ui"
    metadata: dict[str, str | int | float | bool | None] = {}

    def __post_init__(self) -> None:
        if (self.prompt is None) == (self.messages is None):
            raise ValueError("exactly one of `prompt` and `messages` is required")
        if len(self.metadata) > MAX_METADATA_ENTRIES:
            raise ValueError(f"`metadata` has more than {MAX_METADATA_ENTRIES} entries")
