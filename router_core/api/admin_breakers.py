"""``/api/admin/breakers``: every upstream with its breaker, and the operator's hand on it."""

from typing import Literal

from msgspec import Struct

from router_core.admin.views import UpstreamView
from router_core.api.call import Call
from router_core.api.documents import read_document
from router_core.errors import ValidationError

__all__ = ["BreakerList", "BreakerOrder", "close_breaker", "list_breakers", "open_breaker", "reset_breaker"]


class BreakerOrder(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Why, and for how many seconds; null for until it is reset."""

    reason: str = ""
    duration_s: float | None = None


class BreakerList(Struct, frozen=True):
    """Every upstream that a provider leads to, in the order of the providers."""

    upstreams: list[UpstreamView]


async def list_breakers(call: Call) -> None:
    """Answer with every upstream."""
    await call.answer(BreakerList(list(call.deps.operations.upstreams(call.principal))))


async def reset_breaker(call: Call) -> None:
    """Reset a breaker and answer with its upstream."""
    order = await read_document(call, BreakerOrder)
    if order.duration_s is not None:
        raise ValidationError("a reset has no duration", field="durationS")
    await call.answer(await call.deps.operations.reset_breaker(call.parameter("id"), call.principal, order.reason))


async def open_breaker(call: Call) -> None:
    """Force a breaker open and answer with its upstream."""
    await _force(call, "OPEN")


async def close_breaker(call: Call) -> None:
    """Force a breaker closed and answer with its upstream."""
    await _force(call, "CLOSED")


async def _force(call: Call, phase: Literal["OPEN", "CLOSED"]) -> None:
    order = await read_document(call, BreakerOrder)
    state = await call.deps.operations.force_breaker(
        call.parameter("id"), phase, call.principal, reason=order.reason, seconds=order.duration_s
    )
    await call.answer(state)
