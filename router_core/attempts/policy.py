"""How calls are made."""

from msgspec import Struct, field

from router_core.resilience.deadline import Deadline
from router_core.resilience.retry import RetryPolicy
from router_core.resilience.upstream import UpstreamPolicy
from router_core.types import CallTimeouts, UseCasePolicy

__all__ = ["KEEP_FOR_ANSWER", "MIN_ATTEMPT", "AttemptPolicy", "call_timeouts"]

KEEP_FOR_ANSWER = 2.0
MIN_ATTEMPT = 5.0
DEFAULT_HEDGE_DELAY = 1.0
LEAST_HEDGE_DELAY = 0.05


class AttemptPolicy(Struct, frozen=True, kw_only=True):
    """What holds where a use case says nothing else. Seconds; ``voice_first_token`` is for the use case voice.

    ``hedge_delay`` is used until enough first tokens were observed, ``least_hedge_delay`` bounds it from below.
    """

    retry: RetryPolicy = field(default_factory=RetryPolicy)
    upstreams: UpstreamPolicy = field(default_factory=UpstreamPolicy)
    connect: float = 5.0
    first_token: float = 15.0
    voice_first_token: float = 4.0
    idle: float = 15.0
    hedge_delay: float = DEFAULT_HEDGE_DELAY
    least_hedge_delay: float = LEAST_HEDGE_DELAY

    def first_token_for(self, use_case: str, wish: UseCasePolicy) -> float:
        """Return the seconds that a stream of ``use_case`` may take to its first token."""
        if wish.first_token_s is not None:
            return wish.first_token_s
        return self.voice_first_token if use_case == "voice" else self.first_token


def call_timeouts(
    policy: AttemptPolicy, wish: UseCasePolicy, use_case: str, deadline: Deadline, candidates_left: int, *, whole: bool
) -> CallTimeouts:
    """Return the limits of the next call: a whole answer gets its share of what is left, a stream its waits."""
    left = deadline.remaining()
    connect = min(policy.connect if wish.connect_s is None else wish.connect_s, left)
    if whole:
        share = deadline.share(candidates_left, reserve=KEEP_FOR_ANSWER, floor=MIN_ATTEMPT)
        return CallTimeouts(connect=min(connect, share), first_token=share, idle=share, total=share)
    return CallTimeouts(
        connect=connect,
        first_token=min(policy.first_token_for(use_case, wish), left),
        idle=min(policy.idle if wish.idle_s is None else wish.idle_s, left),
        total=left,
        min_tokens_per_s=wish.min_tokens_per_s,
    )
