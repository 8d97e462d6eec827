"""What passes between the router and a provider adapter."""

from msgspec import Struct

from router_core.types.config import ProviderConfig
from router_core.types.native import NativeEvents, ServiceTier
from router_core.types.request import LLMRequest, ReasoningPart
from router_core.types.response import (
    FinishReason,
    ReasoningDelta,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    ToolCallEnd,
    ToolCallStart,
)
from router_core.types.secret import Secret
from router_core.types.upstream import Headroom
from router_core.types.usage import Usage

__all__ = ["AnswerEnd", "CallTimeouts", "ProviderAnswer", "ProviderCall", "ProviderPart", "TokenCount"]


class CallTimeouts(Struct, frozen=True, kw_only=True):
    """Seconds that an attempt may wait: to connect, for the first token, between tokens, and in all.

    ``min_tokens_per_s`` is the rate below which a stream counts as hanging, 0 for none.
    """

    connect: float = 5.0
    first_token: float = 15.0
    idle: float = 15.0
    total: float = 58.0
    min_tokens_per_s: float = 0.0


class ProviderCall(Struct, frozen=True, kw_only=True):
    """One call to make: the request, the provider's row, its key and the limits that hold for this attempt.

    ``event_id`` is the request's own id, the one of its :class:`RequestEvent`.
    """

    request: LLMRequest
    provider: ProviderConfig
    key: Secret
    max_tokens: int
    timeouts: CallTimeouts
    event_id: str = ""


class ProviderAnswer(Struct, frozen=True, kw_only=True):
    """A provider's whole answer. ``model`` is the name the provider gave; ``reasoning`` its thinking.

    ``stop_sequence`` is the text that ended it and ``tier`` the tier of service that it came by, empty for the standard
    one, where the provider says so.
    ``native`` is the vendor's own body where the request came in its protocol, else empty.
    """

    text: str
    finish_reason: FinishReason
    usage: Usage
    model: str
    tool_calls: tuple[ToolCall, ...] = ()
    reasoning: tuple[ReasoningPart, ...] = ()
    stop_sequence: str = ""
    tier: ServiceTier | None = None
    native: bytes = b""
    headroom: Headroom | None = None


class AnswerEnd(Struct, frozen=True, kw_only=True):
    """The last part of a provider's stream; ``native`` holds the vendor's own events that were not handed on before."""

    finish_reason: FinishReason
    usage: Usage
    model: str
    stop_sequence: str = ""
    tier: ServiceTier | None = None
    headroom: Headroom | None = None
    native: tuple[bytes, ...] = ()


ProviderPart = TextDelta | ReasoningDelta | ToolCallStart | ToolCallDelta | ToolCallEnd | NativeEvents | AnswerEnd


class TokenCount(Struct, frozen=True, kw_only=True):
    """What a model would read of a request, in tokens; ``estimated`` says that we counted and not its vendor."""

    tokens: int
    estimated: bool
    provider: str
    model: str
