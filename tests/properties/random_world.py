"""A router among providers that behave as a random generator pleases, and everything that was seen of them."""

import asyncio
import builtins
import random
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

from router_core.attempts import AttemptPolicy
from router_core.errors import (
    ContextTooLongError,
    InvalidAPIKeyError,
    LLMProviderError,
    NetworkError,
    ProviderError,
    RateLimitError,
    TimeoutError,
)
from router_core.errors.provider_errors import WaitedFor
from router_core.resilience.breaker_policy import BreakerPolicy
from router_core.resilience.concurrency import ConcurrencyPolicy
from router_core.resilience.retry import RetryPolicy
from router_core.resilience.upstream import UpstreamPolicy
from router_core.router import Router, RouterPolicy, StaticConfig
from router_core.types import (
    STRATEGIES,
    AnswerEnd,
    Canary,
    ProviderAnswer,
    ProviderCall,
    ProviderConfig,
    ProviderKind,
    ProviderLimits,
    ProviderPart,
    Secret,
    Snapshot,
    TextDelta,
    UsableKey,
    Usage,
    UseCasePolicy,
)
from tests.support.core_fakes import PRICES, KeptEvents, LedgerBudget, provider
from tests.support.virtual_loop import VirtualClock

__all__ = ["SAID", "SeenCall", "World", "make_world"]

SAID = ("All ", "is ", "well.")
USAGE = Usage(input_tokens=10, output_tokens=3)
ILLS = ("500", "500", "network", "hang", "cut", "stall", "429", "429 wait", "401", "413", "no end")
CLOSING_S = 0.01


@dataclass
class SeenCall:
    """One call as the provider saw it. ``probe`` says that the breaker was half open when it came.

    ``given_up`` is a stream that the router closed itself, such as a hedge that came second.
    """

    event: str
    row: str
    upstream: str
    started: float
    probe: bool = False
    given_up: bool = False
    ended: float | None = None


@dataclass
class Provider:
    """How one row behaves: healthy for a share of calls, else ill in one of ``ills``, answering after ``delay``."""

    health: float
    ills: tuple[str, ...]
    delay: float


@dataclass
class World:
    """A router and all that can be asked about it afterwards. ``rests`` are who was told, and until when, ``granted``
    the calls at once of each row.
    """

    router: Router
    clock: VirtualClock
    rng: random.Random
    timeout: float
    max_calls: int
    events: KeptEvents
    ledger: LedgerBudget
    calls: list[SeenCall] = field(default_factory=list)
    rests: list[tuple[SeenCall, float]] = field(default_factory=list)
    granted: dict[str, int | None] = field(default_factory=dict)


class RandomAdapters:
    """An adapter source, and its own only adapter. It keeps the limits of each call as a real one does."""

    def __init__(self, clock: VirtualClock, rng: random.Random, rows: dict[str, Provider]) -> None:
        self.clock = clock
        self.rng = rng
        self.rows = rows
        self.world: World | None = None

    async def adapter(self, kind: ProviderKind) -> "RandomAdapters":
        return self

    async def complete(self, call: ProviderCall) -> ProviderAnswer:
        seen = self._arrive(call)
        try:
            async with _Limit(call.timeouts.total, "total", call.provider.name):
                await self._suffer(call, self._ill(call), seen)
            return ProviderAnswer(text="".join(SAID), finish_reason="stop", usage=USAGE, model="")
        finally:
            seen.ended = self.clock.now()

    async def count_tokens(self, call: ProviderCall) -> int | None:
        raise AssertionError("nobody counts tokens in this world")

    async def stream(self, call: ProviderCall) -> AsyncGenerator[ProviderPart, None]:
        seen, ill = self._arrive(call), self._ill(call)
        try:
            async with _Limit(call.timeouts.first_token, "first_token", call.provider.name):
                await self._suffer(call, ill, seen)
            for place, text in enumerate(SAID):
                if place and ill == "cut":
                    raise NetworkError("the connection broke", provider=call.provider.name)
                if place and ill == "stall":
                    left = seen.started + call.timeouts.total - self.clock.now()
                    await self.clock.sleep(max(0.0, min(call.timeouts.idle, left)))
                    raise TimeoutError(1000, provider=call.provider.name, waited_for="idle")
                yield TextDelta(text)
                await self.clock.sleep(0.01)
            if ill != "no end":
                yield AnswerEnd(finish_reason="stop", usage=USAGE, model="")
        except (asyncio.CancelledError, GeneratorExit):
            seen.given_up, seen.ended = True, self.clock.now()
            # Closing a connection takes its time, and may itself be interrupted.
            await self.clock.sleep(CLOSING_S)
            raise
        finally:
            seen.ended = self.clock.now() if seen.ended is None else seen.ended

    async def close(self) -> None:
        """Nothing is open."""

    def _arrive(self, call: ProviderCall) -> SeenCall:
        world = self.world
        assert world is not None
        upstream = world.router.upstreams.of(call.provider, call.key)
        probe = upstream.breaker.get_state().state == "HALF_OPEN"
        seen = SeenCall(call.event_id, call.provider.name, upstream.id, self.clock.now(), probe=probe)
        world.calls.append(seen)
        return seen

    def _ill(self, call: ProviderCall) -> str:
        row = self.rows[call.provider.name]
        return "" if self.rng.random() < row.health else self.rng.choice(row.ills)

    async def _suffer(self, call: ProviderCall, ill: str, seen: SeenCall) -> None:
        row = self.rows[call.provider.name]
        await self.clock.sleep(row.delay * self.rng.choice((0.5, 1.0, 2.0)))
        if ill == "hang":
            await asyncio.Event().wait()
        error = _error(ill, call.provider.name)
        if error is None:
            return
        if isinstance(error, RateLimitError) and error.retry_after_ms:
            self._world().rests.append((seen, self.clock.now() + error.retry_after_ms / 1000))
        raise error

    def _world(self) -> World:
        assert self.world is not None
        return self.world


class _Limit:
    """Ends what takes longer in the error that a real adapter raises."""

    def __init__(self, seconds: float, name: WaitedFor, row: str) -> None:
        self._seconds, self._name, self._row = seconds, name, row

    async def __aenter__(self) -> None:
        self._timeout = asyncio.timeout(self._seconds)
        await self._timeout.__aenter__()

    async def __aexit__(self, kind, error, trace) -> None:
        try:
            await self._timeout.__aexit__(kind, error, trace)
        except builtins.TimeoutError:
            raise TimeoutError(round(self._seconds * 1000), provider=self._row, waited_for=self._name) from None


def _error(ill: str, row: str) -> ProviderError | None:  # noqa: PLR0911 - one line for each ill
    match ill:
        case "500":
            return LLMProviderError("broken", provider=row, upstream_status=500)
        case "network":
            return NetworkError("unreachable", provider=row)
        case "429":
            return RateLimitError("slow down", provider=row, upstream_status=429)
        case "429 wait":
            return RateLimitError("slow down", provider=row, upstream_status=429, retry_after_ms=1500)
        case "401":
            return InvalidAPIKeyError("no", provider=row, upstream_status=401)
        case "413":
            return ContextTooLongError("too long", provider=row, upstream_status=413)
    return None


class SharedKeys:
    """Rows of the same vendor share a key, and so a credential."""

    def keys_for(self, row: ProviderConfig) -> tuple[UsableKey, ...]:
        return (UsableKey(Secret(f"sk-{row.kind}")),)


def make_world(loop_clock: VirtualClock, rng: random.Random) -> World:
    """Return a world of one to three rows, some of which share an upstream."""
    models = ("gpt-4o-mini", "gpt-4o", "claude-haiku-4-5")
    rows = [
        provider(
            f"row-{number}",
            model=rng.choice(models),
            kind="openai" if rng.random() < 0.7 else "anthropic",
            is_default=number == 0,
            limits=ProviderLimits(max_concurrency=rng.choice((None, None, None, 1, 3))),
        )
        for number in range(rng.choice((1, 2, 2, 3)))
    ]
    behaviour = {row.name: _provider(rng) for row in rows}
    adapters = RandomAdapters(loop_clock, rng, behaviour)
    timeout = rng.choice((3.0, 12.0, 60.0))
    events, ledger = KeptEvents(), LedgerBudget()
    attempts = _attempts(rng)
    router = Router(
        config=StaticConfig(Snapshot(rows, policies={"general": _wishes(rng)})),
        adapters=adapters,
        keys=SharedKeys(),
        prices=PRICES,
        recorder=events,
        budget=ledger,
        clock=loop_clock,
        policy=RouterPolicy(request_timeout=timeout, in_flight=rng.choice((4, 1000)), attempts=attempts),
    )
    world = World(router, loop_clock, rng, timeout, attempts.retry.max_attempts, events, ledger)
    world.granted = {row.name: row.limits.max_concurrency for row in rows}
    adapters.world = world
    return world


def _provider(rng: random.Random) -> Provider:
    health = rng.choice((0.0, 0.3, 0.7, 0.95, 1.0))
    return Provider(health, tuple(rng.sample(ILLS, rng.choice((1, 2, 4)))), rng.choice((0.0, 0.02, 0.3)))


def _wishes(rng: random.Random) -> UseCasePolicy:
    return UseCasePolicy(
        mid_stream=rng.choice(("fail", "resume")),
        hedge=rng.random() < 0.4,
        hedge_after_ms=rng.choice((None, 1, 30, 200)),
        first_token_s=rng.choice((None, 1.0)),
        idle_s=rng.choice((None, 0.5)),
        strategy=rng.choice(STRATEGIES),
        order=rng.choice(((), (), ("row-1", "row-0"), ("gone",))),
        canary=rng.choice((None, None, Canary("row-1", 40), Canary("gone", 40))),
        sticky=rng.random() < 0.3,
    )


def _attempts(rng: random.Random) -> AttemptPolicy:
    upstreams = UpstreamPolicy(
        breaker=BreakerPolicy(failure_threshold=rng.choice((2, 5)), cooldown=rng.choice((0.5, 60.0))),
        concurrency=ConcurrencyPolicy(ceiling=rng.choice((3, 1000)), least=2),
    )
    return AttemptPolicy(retry=RetryPolicy(max_attempts=rng.choice((1, 3, 3, 3))), upstreams=upstreams)
