"""Active checks: the smallest real completion, for providers whose health no traffic has shown lately."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import date, timedelta

from msgspec import Struct

from router_core.clock import Clock
from router_core.errors import (
    InvalidAPIKeyError,
    ProviderError,
    ProviderModelError,
    QuotaExceededError,
    sanitize_message,
)
from router_core.health.board import HealthBoard
from router_core.health.signs import CheckResult
from router_core.health.uptime import UptimeHistory
from router_core.ports import AdapterSource, PriceSource
from router_core.types import (
    NANO_PER_USD,
    CallTimeouts,
    LLMRequest,
    NanoUSD,
    ProbeSpend,
    ProviderAnswer,
    ProviderCall,
    ProviderConfig,
    Secret,
    Usage,
)

__all__ = ["CheckPolicy", "CheckTarget", "HealthChecker", "least_tokens"]

PROMPT = "ping"
PROMPT_TOKENS = 20
# The smallest answer that a family can be asked for; everything else takes one token.
LEAST_TOKENS: tuple[tuple[re.Pattern[str], int], ...] = ((re.compile(r"^(?:ft:)?(?:o\d|gpt-[5-9]|gpt-\d\d)"), 16),)
# Errors that make a provider useless although its servers are well.
_USELESS = (InvalidAPIKeyError, QuotaExceededError, ProviderModelError)


def least_tokens(model: str) -> int:
    """Return the smallest ``max_tokens`` that ``model`` takes."""
    return next((least for family, least in LEAST_TOKENS if family.match(model)), 1)


class CheckPolicy(Struct, frozen=True, kw_only=True):
    """Seconds between two checks and for one; ``jitter`` as a share of the interval; the cap in nano-dollars a day.

    Raises ``ValueError`` for figures that make no sense.
    """

    interval: float = 60.0
    timeout: float = 5.0
    jitter: float = 0.1
    daily_cap: NanoUSD = NANO_PER_USD // 20

    def __post_init__(self) -> None:
        if self.interval <= 0 or self.timeout <= 0 or not 0 <= self.jitter < 1 or self.daily_cap < 0:
            raise ValueError("interval and timeout must be positive, jitter within [0, 1), the cap not negative")


class CheckTarget(Struct, frozen=True, kw_only=True):
    """One upstream to check: the row that is asked, the names of all rows that share it, and the key."""

    provider: ProviderConfig
    names: tuple[str, ...]
    key: Secret


class HealthChecker:
    """Asks each target once an interval, unless traffic has shown lately that it is well.

    A check is no request: it takes no permit, opens and closes no breaker, is billed to no account, and its cost is
    in :meth:`spend`. It belongs to one event loop; :meth:`spend` and :meth:`get_health` may be read from any thread.
    """

    __slots__ = ("_adapters", "_board", "_checks", "_clock", "_cost", "_day", "_policy", "_prices", "_results",
                 "_targets", "_task", "_uptime")  # fmt: skip

    def __init__(
        self,
        *,
        targets: Callable[[], Iterable[CheckTarget]],
        adapters: AdapterSource,
        prices: PriceSource,
        board: HealthBoard,
        uptime: UptimeHistory,
        clock: Clock,
        policy: CheckPolicy | None = None,
    ) -> None:
        self._targets = targets
        self._adapters = adapters
        self._prices = prices
        self._board = board
        self._uptime = uptime
        self._clock = clock
        self._policy = policy or CheckPolicy()
        self._results: dict[str, CheckResult] = {}
        self._task: asyncio.Task[None] | None = None
        self._day: date = clock.utcnow().date()
        self._checks = 0
        self._cost: NanoUSD = 0

    def start(self) -> None:
        """Check on the running loop until :meth:`close`; the first time after one interval."""
        self._task = asyncio.create_task(self._run(), name="health checks")

    async def close(self) -> None:
        """End the checks, those under way too."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def get_health(self, provider: str) -> CheckResult | None:
        """Return how the last check of ``provider`` ended, None when there was none."""
        return self._results.get(provider)

    def spend(self) -> ProbeSpend:
        """Return what today's checks cost."""
        today = self._clock.utcnow().date() == self._day
        return ProbeSpend(
            checks=self._checks if today else 0, cost=self._cost if today else 0, cap=self._policy.daily_cap
        )

    async def sweep(self) -> None:
        """Check every target that needs it, all at once; none waits for another."""
        since = self._clock.utcnow() - timedelta(seconds=self._policy.interval)
        due: Sequence[Awaitable[None]] = [
            self._check(target) for target in self._targets() if not self._board.answered_since(target.names, since)
        ]
        await asyncio.gather(*due)

    async def _run(self) -> None:
        policy = self._policy
        while True:
            await self._clock.sleep(policy.interval * (1 + policy.jitter * (2 * self._clock.random() - 1)))
            await self.sweep()

    async def _check(self, target: CheckTarget) -> None:
        tokens = least_tokens(target.provider.model)
        if not self._afford(target.provider.model, tokens):
            return
        started = self._clock.now()
        try:
            adapter = await self._adapters.adapter(target.provider.kind)
            async with asyncio.timeout(self._policy.timeout):
                answer = await adapter.complete(self._order(target, tokens))
        except TimeoutError:
            self._note(target, good=False, error=f"no answer within {self._policy.timeout:g} s")
        except ProviderError as error:
            good = False if error.counts or isinstance(error, _USELESS) else None
            self._note(target, good=good, error=sanitize_message(error.message, (target.key,)))
        else:
            self._pay(target, answer)
            self._note(target, good=True, latency_ms=round((self._clock.now() - started) * 1000, 3))

    def _order(self, target: CheckTarget, tokens: int) -> ProviderCall:
        wait = self._policy.timeout
        return ProviderCall(
            request=LLMRequest(prompt=PROMPT, temperature=None, max_tokens=tokens),
            provider=target.provider,
            key=target.key,
            max_tokens=tokens,
            timeouts=CallTimeouts(connect=wait, first_token=wait, idle=wait, total=wait),
        )

    def _afford(self, model: str, tokens: int) -> bool:
        """Say whether one more check stays within today's cap; a model without a price is never checked."""
        if self._clock.utcnow().date() != self._day:
            self._day, self._checks, self._cost = self._clock.utcnow().date(), 0, 0
        bound = self._prices.cost(model, Usage(input_tokens=PROMPT_TOKENS, output_tokens=tokens))
        return bound is not None and self._cost + bound <= self._policy.daily_cap

    def _pay(self, target: CheckTarget, answer: ProviderAnswer) -> None:
        cost = self._prices.cost(answer.model, answer.usage) if answer.model else None
        if cost is None:
            cost = self._prices.cost(target.provider.model, answer.usage)
        self._checks += 1
        self._cost += cost or 0

    def _note(
        self, target: CheckTarget, *, good: bool | None, latency_ms: float | None = None, error: str | None = None
    ) -> None:
        result = CheckResult(at=self._clock.utcnow(), good=good, latency_ms=latency_ms, error=error)
        self._board.note_check(target.names, result)
        for name in target.names:
            self._results[name] = result
            if good is not None:
                self._uptime.note_check(name, good)
