"""Fakes at the router's seams: scripted providers, keys, budgets and a recorder that keeps everything."""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from router_core.attempts import AttemptPolicy
from router_core.cache.memory_cache import MemoryCache
from router_core.cache.response_cache import AnswerCache
from router_core.clock import Clock
from router_core.cost.prices import FixedPrices
from router_core.errors import PaymentRequiredError, mask_api_key
from router_core.ports import RequestLimiter
from router_core.resilience.retry import RetryPolicy
from router_core.router import Router, RouterPolicy, StaticConfig
from router_core.types import (
    AnswerEnd,
    Capabilities,
    Charge,
    LLMRequest,
    NanoUSD,
    Payer,
    Principal,
    ProviderAnswer,
    ProviderCall,
    ProviderConfig,
    ProviderKind,
    ProviderPart,
    Rates,
    RequestEvent,
    Secret,
    Snapshot,
    TextDelta,
    UsableKey,
    Usage,
)
from tests.support.fake_clock import FakeClock

__all__ = [
    "HANG",
    "PRICES",
    "CoreRig",
    "Hang",
    "KeptEvents",
    "LedgerBudget",
    "PlainKeys",
    "ScriptedAdapters",
    "Slow",
    "answer",
    "ask",
    "parts",
    "provider",
    "rig",
    "service",
    "standard_providers",
]


def _price(input_usd: str, output_usd: str, cache_read: str) -> Rates:
    per_million = [int(float(text) * 1_000_000_000) for text in (input_usd, output_usd, cache_read)]
    return Rates.of(
        per_million[0],
        per_million[1],
        cache_read=per_million[2],
        cache_write=per_million[0] * 5 // 4,
        cache_write_1h=per_million[0] * 2,
    )


PRICES = FixedPrices(
    {
        "gpt-4o-mini": _price("0.15", "0.60", "0.075"),
        "gpt-4o": _price("2.5", "10", "1.25"),
        "claude-haiku-4-5": _price("1", "5", "0.1"),
        "claude-sonnet-4-5": _price("3", "15", "0.3"),
    }
)


# --- configuration -------------------------------------------------------------------------------------------------


def provider(name: str, **changes: Any) -> ProviderConfig:
    """Return a provider row called ``name``: an active, global OpenAI row for ``general`` unless changed."""
    row: dict[str, Any] = {
        "id": f"id-{name}",
        "name": name,
        "kind": "openai",
        "model": "gpt-4o-mini",
        "use_cases": ("general",),
        "max_tokens": 16_384,
        "context_window": 128_000,
    }
    return ProviderConfig(**(row | changes))


def standard_providers() -> list[ProviderConfig]:
    """Return the four rows of a fresh store."""
    claude = Capabilities(max_temperature=1.0)
    anthropic: dict[str, Any] = {
        "kind": "anthropic",
        "max_tokens": 64_000,
        "context_window": 200_000,
        "capabilities": claude,
    }
    return [
        provider("openai-gpt4o-mini", use_cases=("draft", "summary", "general", "voice"), is_default=True),
        provider("openai-gpt4o", model="gpt-4o", use_cases=("vision", "complex")),
        provider("anthropic-claude-haiku-4-5", model="claude-haiku-4-5", use_cases=("draft", "summary"), **anthropic),
        provider("anthropic-claude-sonnet-4-5", model="claude-sonnet-4-5", use_cases=("complex",), **anthropic),
    ]


def ask(prompt: str = "Say hello", **fields: Any) -> LLMRequest:
    """Return a request; without a prompt when ``messages`` are given."""
    return LLMRequest(**({"prompt": None if "messages" in fields else prompt} | fields))


def service(account_id: str) -> Principal:
    """Return a service key of ``account_id``."""
    return Principal(kind="key", id=f"key-{account_id}", name="test", role="service", accounts=(account_id,))


# --- providers -----------------------------------------------------------------------------------------------------


class Hang:
    """A script step at which a provider says nothing until its connection is closed."""


HANG = Hang()


@dataclass(frozen=True)
class Slow:
    """A script step that takes ``seconds`` of virtual time before ``then``."""

    seconds: float
    then: Any


def answer(
    text: str = "Hello", *, input_tokens: int = 1000, output_tokens: int = 500, model: str = "", **fields: Any
) -> ProviderAnswer:
    """Return a provider's whole answer."""
    usage = fields.pop("usage", Usage(input_tokens=input_tokens, output_tokens=output_tokens))
    return ProviderAnswer(text=text, finish_reason="stop", usage=usage, model=model, **fields)


def parts(*texts: str, usage: Usage | None = None, model: str = "") -> tuple[ProviderPart, ...]:
    """Return the script of a stream that ends well."""
    end = AnswerEnd(finish_reason="stop", usage=usage or Usage(input_tokens=1000, output_tokens=500), model=model)
    return (*(TextDelta(text) for text in texts), end)


class ScriptedAdapters:
    """An adapter source, and its own only adapter: plays the steps set for each provider row, in order.

    A step of a whole answer is a :class:`ProviderAnswer`, an exception, :data:`HANG` or :class:`Slow`; a step of a
    stream is a sequence of parts and such steps. A step set with :meth:`always` is played for ever.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._scripts: dict[str, list[Any]] = {}
        self._always: dict[str, Any] = {}
        self.calls: list[ProviderCall] = []
        self.hanging = asyncio.Event()
        self.open_streams = 0
        self.closed_streams = 0

    def script(self, name: str, *steps: Any) -> None:
        """Play ``steps`` for the calls to the row ``name``, one a call."""
        self._scripts.setdefault(name, []).extend(steps)

    def always(self, name: str, step: Any) -> None:
        """Play ``step`` for every call to the row ``name`` beyond its script."""
        self._always[name] = step

    @property
    def called(self) -> list[str]:
        """The rows called, in order."""
        return [call.provider.name for call in self.calls]

    async def adapter(self, kind: ProviderKind) -> "ScriptedAdapters":
        return self

    async def complete(self, call: ProviderCall) -> ProviderAnswer:
        self.calls.append(call)
        result = await self._play(self._next(call))
        assert isinstance(result, ProviderAnswer)
        return result

    async def stream(self, call: ProviderCall) -> AsyncGenerator[ProviderPart, None]:
        self.calls.append(call)
        self.open_streams += 1
        step = self._next(call)
        try:
            for item in step if isinstance(step, tuple | list) else (step,):
                yield await self._play(item)
        finally:
            self.open_streams -= 1
            self.closed_streams += 1

    async def count_tokens(self, call: ProviderCall) -> int | None:
        """Play the row's next step: a count, None for a vendor that does not count, or an error."""
        self.calls.append(call)
        step = self._next(call)
        if isinstance(step, Exception):
            raise step
        assert step is None or isinstance(step, int)
        return step

    async def close(self) -> None:
        """Nothing is open."""

    def _next(self, call: ProviderCall) -> Any:
        script = self._scripts.get(call.provider.name)
        if script:
            return script.pop(0)
        if call.provider.name in self._always:
            return self._always[call.provider.name]
        raise AssertionError(f"unexpected call to {call.provider.name}")

    async def _play(self, step: Any) -> Any:
        if isinstance(step, Slow):
            await self._clock.sleep(step.seconds)
            return await self._play(step.then)
        if isinstance(step, Hang):
            self.hanging.set()
            await asyncio.Event().wait()
        if isinstance(step, BaseException):
            raise step
        return step


class PlainKeys:
    """A key source: every row has a key of its own, so none shares an upstream; none for the rows in ``without``.

    With ``keys`` there is one key for each vendor instead. ``extra`` are further keys by the row's name.
    """

    def __init__(self, keys: Mapping[str, Secret] | None = None, without: Iterable[str] = ()) -> None:
        self._keys = keys
        self.without = set(without)
        self.extra: dict[str, tuple[UsableKey, ...]] = {}

    def key_for(self, row: ProviderConfig) -> Secret | None:
        if row.name in self.without:
            return None
        return Secret(f"sk-{row.kind}-{row.name}") if self._keys is None else self._keys.get(row.kind)

    def keys_for(self, row: ProviderConfig) -> tuple[UsableKey, ...]:
        key = self.key_for(row)
        first = () if key is None else (UsableKey(key, mask=mask_api_key(key.reveal())),)
        return (*first, *self.extra.get(row.name, ()))


# --- what is recorded and held -------------------------------------------------------------------------------


class KeptEvents:
    """A recorder that keeps every event."""

    def __init__(self) -> None:
        self.events: list[RequestEvent] = []

    def record(self, event: RequestEvent) -> None:
        self.events.append(event)

    @property
    def only(self) -> RequestEvent:
        """The one event; fails when there are none or several."""
        assert len(self.events) == 1, f"{len(self.events)} events recorded"
        return self.events[0]


@dataclass
class LedgerEntry:
    """One reservation as the ledger saw it: every close is kept, so that a test can count them."""

    account_id: str | None
    bound: NanoUSD | None
    closes: list[NanoUSD] = field(default_factory=list)
    holds: tuple[Charge, ...] = ()

    def settle(self, actual: NanoUSD) -> tuple[Charge, ...]:
        self.closes.append(actual)
        return ()


class LedgerBudget:
    """A budget guard that writes everything down, and refuses everybody once ``spent_out``."""

    def __init__(self, *, spent_out: bool = False) -> None:
        self.spent_out = spent_out
        self.entries: list[LedgerEntry] = []

    async def hold(self, payer: Payer, provider: ProviderConfig, bound: NanoUSD | None, patience: float) -> LedgerEntry:
        if self.spent_out:
            raise PaymentRequiredError("Daily budget exceeded. Current: $95.50, Request: $10.00, Limit: $100.00")
        entry = LedgerEntry(payer.account_id, bound)
        self.entries.append(entry)
        return entry


# --- a whole router ------------------------------------------------------------------------------------------------


@dataclass
class CoreRig:
    """A router and everything it was built from."""

    router: Router
    clock: FakeClock
    config: StaticConfig
    adapters: ScriptedAdapters
    keys: PlainKeys
    events: KeptEvents
    ledger: LedgerBudget
    cache: AnswerCache
    store: MemoryCache

    def assert_nothing_held(self) -> None:
        """Fail when a slot, a reservation, a stream or an event is missing its end."""
        assert self.router.in_flight == 0
        assert self.adapters.open_streams == 0
        assert all(len(entry.closes) == 1 for entry in self.ledger.entries)


def rig(
    providers: Iterable[ProviderConfig] | Snapshot | None = None,
    *,
    max_attempts: int = 3,
    policy: RouterPolicy | None = None,
    ledger: LedgerBudget | None = None,
    keys: PlainKeys | None = None,
    limiter: RequestLimiter | None = None,
    clock: FakeClock | None = None,
    seed: int = 0,
) -> CoreRig:
    """Return a router on scripted providers in virtual time; the four standard rows unless others are given."""
    clock = clock or FakeClock(seed=seed)
    config = StaticConfig(standard_providers() if providers is None else providers)
    adapters, keys, events = ScriptedAdapters(clock), keys or PlainKeys(), KeptEvents()
    attempts = AttemptPolicy(retry=RetryPolicy(max_attempts=max_attempts))
    ledger, store = ledger or LedgerBudget(), MemoryCache(clock)
    cache = AnswerCache(store, config, clock)
    router = Router(
        config=config,
        adapters=adapters,
        keys=keys,
        prices=PRICES,
        recorder=events,
        budget=ledger,
        cache=cache,
        clock=clock,
        limiter=limiter,
        policy=policy or RouterPolicy(attempts=attempts),
    )
    return CoreRig(router, clock, config, adapters, keys, events, ledger, cache, store)
