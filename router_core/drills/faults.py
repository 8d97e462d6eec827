"""The faults themselves: each looks to the router exactly as it would coming from a provider."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Literal

from msgspec import structs

from router_core.clock import Clock
from router_core.errors import LLMProviderError, NetworkError, ProviderError, RateLimitError
from router_core.errors import TimeoutError as AttemptTimeoutError
from router_core.ports import ProviderAdapter
from router_core.types import AnswerEnd, DrillOrder, ProviderAnswer, ProviderCall, ProviderPart

__all__ = ["spoilt_answer", "spoilt_stream"]

_Limited = Literal["first_token", "idle", "total"]

RATE_LIMIT_REST_MS = 2_000
PARTS_PASSED = 3


async def spoilt_answer(
    adapter: ProviderAdapter, call: ProviderCall, order: DrillOrder, clock: Clock
) -> ProviderAnswer:
    """Answer ``call`` as a provider with that fault would: late, or with its error."""
    total = call.timeouts.total
    if order.fault == "slow_first_token":
        await _wait(clock, order.delay_s, total, "total", call)
        try:
            return await adapter.complete(_shortened(call, order.delay_s))
        except AttemptTimeoutError as error:
            raise _as_asked(error, call) from None
    if order.fault == "stalled_stream":
        await _wait(clock, total, total, "total", call)
    raise _at_once(order, call)


async def spoilt_stream(
    adapter: ProviderAdapter, call: ProviderCall, order: DrillOrder, clock: Clock
) -> AsyncGenerator[ProviderPart, None]:
    """Stream ``call`` as a provider with that fault would: late, or a few parts and then silence or the end."""
    if order.fault in ("rate_limit", "server_error"):
        raise _at_once(order, call)
    started, limits, spoilt = clock.now(), call.timeouts, call
    if order.fault == "slow_first_token":
        name, limit = _first("first_token", limits.first_token, limits.total)
        await _wait(clock, order.delay_s, limit, name, call)
        spoilt = _shortened(call, order.delay_s)
    passed = 0
    try:
        async with aclosing(adapter.stream(spoilt)) as parts:
            async for part in parts:
                if order.fault != "slow_first_token" and (passed == PARTS_PASSED or isinstance(part, AnswerEnd)):
                    break
                passed += 1
                yield part
    except AttemptTimeoutError as error:
        raise _as_asked(error, call) from None
    if order.fault == "slow_first_token":
        return
    if order.fault == "stalled_stream":
        name, limit = _first("idle", limits.idle, limits.total - (clock.now() - started))
        await _wait(clock, limit, limit, name, call)
    raise _at_once(order, call)


def _at_once(order: DrillOrder, call: ProviderCall) -> ProviderError:
    provider = call.provider.name
    match order.fault:
        case "rate_limit":
            return RateLimitError(
                "Rate limit reached (drill)", provider=provider, upstream_status=429, retry_after_ms=RATE_LIMIT_REST_MS
            )
        case "server_error":
            return LLMProviderError("Internal server error (drill)", provider=provider, upstream_status=500)
        case _:
            return NetworkError("Connection reset (drill)", provider=provider)


def _first(name: _Limited, limit: float, total: float) -> tuple[_Limited, float]:
    return (name, limit) if limit <= total else ("total", total)


async def _wait(clock: Clock, seconds: float, limit: float, name: _Limited, call: ProviderCall) -> None:
    """Wait for ``seconds``, or for ``limit`` and then raise what an adapter raises when that is over."""
    await clock.sleep(max(0.0, min(seconds, limit)))
    if seconds >= limit:
        raise _late(name, call)


def _shortened(call: ProviderCall, seconds: float) -> ProviderCall:
    """Return ``call`` with what is left of its limits after ``seconds``."""
    limits = call.timeouts
    left = structs.replace(limits, first_token=limits.first_token - seconds, total=limits.total - seconds)
    return structs.replace(call, timeouts=left)


def _as_asked(error: AttemptTimeoutError, call: ProviderCall) -> AttemptTimeoutError:
    """Return ``error`` with the limit that the router set, not what the drill left of it."""
    name = error.waited_for
    return _late(name, call) if name in ("first_token", "total") else error


def _late(name: _Limited, call: ProviderCall) -> AttemptTimeoutError:
    limits = {"first_token": call.timeouts.first_token, "idle": call.timeouts.idle, "total": call.timeouts.total}
    return AttemptTimeoutError(round(limits[name] * 1000), provider=call.provider.name, waited_for=name)
