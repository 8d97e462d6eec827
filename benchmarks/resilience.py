"""What resilience costs a request that goes well: CPU microseconds of each piece, and of all of it together.

Run it with ``python -m benchmarks.resilience``. The whole layer is measured by leaving it out: the same router with
:class:`BareAttempts` in place of breakers, rests, limits, budgets, deadlines and the trail of attempts.
"""

import argparse
import asyncio
import gc
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

from benchmarks.core_path import MODEL, REQUEST, ROWS, USAGE, InstantAdapter, NoRecorder, OneKey
from router_core.admission import Admission, Ticket
from router_core.attempts import Payment, RequestFacts
from router_core.clock import SystemClock
from router_core.cost.prices import FixedPrices
from router_core.rate_limiting.allowance import Allowance
from router_core.resilience.breaker_policy import BreakerPolicy
from router_core.resilience.circuit_breaker import CircuitBreaker
from router_core.resilience.concurrency import AdaptiveLimit, ConcurrencyPolicy
from router_core.resilience.deadline import Deadline
from router_core.resilience.rest import Rest
from router_core.resilience.retry import Retrying, RetryPolicy
from router_core.resilience.retry_budget import RetryBudget, RetryBudgetPolicy
from router_core.router import Router, StaticConfig
from router_core.types import (
    AnswerEnd,
    Attempt,
    CallTimeouts,
    Candidate,
    LLMRequest,
    Plan,
    Principal,
    ProviderAnswer,
    ProviderCall,
    ProviderConfig,
    ProviderPart,
    Rates,
    TextDelta,
)

__all__ = ["Cost", "measure"]

ROUNDS = 9
BREAKER_US, RETRY_US, LAYER_US = 2.0, 10.0, 25.0
_TIMEOUTS = CallTimeouts()
_PATIENCE_S = 1.0


@dataclass(frozen=True)
class Cost:
    """Median CPU microseconds of ``name``; ``limit`` is what it may cost, None for what is only shown.

    Where something was subtracted, ``whole`` and ``bare`` are the two medians; ``micros`` is the median of the
    differences, each formed within one round.
    """

    name: str
    micros: float
    limit: float | None = None
    whole: float | None = None
    bare: float | None = None


class BareTrail:
    """What the router asks of a trail, without anything kept in it."""

    __slots__ = ("log", "payment", "plan", "served_by")

    def __init__(self, plan: Plan, payment: Payment) -> None:
        self.plan = plan
        self.payment = payment
        self.log: list[Attempt] = []
        self.served_by: Candidate | None = None


class BareAttempts:
    """One call to the first candidate: its key, its adapter, its order and nothing else."""

    def __init__(self, adapters: InstantAdapter, keys: OneKey) -> None:
        self._adapters = adapters
        self._keys = keys

    def absence(self, provider: ProviderConfig) -> None:
        """Everyone with a key can be called."""
        self._keys.keys_for(provider)

    def trail(
        self,
        plan: Plan,
        deadline: Deadline,  # noqa: ARG002
        facts: RequestFacts,  # noqa: ARG002
        payment: Payment,
        allowance: Allowance,  # noqa: ARG002
    ) -> BareTrail:
        """Begin a trail, as the original does."""
        return BareTrail(plan, payment)

    async def complete(self, request: LLMRequest, trail: BareTrail) -> ProviderAnswer:
        """Return the answer."""
        adapter = await self._adapters.adapter("openai")
        held = await trail.payment.hold(trail.plan.candidates[0], _PATIENCE_S)
        answer = await adapter.complete(self._order(request, trail))
        held.settle(answer.usage, answer.model)
        trail.served_by = trail.plan.candidates[0]
        return answer

    async def stream(self, request: LLMRequest, trail: BareTrail) -> AsyncGenerator[ProviderPart, None]:
        """Yield the answer's parts."""
        adapter = await self._adapters.adapter("openai")
        trail.served_by = trail.plan.candidates[0]
        held = await trail.payment.hold(trail.plan.candidates[0], _PATIENCE_S)
        async for part in adapter.stream(self._order(request, trail)):
            if isinstance(part, AnswerEnd):
                held.settle(part.usage, part.model)
            yield part

    def _order(self, request: LLMRequest, trail: BareTrail) -> ProviderCall:
        candidate = trail.plan.candidates[0]
        key = self._keys.keys_for(candidate.provider)[0].secret
        return ProviderCall(
            request=request, provider=candidate.provider, key=key, max_tokens=candidate.max_tokens, timeouts=_TIMEOUTS
        )


class OpenDoor(Admission):
    """Lets everyone in without counting."""

    __slots__ = ()

    def admit(self, request: LLMRequest, principal: Principal) -> Ticket:  # noqa: ARG002 - everyone is let in
        """Return a ticket that was never counted."""
        ticket = Ticket(self, None)
        self.load.in_flight += 1
        return ticket


class ShortAdapter(InstantAdapter):
    """Streams one word."""

    def __init__(self) -> None:
        super().__init__()
        self._parts = (TextDelta("Hello"), AnswerEnd(finish_reason="stop", usage=USAGE, model=MODEL))


class BareRouter(Router):
    """The router without its resilience."""

    def __init__(self, adapters: InstantAdapter, **ports: Any) -> None:
        keys = OneKey()
        super().__init__(adapters=adapters, keys=keys, **ports)
        self._admission = OpenDoor(self.policy.in_flight, self._clock)
        self._attempts = BareAttempts(adapters, keys)  # type: ignore[assignment]
        self._whole_time = Deadline(self._clock, self.policy.request_timeout)

    def _deadline(self) -> Deadline:
        return self._whole_time


def _ports() -> dict[str, Any]:
    rate = 150_000_000
    prices = FixedPrices({MODEL: Rates.of(rate, 4 * rate, cache_read=rate // 2)})
    return {"config": StaticConfig(ROWS), "prices": prices, "recorder": NoRecorder()}


def timed(call: Callable[[], object], times: int) -> float:
    """Return the CPU microseconds of one ``call``, as the median over the rounds."""
    rounds = []
    for _ in range(ROUNDS):
        gc.collect()
        started = time.process_time()
        for _ in range(times):
            call()
        rounds.append((time.process_time() - started) / times * 1e6)
    return median(rounds)


async def difference(
    whole: Callable[[], Awaitable[object]], bare: Callable[[], Awaitable[object]], times: int
) -> tuple[float, float, float]:
    """Return the median difference of the two within a round, and the medians of both, in CPU microseconds."""
    both = [(await _one_round(whole, times), await _one_round(bare, times)) for _ in range(ROUNDS)]
    return median(w - b for w, b in both), median(w for w, _ in both), median(b for _, b in both)


async def _one_round(call: Callable[[], Awaitable[object]], times: int) -> float:
    gc.collect()
    started = time.process_time()
    for _ in range(times):
        await call()
    return (time.process_time() - started) / times * 1e6


async def _nothing() -> None:
    """What a retry wrapper wraps."""


async def _drain(router: Router) -> None:
    async for _ in router.stream(REQUEST):
        pass


def _pieces(times: int) -> list[Cost]:
    clock = SystemClock()
    breaker = CircuitBreaker(BreakerPolicy(), clock)
    ruled = CircuitBreaker(BreakerPolicy(failure_rate=0.5, slow_call=10.0), clock)
    budget, rest = RetryBudget(RetryBudgetPolicy(), clock), Rest(clock)
    limit = AdaptiveLimit(ConcurrencyPolicy(), clock)

    def take_and_give() -> None:
        limit.take()
        limit.note_good()
        limit.give_back()

    return [
        Cost("breaker: permit and its success", timed(lambda: breaker.acquire().success(0.1), times), BREAKER_US),
        Cost("the same with both window rules on", timed(lambda: ruled.acquire().success(0.1), times)),
        Cost("retry budget: one call noted", timed(budget.note_call, times)),
        Cost("adaptive limit: a place taken and given back", timed(take_and_give, times)),
        Cost("rest: is there one?", timed(rest.wait_ms, times)),
    ]


async def measure(times: int) -> list[Cost]:
    """Return what each piece costs, the dearest questions last; each async figure is interleaved with its baseline."""
    retrying = Retrying(RetryPolicy(), SystemClock())
    retry = await difference(lambda: retrying.execute(_nothing), _nothing, times)
    full = Router(adapters=InstantAdapter(), keys=OneKey(), **_ports())
    bare = BareRouter(InstantAdapter(), **_ports())
    layer = await difference(lambda: full.complete(REQUEST), lambda: bare.complete(REQUEST), max(1, times // 10))
    full_stream = Router(adapters=ShortAdapter(), keys=OneKey(), **_ports())
    bare_stream = BareRouter(ShortAdapter(), **_ports())
    stream = await difference(lambda: _drain(full_stream), lambda: _drain(bare_stream), max(1, times // 10))
    return [
        *_pieces(times),
        Cost("retry wrapper on success", retry[0], RETRY_US, *retry[1:]),
        Cost("whole layer, a request", layer[0], LAYER_US, *layer[1:]),
        Cost("whole layer, a stream of one part", stream[0], LAYER_US, *stream[1:]),
    ]


def main() -> int:
    """Measure and print; the exit code is 1 when a limit is exceeded."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=20_000, help="calls in each of nine rounds; a tenth for requests")
    chosen = parser.parse_args()
    costs = asyncio.run(measure(chosen.times))
    print(f"| CPU microseconds, median of {ROUNDS} rounds | µs | limit | with | without | with : without |")
    print("|---|---|---|---|---|---|")
    for each in costs:
        limit = "" if each.limit is None else f"{each.limit:g}"
        sides = ["", "", ""]
        if each.whole is not None and each.bare is not None:
            sides = [f"{each.whole:.2f}", f"{each.bare:.2f}", f"{each.whole / each.bare:.2f}"]
        print(f"| {each.name} | {each.micros:.2f} | {limit} | {' | '.join(sides)} |")
    return 0 if all(each.limit is None or each.micros <= each.limit for each in costs) else 1


if __name__ == "__main__":
    sys.exit(main())
