"""What happened to one request so far: its calls, its deadline, and who is next."""

from router_core.attempts.facts import RequestFacts
from router_core.attempts.payment import Payment
from router_core.attempts.policy import MIN_ATTEMPT, AttemptPolicy
from router_core.clock import Clock
from router_core.errors import (
    ContentRefusedError,
    LLMError,
    MaxRetriesExceededError,
    ProviderError,
    RateLimitError,
    TimeoutError,
)
from router_core.rate_limiting.allowance import Allowance
from router_core.resilience.deadline import Deadline
from router_core.resilience.retry import backoff
from router_core.resilience.upstream import Upstream
from router_core.types import Attempt, CallReason, Candidate, Plan

__all__ = ["CANCELLED", "Trail"]

CANCELLED = "cancelled"


class Trail:
    """Walks the candidates of a plan. ``log`` is the list of finished attempts, ``served_by`` who answers.

    ``reason`` is why the next call is made, ``facts`` what was known before the first, ``payment`` its money,
    ``allowance`` what it has taken out of limits. ``spent`` are the upstreams of those keys of the candidate that were
    refused or limited.
    """

    __slots__ = (
        "_begun", "_clock", "_index", "_last_error", "_policy", "allowance", "deadline", "facts", "log", "payment",
        "plan", "reason", "served_by", "spent",
    )  # fmt: skip

    def __init__(
        self,
        plan: Plan,
        deadline: Deadline,
        policy: AttemptPolicy,
        clock: Clock,
        facts: RequestFacts,
        payment: Payment,
        allowance: Allowance,
    ) -> None:
        self.plan = plan
        self.payment = payment
        self.allowance = allowance
        self._policy = policy
        self._clock = clock
        self._index = 0
        self._begun = 0
        self._last_error: ProviderError | None = None
        self.deadline = deadline
        self.facts = facts
        self.log: list[Attempt] = []
        self.reason: CallReason = "first"
        self.served_by: Candidate | None = None
        self.spent: list[Upstream] = []

    # --- who is next -----------------------------------------------------------------------------------------------

    @property
    def candidate(self) -> Candidate:
        """The candidate whose turn it is."""
        return self.plan.candidates[self._index]

    @property
    def has_next(self) -> bool:
        """Whether a candidate stands behind the one whose turn it is."""
        return self._index + 1 < len(self.plan.candidates)

    @property
    def candidates_left(self) -> int:
        """How many candidates may still be called, this one included."""
        return min(len(self.plan.candidates) - self._index, self.calls_left)

    @property
    def calls_left(self) -> int:
        """How many calls may still be made."""
        return self._policy.retry.max_attempts - self._begun

    @property
    def is_late(self) -> bool:
        """Whether too little time is left for another call: less than 5 of the usual 60 seconds."""
        return self.deadline.remaining() < min(MIN_ATTEMPT, self.deadline.total / 12)

    def place(self) -> int:
        """Return where the walk stands, for :meth:`go_back`."""
        return self._index

    def go_back(self, place: int) -> None:
        """Stand where :meth:`place` was asked."""
        self._index = place

    def advance(self, reason: CallReason) -> None:
        """It is the next candidate's turn, for ``reason``."""
        self._index += 1
        self.reason = reason
        self.spent.clear()

    def begin_call(self) -> int:
        """Count a call that is about to be made; return its number among all calls of the request, from 1."""
        self._begun += 1
        return self.last_number

    @property
    def last_number(self) -> int:
        """The number of the newest call."""
        return self.facts.calls_before + self._begun

    # --- after a failure -------------------------------------------------------------------------------------------

    async def recover(self, error: ProviderError, upstream: Upstream) -> None:
        """Move to the next call after ``error`` of ``upstream``, waiting if need be.

        Raises the error that ends the request when no further call is possible. The same candidate is asked again
        only while a call remains for the next one, and while its retry budget allows.
        """
        self._last_error = error
        others = len(self.plan.candidates) - self._index - 1
        if self.calls_left < 1 or self.is_late:
            raise self.end(error)
        delay = self._wait_for(error) if self._may_repeat(error, others) else None
        if delay is not None and upstream.retry_budget.allow_repeat():
            await self._clock.sleep(delay)
            self.reason = "repeat"
        elif others and self._may_ask_others(error):
            self.advance("failover")
        else:
            raise self.end(error)

    def change_key(self, error: ProviderError, upstream: Upstream) -> bool:
        """Have the candidate asked again with another of its keys; return whether a call remains for that.

        Should there be others, one remains for the next of them.
        """
        if self.is_late or self.calls_left < 1 + self.has_next:
            return False
        self._last_error = error
        self.spent.append(upstream)
        self.reason = "other_key"
        return True

    def resume(self, error: ProviderError, upstream: Upstream) -> None:
        """Move to the call that goes on where a stream broke off. Raises ``error`` when there can be none."""
        if self.calls_left < 1 or self.is_late:
            raise error
        if self.has_next and self._may_ask_others(error):
            self.advance("resume")
        elif error.retry_same and upstream.retry_budget.allow_repeat():
            self.reason = "resume"
        else:
            raise error

    def skip(self, error: LLMError) -> None:
        """Move past a candidate that could not be called at all.

        Raises, when it was the last, what a provider said before or else ``error``.
        """
        if not self.has_next:
            raise error if self._last_error is None else self.end(self._last_error)
        self.advance("failover" if self.log else self.reason)

    def cannot_pay(self, error: LLMError, *, yields: bool) -> None:
        """Move past a candidate that there is no money for.

        Raises ``error`` when it is the first that is asked and the budget does not let another take its place.
        """
        if not self.log and not yields:
            raise error
        self.skip(error)

    def end(self, error: ProviderError) -> LLMError:
        """Return the error that ends the request after ``error``."""
        if self.deadline.remaining() <= 0:
            return TimeoutError(int(self.deadline.total * 1000), provider=error.provider)
        if self.calls_left < 1 and error.retryable and len(self.log) > 1:
            return MaxRetriesExceededError(len(self.log), error)
        return error

    def _may_repeat(self, error: ProviderError, others: int) -> bool:
        if not error.retry_same:
            return False
        if others and isinstance(error, TimeoutError | RateLimitError):
            return False
        return not others or self.calls_left > 1

    def _may_ask_others(self, error: ProviderError) -> bool:
        return error.retry_other or (isinstance(error, ContentRefusedError) and self.plan.policy.refusal_fails_over)

    def _wait_for(self, error: ProviderError) -> float | None:
        delay = backoff(self._policy.retry, self._begun + 1, self._clock.random())
        asked = (error.retry_after_ms or 0) / 1000
        if asked > self._policy.retry.max_delay:
            return None
        delay = max(delay, asked)
        return delay if delay + 1.0 < self.deadline.remaining() else None
