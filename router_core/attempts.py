"""Walks a plan: for each call a breaker permit, the key, the provider; then the same again, the next, or the end."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from msgspec import Struct, field

from router_core.clock import Clock
from router_core.errors import (
    CircuitBreakerOpenError,
    InternalError,
    InvalidAPIKeyError,
    LLMError,
    LLMProviderError,
    MaxRetriesExceededError,
    ProviderError,
    RateLimitError,
    TimeoutError,
)
from router_core.ports import AdapterSource, KeySource
from router_core.resilience.circuit_breaker import BreakerPolicy, BreakerSet, Permit
from router_core.resilience.deadline import Deadline
from router_core.resilience.retry import RetryPolicy, backoff
from router_core.selection import Absence
from router_core.types import (
    AnswerEnd,
    Attempt,
    CallTimeouts,
    Candidate,
    LLMRequest,
    Plan,
    ProviderAnswer,
    ProviderCall,
    ProviderConfig,
    ProviderPart,
    Secret,
)

__all__ = ["AttemptPolicy", "Attempts", "Trail"]

KEEP_FOR_ANSWER = 2.0
MIN_ATTEMPT = 5.0
CANCELLED = "cancelled"
_NO_END = "The answer broke off without an end"
BROKEN = InternalError.code


class AttemptPolicy(Struct, frozen=True, kw_only=True):
    """How calls are made. Seconds; ``voice_first_token`` replaces ``first_token`` for the use case voice."""

    retry: RetryPolicy = field(default_factory=RetryPolicy)
    breaker: BreakerPolicy = field(default_factory=BreakerPolicy)
    connect: float = 5.0
    first_token: float = 15.0
    voice_first_token: float = 4.0
    idle: float = 15.0


class Trail:
    """What happened to one request so far: its calls, its deadline, and who is next.

    ``log`` is the list of finished attempts, ``served_by`` the candidate that answers.
    """

    __slots__ = ("_clock", "_index", "_last_error", "_plan", "_policy", "_started", "deadline", "log", "served_by")

    def __init__(self, plan: Plan, deadline: Deadline, policy: AttemptPolicy, clock: Clock) -> None:
        self._plan = plan
        self._policy = policy
        self._clock = clock
        self._index = 0
        self._last_error: ProviderError | None = None
        self._started = deadline.started
        self.deadline = deadline
        self.log: list[Attempt] = []
        self.served_by: Candidate | None = None

    @property
    def candidate(self) -> Candidate:
        """The candidate whose turn it is."""
        return self._plan.candidates[self._index]

    @property
    def abandoned(self) -> bool:
        """Whether a call was given up while it was under way, so that nobody knows what it cost."""
        return bool(self.log) and self.log[-1].outcome in (CANCELLED, BROKEN)

    @property
    def candidates_left(self) -> int:
        """How many candidates may still be called, this one included."""
        return min(len(self._plan.candidates) - self._index, self._calls_left)

    @property
    def _least_time(self) -> float:
        """The seconds without which another call is not worth making: 5 of the usual 60."""
        return min(MIN_ATTEMPT, self.deadline.total / 12)

    @property
    def _calls_left(self) -> int:
        return self._policy.retry.max_attempts - len(self.log)

    def note(
        self, started: float, outcome: str, *, first_token: float | None = None, error: LLMError | None = None
    ) -> None:
        """Add a finished attempt; ``started`` and ``first_token`` are clock seconds."""
        provider = self.candidate.provider
        self.log.append(
            Attempt(
                number=len(self.log) + 1,
                provider=provider.name,
                model=provider.model,
                outcome=outcome,
                latency_ms=_millis(self._clock.now() - started),
                started_ms=_millis(started - self._started),
                first_token_ms=None if first_token is None else _millis(first_token - started),
                status=getattr(error, "upstream_status", None),
                error=None if error is None else error.message,
            )
        )

    async def recover(self, error: ProviderError) -> None:
        """Move to the next call after ``error``, waiting if need be.

        Raises the error that ends the request when no further call is possible. The same candidate is asked again
        only while a call remains for the next one.
        """
        self._last_error = error
        others = len(self._plan.candidates) - self._index - 1
        if self._calls_left < 1 or self.deadline.remaining() < self._least_time:
            raise self._end(error)
        if self._may_repeat(error, others):
            delay = self._wait_for(error)
            if delay is not None:
                await self._clock.sleep(delay)
                return
        if not (error.retry_other and others):
            raise self._end(error)
        self._index += 1

    def skip(self, error: LLMError) -> None:
        """Move past a candidate that could not be called at all.

        Raises, when it was the last, what a provider said before or else ``error``.
        """
        if self._index + 1 >= len(self._plan.candidates):
            raise error if self._last_error is None else self._end(self._last_error)
        self._index += 1

    def _may_repeat(self, error: ProviderError, others: int) -> bool:
        if not error.retry_same:
            return False
        if others and isinstance(error, TimeoutError | RateLimitError):
            return False
        return not others or self._calls_left > 1

    def _wait_for(self, error: ProviderError) -> float | None:
        delay = backoff(self._policy.retry, len(self.log) + 1, self._clock.random())
        asked = (error.retry_after_ms or 0) / 1000
        if asked > self._policy.retry.max_delay:
            return None
        delay = max(delay, asked)
        return delay if delay + 1.0 < self.deadline.remaining() else None

    def _end(self, error: ProviderError) -> LLMError:
        if self.deadline.remaining() <= 0:
            return TimeoutError(int(self.deadline.total * 1000), provider=error.provider)
        if self._calls_left < 1 and error.retryable and len(self.log) > 1:
            return MaxRetriesExceededError(len(self.log), error)
        return error


class Attempts:
    """Makes the calls of a plan against real adapters, one breaker for each provider row."""

    __slots__ = ("_adapters", "_clock", "_keys", "breakers", "policy")

    def __init__(self, adapters: AdapterSource, keys: KeySource, clock: Clock, policy: AttemptPolicy) -> None:
        self._adapters = adapters
        self._keys = keys
        self._clock = clock
        self.policy = policy
        self.breakers = BreakerSet(policy.breaker, clock)

    def absence(self, provider: ProviderConfig) -> Absence | None:
        """Say why ``provider`` cannot be called right now, None when it can."""
        if self._keys.key_for(provider) is None:
            return Absence("no_key", _no_key(provider))
        wait = self.breakers.of(provider.name).wait_ms()
        if wait > 0:
            return Absence("breaker_open", f"circuit breaker is open for another {wait / 1000:.1f} s", wait)
        return None

    def trail(self, plan: Plan, deadline: Deadline) -> Trail:
        """Begin the trail of a request."""
        return Trail(plan, deadline, self.policy, self._clock)

    async def complete(self, request: LLMRequest, trail: Trail) -> ProviderAnswer:
        """Return the first answer along the plan. Raises the :class:`LLMError` that ended the attempts."""
        while True:
            adapter = await self._adapters.adapter(trail.candidate.provider.kind)
            permit = self._permit(trail)
            if permit is None:
                continue
            settle = _Settlement(trail, permit, self._clock.now())
            try:
                answer = await adapter.complete(self._call(request, trail, whole=True))
            except ProviderError as error:
                settle.failed(error)
                await trail.recover(error)
                continue
            except Exception:
                settle.broken()
                raise
            except BaseException:
                settle.abandoned()
                raise
            settle.succeeded()
            return answer

    async def stream(self, request: LLMRequest, trail: Trail) -> AsyncGenerator[ProviderPart, None]:
        """Yield the parts of the first answer that begins; after its first part no other call is made."""
        while True:
            adapter = await self._adapters.adapter(trail.candidate.provider.kind)
            permit = self._permit(trail)
            if permit is None:
                continue
            settle = _Settlement(trail, permit, self._clock.now())
            try:
                async with aclosing(adapter.stream(self._call(request, trail, whole=False))) as parts:
                    async for part in parts:
                        settle.begun(self._clock)
                        yield part
                        if isinstance(part, AnswerEnd):
                            break
                    else:
                        raise LLMProviderError(_NO_END, provider=trail.candidate.provider.name)  # noqa: TRY301 - judged below
            except ProviderError as error:
                settle.failed(error)
                if settle.first_token is not None:
                    raise
                await trail.recover(error)
                continue
            except Exception:
                settle.broken()
                raise
            except BaseException:
                settle.abandoned()
                raise
            settle.succeeded()
            return

    def _permit(self, trail: Trail) -> Permit | None:
        try:
            return self.breakers.of(trail.candidate.provider.name).acquire()
        except CircuitBreakerOpenError as error:
            trail.skip(error)
            return None

    def _call(self, request: LLMRequest, trail: Trail, *, whole: bool) -> ProviderCall:
        candidate = trail.candidate
        return ProviderCall(
            request=request,
            provider=candidate.provider,
            key=self._key(candidate.provider),
            max_tokens=candidate.max_tokens,
            timeouts=self._timeouts(request, trail, whole=whole),
        )

    def _key(self, provider: ProviderConfig) -> Secret:
        key = self._keys.key_for(provider)
        if key is None:
            raise InvalidAPIKeyError(_no_key(provider), provider=provider.name)
        return key

    def _timeouts(self, request: LLMRequest, trail: Trail, *, whole: bool) -> CallTimeouts:
        policy = self.policy
        left = trail.deadline.remaining()
        share = trail.deadline.share(trail.candidates_left, reserve=KEEP_FOR_ANSWER, floor=MIN_ATTEMPT)
        first = policy.voice_first_token if request.use_case == "voice" else policy.first_token
        return CallTimeouts(
            connect=min(policy.connect, left),
            first_token=share if whole else min(first, left),
            idle=share if whole else min(policy.idle, left),
            total=share if whole else left,
        )


class _Settlement:
    """Closes one attempt exactly once: the breaker's permit and the line in the trail."""

    __slots__ = ("_done", "_permit", "_started", "_trail", "first_token")

    def __init__(self, trail: Trail, permit: Permit, started: float) -> None:
        self._trail = trail
        self._permit = permit
        self._started = started
        self._done = False
        self.first_token: float | None = None

    def begun(self, clock: Clock) -> None:
        """The first part of a stream arrived."""
        if self.first_token is None:
            self.first_token = clock.now()
            self._trail.served_by = self._trail.candidate

    def succeeded(self) -> None:
        """The whole answer arrived."""
        self._trail.served_by = self._trail.candidate
        self._close(self._permit.success, "success")

    def failed(self, error: ProviderError) -> None:
        """The provider failed."""
        self._close(self._permit.failure if error.counts else self._permit.ignore, error.code, error)

    def abandoned(self) -> None:
        """The caller went away: it says nothing about the provider."""
        self._close(self._permit.ignore, CANCELLED)

    def broken(self) -> None:
        """A bug of ours ended the call: it says nothing about the provider either."""
        self._close(self._permit.ignore, BROKEN)

    def _close(self, verdict: Callable[[], None], outcome: str, error: LLMError | None = None) -> None:
        if not self._done:
            self._done = True
            verdict()
            self._trail.note(self._started, outcome, first_token=self.first_token, error=error)


def _no_key(provider: ProviderConfig) -> str:
    return f"API key not found for provider: {provider.kind}"


def _millis(seconds: float) -> float:
    return round(seconds * 1000, 3)
