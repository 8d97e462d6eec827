"""A router with its cache of answers in real virtual time: requests overlap, and a second takes no second."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from router_core.attempts import AttemptPolicy
from router_core.cache.memory_cache import MemoryCache
from router_core.cache.response_cache import AnswerCache
from router_core.resilience.retry import RetryPolicy
from router_core.router import Router, RouterPolicy, StaticConfig
from router_core.types import CachePolicy, FinishPart, LLMResponse, Snapshot, StreamPart, TextDelta, UseCasePolicy
from tests.support.core_fakes import (
    PRICES,
    KeptEvents,
    LedgerBudget,
    PlainKeys,
    ScriptedAdapters,
    ask,
    service,
    standard_providers,
)
from tests.support.virtual_loop import VirtualClock, VirtualLoop

__all__ = ["KEEP", "MINI", "FlightDesk", "end_of", "in_virtual_time", "text_of"]

MINI = "openai-gpt4o-mini"
KEEP = CachePolicy(ttl_seconds=60)


@dataclass
class FlightDesk:
    """The router and what was seen of it."""

    clock: VirtualClock
    policies: dict[str, UseCasePolicy] = field(default_factory=dict)
    attempts: int = 1

    def __post_init__(self) -> None:
        self.config = StaticConfig(Snapshot(standard_providers(), policies=self.policies))
        self.adapters = ScriptedAdapters(self.clock)
        self.events = KeptEvents()
        self.ledger = LedgerBudget()
        self.store = MemoryCache(self.clock)
        self.cache = AnswerCache(self.store, self.config, self.clock)
        self.router = Router(
            config=self.config, adapters=self.adapters, keys=PlainKeys(), prices=PRICES, recorder=self.events,
            budget=self.ledger, cache=self.cache, clock=self.clock,
            policy=RouterPolicy(attempts=AttemptPolicy(retry=RetryPolicy(max_attempts=self.attempts))),
        )  # fmt: skip

    async def whole(self, after: float = 0.0, account: str = "acme", **fields: Any) -> LLMResponse:
        """Ask for a whole answer ``after`` seconds."""
        await self.clock.sleep(after)
        return await self.router.complete(ask(**{"cache": KEEP, **fields}), service(account))

    async def streamed(
        self, after: float = 0.0, account: str = "acme", pause: float = 0.0, **fields: Any
    ) -> tuple[list[StreamPart], float]:
        """Ask for a stream ``after`` seconds, read it with a ``pause`` at each part; return when it began too."""
        await self.clock.sleep(after)
        received: list[StreamPart] = []
        began = 0.0
        async with aclosing(self.router.stream(ask(**{"cache": KEEP, **fields}), service(account))) as parts:
            async for part in parts:
                began = began or self.clock.now()
                received.append(part)
                await self.clock.sleep(pause)
        return received, began

    def assert_nothing_left(self) -> None:
        """Fail when a slot, a reservation, a stream, a flight or an event is missing its end."""
        assert self.router.in_flight == 0
        assert self.adapters.open_streams == 0
        assert all(len(entry.closes) == 1 for entry in self.ledger.entries)
        assert self.cache.report().answers.flights == 0
        ids = [event.id for event in self.events.events]
        assert len(ids) == len(set(ids))


def text_of(received: list[StreamPart]) -> str:
    """Return the text of a stream."""
    return "".join(part.text for part in received if isinstance(part, TextDelta))


def end_of(received: list[StreamPart]) -> LLMResponse:
    """Return what the last part of a stream says."""
    last = received[-1]
    assert isinstance(last, FinishPart)
    return last.response


def in_virtual_time(check: Callable[[FlightDesk], Awaitable[None]], **options: Any) -> None:
    """Run ``check`` on a desk of its own; nothing may be left after it."""

    async def run(loop: VirtualLoop) -> None:
        desk = FlightDesk(VirtualClock(loop, random.Random(0)), **options)
        await check(desk)
        desk.assert_nothing_left()

    loop = VirtualLoop()
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(run(loop))
