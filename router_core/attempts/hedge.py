"""A late first token is hedged: the next candidate is asked too, the first to speak answers, the other is let go."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing

from router_core.attempts.open_call import OpenCall
from router_core.attempts.policy import AttemptPolicy
from router_core.attempts.trail import Trail
from router_core.clock import Clock
from router_core.errors import LLMError, LLMProviderError, ProviderError
from router_core.types import ProviderPart

__all__ = ["Hedge", "hedge_delay"]

BeginNext = Callable[[], Awaitable[OpenCall]]
_NOTHING = "The provider ended the stream before it began"


def hedge_delay(policy: AttemptPolicy, trail: Trail, call: OpenCall) -> float:
    """Return the seconds to wait before ``call`` is hedged: as asked, as observed, or the default."""
    asked = trail.plan.policy.hedge_after_ms
    if asked is not None:
        return asked / 1000
    observed = call.upstream.first_tokens.p95()
    return max(policy.least_hedge_delay, policy.hedge_delay if observed is None else observed)


class Hedge:
    """The race for one first token. ``last`` is the call that won, else the one furthest along the plan."""

    __slots__ = ("_begin_next", "_clock", "_delay", "_running", "_trail", "last")

    def __init__(self, first: OpenCall, trail: Trail, delay: float, begin_next: BeginNext, clock: Clock) -> None:
        self._trail = trail
        self._delay = delay
        self._begin_next = begin_next
        self._clock = clock
        self._running: dict[asyncio.Task[ProviderPart], tuple[OpenCall, AsyncGenerator[ProviderPart, None]]] = {}
        self.last = first

    async def winner(self) -> OpenCall:
        """Return the call whose first part came first; the other one is cancelled and closed.

        Raises the :class:`ProviderError` of the call furthest along the plan when none began to answer.
        """
        first, here = self.last, self._trail.place()
        self._start(first)
        timer = asyncio.create_task(self._clock.sleep(self._delay))
        try:
            done, _ = await asyncio.wait({timer, *self._running}, return_when=asyncio.FIRST_COMPLETED)
            if not self._running.keys() & done:
                await self._ask_next()
            spoke = await self._first_to_speak()
            await self._let_go(but=spoke)
            call, parts = self._running.pop(spoke)
            if call is first:
                # Should it break off, whoever was asked in vain is the next in turn.
                self._trail.go_back(here)
            call.continue_with(_rejoined(spoke.result(), parts))
            return call
        finally:
            timer.cancel()
            await self._let_go()

    def _start(self, call: OpenCall) -> None:
        parts = call.adapter.stream(call.order)
        self._running[asyncio.create_task(_first_part(parts, call))] = (call, parts)

    async def _ask_next(self) -> None:
        if not self.last.upstream.hedge_budget.allow_repeat():
            return
        here = self._trail.place()
        self._trail.advance("hedge")
        try:
            self._start(await self._begin_next())
        except LLMError:
            # Nobody else can be asked; the first call goes on alone.
            self._trail.go_back(here)

    async def _first_to_speak(self) -> "asyncio.Task[ProviderPart]":
        failure: ProviderError | None = None
        while self._running:
            done, _ = await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                call = self._running[task][0]
                error = task.exception()
                if error is None:
                    self.last = call
                    return task
                if not isinstance(error, ProviderError):
                    raise error
                if failure is None or call.candidate is self._trail.candidate:
                    # What comes next is decided, and charged, where the walk stands.
                    self.last, failure = call, error
                call.failed(error)
                del self._running[task]
        raise failure or LLMProviderError(_NOTHING, provider=self.last.candidate.provider.name)

    async def _let_go(self, but: "asyncio.Task[ProviderPart] | None" = None) -> None:
        """Give up every call that still runs, ``but`` one: accounted for as far as it got, then cancelled and closed.

        Who is interrupted here has left nothing open: the accounts are closed at once, the connections behind a shield.
        """
        going = {task: held for task, held in self._running.items() if task is not but}
        for task, (call, _) in going.items():
            del self._running[task]
            error = task.exception() if task.done() and not task.cancelled() else None
            if isinstance(error, ProviderError):
                call.failed(error)
            call.abandoned()
            task.cancel()
        await asyncio.shield(asyncio.gather(*(_closed(task, parts) for task, (_, parts) in going.items())))


async def _closed(task: "asyncio.Task[ProviderPart]", parts: AsyncGenerator[ProviderPart, None]) -> None:
    await asyncio.gather(task, return_exceptions=True)
    await parts.aclose()


async def _first_part(parts: AsyncGenerator[ProviderPart, None], call: OpenCall) -> ProviderPart:
    part = await anext(parts, None)
    if part is None:
        raise LLMProviderError(_NOTHING, provider=call.candidate.provider.name)
    return part


async def _rejoined(
    first: ProviderPart, rest: AsyncGenerator[ProviderPart, None]
) -> AsyncGenerator[ProviderPart, None]:
    async with aclosing(rest):
        yield first
        async for part in rest:
            yield part
