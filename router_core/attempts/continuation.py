"""How a stream that broke off is continued elsewhere: the next model gets the text so far and writes the rest."""

from msgspec.structs import replace

from router_core.types import LLMRequest, Message, RelayedRequest

__all__ = ["can_continue", "continued"]

GO_ON = (
    "Your answer was cut off by a technical fault. Continue it exactly where it stops: "
    "do not repeat anything, do not comment on the interruption."
)


def can_continue(request: LLMRequest, *, used_tools: bool) -> bool:
    """Say whether the rest of an answer may come from elsewhere: not in the middle of tool calls or of a JSON value.

    Nor may it where the request says what only its own protocol can say: what is asked for the rest is in our terms.
    """
    only_native = isinstance(request, RelayedRequest) and bool(request.native.needs)
    return not used_tools and request.response_format is None and not only_native


def continued(request: LLMRequest, written: str) -> LLMRequest:
    """Return the request for the rest of the answer that begins with ``written``."""
    asked = (Message(role="user", content=request.prompt),) if request.prompt is not None else request.messages or ()
    said = (Message(role="assistant", content=written), Message(role="user", content=GO_ON)) if written else ()
    plain = request.translated() if isinstance(request, RelayedRequest) else request
    return replace(plain, prompt=None, messages=(*asked, *said))
