"""Asks who has to be asked whether they are well: at intervals, all at once, none for longer than the timeout."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime

from msgspec import Struct

from router_core.clock import Clock, SystemClock
from router_core.errors import (
    InvalidAPIKeyError,
    ProviderError,
    ProviderModelError,
    QuotaExceededError,
    sanitize_message,
)
from router_core.health.signs import CheckResult
from router_core.types import Secret

__all__ = ["Check", "CheckPolicy", "CheckedHealth", "HealthChecker"]

# How long a check that was told to end may take to do so when the process ends.
LAST_WAIT = 1.0
# Errors that make a provider useless although its servers are well.
_USELESS = (InvalidAPIKeyError, QuotaExceededError, ProviderModelError)
_log = logging.getLogger(__name__)

Ask = Callable[[], Awaitable[object]]
ResultListener = Callable[[tuple[str, ...], CheckResult], None]


class CheckPolicy(Struct, frozen=True, kw_only=True):
    """Seconds between two checks and for one; ``jitter`` as a share of the interval.

    Raises ``ValueError`` for figures that make no sense.
    """

    interval: float = 60.0
    timeout: float = 5.0
    jitter: float = 0.1

    def __post_init__(self) -> None:
        if self.interval <= 0 or self.timeout <= 0 or not 0 <= self.jitter < 1:
            raise ValueError("interval and timeout must be positive and jitter within [0, 1)")


class Check(Struct, frozen=True, kw_only=True):
    """One thing to ask, on behalf of all ``names``. ``skip`` says why it is not asked this time.

    ``is_ours``: an error that is no provider's own is a bug of ours and says nothing about the provider. ``secrets``
    are blotted out of what errors say.
    """

    names: tuple[str, ...]
    ask: Ask
    skip: str | None = None
    is_ours: bool = False
    secrets: tuple[Secret, ...] = ()


class CheckedHealth(Struct, frozen=True, kw_only=True):
    """How the last check ended; ``latency_ms`` is that of the last good one. ``healthy`` is None for no verdict."""

    provider: str
    healthy: bool | None
    last_check: datetime
    latency_ms: float | None
    error: str | None


def _nothing() -> Iterable[Check]:
    return ()


def _nobody(_names: tuple[str, ...], _result: CheckResult) -> None:
    return


class HealthChecker:
    """Asks what ``register_provider`` named and what ``source`` returns each time, and tells ``listener``.

    It belongs to one event loop; :meth:`get_health` may be read from any thread.
    """

    __slots__ = ("_abandoned", "_clock", "_health", "_listener", "_policy", "_registered", "_source", "_task")

    def __init__(
        self,
        *,
        source: Callable[[], Iterable[Check]] = _nothing,
        listener: ResultListener = _nobody,
        clock: Clock | None = None,
        policy: CheckPolicy | None = None,
    ) -> None:
        self._source = source
        self._listener = listener
        self._clock = clock or SystemClock()
        self._policy = policy or CheckPolicy()
        self._registered: dict[str, Check] = {}
        self._health: dict[str, CheckedHealth] = {}
        self._abandoned: set[asyncio.Future[object]] = set()
        self._task: asyncio.Task[None] | None = None

    def register_provider(self, name: str, check: Ask) -> None:
        """Call ``check`` at each interval; ``name`` is well as long as it returns in time without raising."""
        self._registered[name] = Check(names=(name,), ask=check)

    def start(self) -> None:
        """Check on the running loop until :meth:`close`; the first time after one interval."""
        self._task = asyncio.create_task(self._run(), name="health checks")

    async def close(self) -> None:
        """End the checks, those under way too."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._abandoned:
            await asyncio.wait(self._abandoned, timeout=LAST_WAIT)

    def get_health(self, provider: str) -> CheckedHealth | None:
        """Return how the last check of ``provider`` ended, None when there was none."""
        return self._health.get(provider)

    async def sweep(self) -> None:
        """Make every check that is due, all at once; none waits for another."""
        await asyncio.gather(*(self._check(each) for each in (*self._registered.values(), *self._source())))

    async def _run(self) -> None:
        policy = self._policy
        while True:
            await self._clock.sleep(policy.interval * (1 + policy.jitter * (2 * self._clock.random() - 1)))
            try:
                await self.sweep()
            except Exception:  # noqa: BLE001 - one bad round must not end the checks for good
                _log.exception("active checks were broken off; they go on at the next interval")

    async def _check(self, check: Check) -> None:
        if check.skip is not None:
            self._note(check, None, error=check.skip)
            return
        started = self._clock.now()
        try:
            await self._bounded(check.ask)
        except TimeoutError:
            self._note(check, False, error=f"no answer within {self._policy.timeout:g} s")
        except ProviderError as error:
            good = False if error.counts or isinstance(error, _USELESS) else None
            self._note(check, good, error=sanitize_message(error.message, check.secrets))
        except Exception as error:  # noqa: BLE001 - whatever a check raises is its result
            if check.is_ours:
                _log.exception("a check of %s failed by a fault of ours", ", ".join(check.names))
            self._note(
                check, None if check.is_ours else False, error=sanitize_message(str(error), check.secrets) or "failed"
            )
        else:
            self._note(check, True, latency_ms=round((self._clock.now() - started) * 1000, 3))

    async def _bounded(self, ask: Ask) -> None:
        """Wait for ``ask``, but no longer than the timeout, even when it will not be cancelled.

        Raises what it raises, and ``TimeoutError``.
        """
        call = asyncio.ensure_future(ask())
        try:
            await asyncio.wait({call}, timeout=self._policy.timeout)
        finally:
            if not call.done():
                self._abandon(call)
        if not call.done():
            raise TimeoutError
        call.result()

    def _abandon(self, call: "asyncio.Future[object]") -> None:
        self._abandoned.add(call)
        call.add_done_callback(self._ended)
        call.cancel()

    def _ended(self, call: "asyncio.Future[object]") -> None:
        self._abandoned.discard(call)
        if not call.cancelled():
            call.exception()  # looked at, so that nobody complains: its time was over

    def _note(
        self, check: Check, good: bool | None, *, latency_ms: float | None = None, error: str | None = None
    ) -> None:
        result = CheckResult(at=self._clock.utcnow(), good=good, latency_ms=latency_ms, error=error)
        for name in check.names:
            before = self._health.get(name)
            kept = before.latency_ms if latency_ms is None and before is not None else latency_ms
            self._health[name] = CheckedHealth(
                provider=name, healthy=good, last_check=result.at, latency_ms=kept, error=error
            )
        self._listener(check.names, result)
