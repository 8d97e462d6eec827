"""Everything that is known about one upstream, and what each outcome of a call changes in it."""

from datetime import datetime

from msgspec import Struct, field

from router_core.clock import Clock
from router_core.errors import (
    InvalidAPIKeyError,
    ProviderError,
    QuotaExceededError,
    RateLimitError,
    TimeoutError,
)
from router_core.resilience.breaker_policy import BreakerPolicy
from router_core.resilience.circuit_breaker import CircuitBreaker
from router_core.resilience.concurrency import AdaptiveLimit, ConcurrencyPolicy
from router_core.resilience.first_tokens import FirstTokens
from router_core.resilience.rest import Rest
from router_core.resilience.retry_budget import RetryBudget, RetryBudgetPolicy
from router_core.resilience.row_calls import RowCalls
from router_core.types import Headroom, Load, ProviderConfig, UpstreamKey, UpstreamState

__all__ = ["Upstream", "UpstreamPolicy"]

DEFAULT_LONGEST_REST = 900.0
DEFAULT_QUOTA_REST = 60.0
DEFAULT_REFUSED_REST = 10.0
_OVERLOADED = frozenset({429, 503, 529})
_FORBIDDEN = 403


class UpstreamPolicy(Struct, frozen=True, kw_only=True):
    """How upstreams are judged. Seconds: the longest rest that is granted, the rest of a credential whose quota is
    spent, and of one that was refused.
    """

    breaker: BreakerPolicy = field(default_factory=BreakerPolicy)
    retry_budget: RetryBudgetPolicy = field(default_factory=RetryBudgetPolicy)
    hedge_budget: RetryBudgetPolicy = field(default_factory=lambda: RetryBudgetPolicy(share=0.1))
    concurrency: ConcurrencyPolicy = field(default_factory=ConcurrencyPolicy)
    longest_rest: float = DEFAULT_LONGEST_REST
    quota_rest: float = DEFAULT_QUOTA_REST
    refused_rest: float = DEFAULT_REFUSED_REST


class Upstream:
    """One vendor, one credential, one model family. ``credential_rest`` is shared by all families of the credential,
    ``rows`` by all upstreams. ``refused_at`` is when the key was refused, None once it was taken again.
    """

    __slots__ = (
        "_clock", "_headroom_at", "_policy", "breaker", "credential_rest", "first_tokens", "headroom", "hedge_budget",
        "id", "key", "limiter", "refused_at", "rest", "retry_budget", "rows",
    )  # fmt: skip

    def __init__(
        self,
        key: UpstreamKey,
        policy: UpstreamPolicy,
        clock: Clock,
        breaker: CircuitBreaker,
        credential_rest: Rest,
        rows: RowCalls,
    ) -> None:
        self.key = key
        self.id = str(key)
        self.breaker = breaker
        self.rest = Rest(clock)
        self.credential_rest = credential_rest
        self.retry_budget = RetryBudget(policy.retry_budget, clock)
        self.hedge_budget = RetryBudget(policy.hedge_budget, clock)
        self.limiter = AdaptiveLimit(policy.concurrency, clock)
        self.first_tokens = FirstTokens()
        self.rows = rows
        self.refused_at: datetime | None = None
        self.headroom: Headroom | None = None
        self._headroom_at: datetime | None = None
        self._policy = policy
        self._clock = clock

    def resting(self) -> Rest | None:
        """Return the rest under way that lasts longest."""
        own, shared = self.rest.wait_ms(), self.credential_rest.wait_ms()
        if own == shared == 0:
            return None
        return self.rest if own >= shared else self.credential_rest

    def load(self, provider: ProviderConfig) -> Load:
        """Return the calls in flight where ``provider`` has least room: those of the row, or those of the upstream."""
        whole = Load(self.limiter.in_flight, self.limiter.limit)
        most = provider.limits.max_concurrency
        if most is None:
            return whole
        row = Load(self.rows.in_flight(provider), most)
        return row if row.in_flight * whole.limit >= whole.in_flight * most else whole

    def has_room(self, provider: ProviderConfig) -> bool:
        """Say whether one more call may be made for ``provider``."""
        return self.rows.has_room(provider) and self.limiter.has_room()

    def take(self, provider: ProviderConfig) -> bool:
        """Count one more call in flight for ``provider``, if there is room."""
        if not self.rows.has_room(provider) or not self.limiter.take():
            return False
        self.rows.add(provider)
        return True

    def give_back(self, provider: ProviderConfig) -> None:
        """One call less is in flight for ``provider``."""
        self.limiter.give_back()
        self.rows.remove(provider)

    def note_answer(self, headroom: Headroom | None) -> None:
        """A call was answered well."""
        self.limiter.note_good()
        self.refused_at = None
        if headroom is not None:
            self._keep(headroom)

    def note_error(self, error: ProviderError) -> None:
        """A call failed: what asks for it gets its rest, what speaks of overload gets fewer calls at once."""
        if isinstance(error, RateLimitError):
            self._limited(error)
        elif isinstance(error, InvalidAPIKeyError):
            place = self.rest if error.upstream_status == _FORBIDDEN else self.credential_rest
            place.begin(self._policy.refused_rest, error)
            self.refused_at = self._clock.utcnow()
        if isinstance(error, TimeoutError) or error.upstream_status in _OVERLOADED:
            self.limiter.note_overload()

    def reset(self, *, actor: str, reason: str = "") -> None:
        """Start afresh: the breaker closes, rests end, the limit goes back to its ceiling."""
        self.relax()
        self.breaker.reset(actor=actor, reason=reason)

    def relax(self) -> None:
        """End all rests and go back to the highest limit."""
        self.rest.end()
        self.credential_rest.end()
        self.limiter.restore()

    def is_quiet(self) -> bool:
        """Say whether nothing would be lost by forgetting this upstream."""
        state = self.breaker.get_state()
        calm = state.state == "CLOSED" and state.forced is None and not state.failure_count
        return calm and self.limiter.in_flight == 0 and self.resting() is None

    def state(self) -> UpstreamState:
        """Return a picture of the upstream."""
        rest = self.resting()
        p95 = self.first_tokens.p95()
        calls, repeats = self.retry_budget.recent()
        return UpstreamState(
            id=self.id,
            family=self.key.family,
            breaker=self.breaker.get_state(),
            resting_ms=0 if rest is None else rest.wait_ms(),
            resting_reason="" if rest is None else rest.in_words(),
            in_flight=self.limiter.in_flight,
            limit=self.limiter.limit,
            calls=calls,
            repeats=repeats,
            first_token_p95_ms=None if p95 is None else p95 * 1000,
            headroom=self.headroom,
            headroom_at=self._headroom_at,
        )

    def _limited(self, error: RateLimitError) -> None:
        headroom = getattr(error, "headroom", None)
        if headroom is not None:
            self._keep(headroom)
        if isinstance(error, QuotaExceededError):
            self.credential_rest.begin(self._policy.quota_rest, error)
        elif error.retry_after_ms:
            self.rest.begin(min(error.retry_after_ms / 1000, self._policy.longest_rest), error)

    def _keep(self, headroom: Headroom) -> None:
        self.headroom = headroom
        self._headroom_at = self._clock.utcnow()
