"""How a use case wants to be served: by whom first, when things go wrong, and when the same is asked again."""

import math
import re
from typing import Literal

from msgspec import Struct

__all__ = ["STRATEGIES", "Canary", "MidStream", "Strategy", "UseCasePolicy", "is_use_case_name"]

MidStream = Literal["fail", "resume"]
Strategy = Literal["priority", "weighted", "cheapest", "fastest", "least_busy"]
STRATEGIES: tuple[Strategy, ...] = ("priority", "weighted", "cheapest", "fastest", "least_busy")
MAX_WAIT_S = 3600.0
MAX_NAMES = 1_000
MAX_NAME = 256
MAX_WEIGHT = 1_000_000
ALL_PERCENT = 100.0
MAX_CACHE_TTL_S = 31 * 86_400
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


def is_use_case_name(text: str) -> bool:
    """Say whether ``text`` can name a use case."""
    return _NAME.fullmatch(text) is not None


class Canary(Struct, frozen=True, forbid_unknown_fields=True):
    """A provider that ``percent`` of a use case's requests go to first, and no other request does.

    Raises ``ValueError`` when ``percent`` is not above 0 and at most 100, or nobody is named.
    """

    provider: str
    percent: float

    def __post_init__(self) -> None:
        if not 0 < len(self.provider) <= MAX_NAME:
            raise ValueError("provider must be the name of one")
        if not (math.isfinite(self.percent) and 0 < self.percent <= ALL_PERCENT):
            raise ValueError("percent must be above 0 and at most 100")


class UseCasePolicy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """Waits in seconds, None for the process's own; ``min_tokens_per_s`` 0 for no minimum rate.

    ``mid_stream`` says what happens when a stream breaks off after its first token: an honest error, or the rest from
    the next candidate. ``refusal_fails_over`` asks the next candidate when a provider refuses the content. ``hedge``
    asks the next candidate too when the first token is late: after ``hedge_after_ms``, or when that is None after the
    95th percentile of what was observed.

    ``strategy`` says who is asked first: ``priority`` the first of the order, ``weighted`` one drawn by weight,
    ``cheapest`` the one with the lowest price of this request, ``fastest`` the one whose first tokens came soonest
    lately, ``least_busy`` the one that uses the smallest share of its calls at once. ``order`` names providers in the
    order in which ``priority`` asks them, and between which every other strategy chooses; those that it does not name
    follow. ``weights`` go before those of the providers' rows. ``sticky`` draws once for a conversation instead of once
    for a request. ``cache_ttl_s`` keeps answers that many seconds for equal requests of the same
    account, None for only where the request itself asks; ``cache_similarity`` from 0.5 to 1 lets the answer to a
    question that is so similar do, None for the same question alone. Raises ``ValueError`` for figures that make no
    sense.
    """

    connect_s: float | None = None
    first_token_s: float | None = None
    idle_s: float | None = None
    min_tokens_per_s: float = 0.0
    mid_stream: MidStream = "fail"
    refusal_fails_over: bool = False
    hedge: bool = False
    hedge_after_ms: int | None = None
    strategy: Strategy = "priority"
    order: tuple[str, ...] = ()
    weights: dict[str, int] = {}
    canary: Canary | None = None
    sticky: bool = False
    cache_ttl_s: int | None = None
    cache_similarity: float | None = None

    def __post_init__(self) -> None:
        for name in ("connect_s", "first_token_s", "idle_s"):
            value = getattr(self, name)
            if value is not None and not 0 < value <= MAX_WAIT_S:
                raise ValueError(f"{name} must be above 0 and at most {MAX_WAIT_S:g} seconds")
        if not 0 <= self.min_tokens_per_s <= 1_000:
            raise ValueError("min_tokens_per_s must be within 0 and 1000")
        if self.hedge_after_ms is not None and not 1 <= self.hedge_after_ms <= 60_000:
            raise ValueError("hedge_after_ms must be within 1 and 60000")
        if self.cache_ttl_s is not None and not 1 <= self.cache_ttl_s <= MAX_CACHE_TTL_S:
            raise ValueError(f"cache_ttl_s must be within 1 and {MAX_CACHE_TTL_S} seconds")
        if self.cache_similarity is not None and not 0.5 <= self.cache_similarity <= 1:
            raise ValueError("cache_similarity must be within 0.5 and 1")
        self._check_names()

    @property
    def keeps_default_order(self) -> bool:
        """Whether candidates stand as they do where nobody says anything about their order."""
        return self.strategy == "priority" and not self.order and self.canary is None

    def _check_names(self) -> None:
        if len(self.order) > MAX_NAMES or len(self.weights) > MAX_NAMES:
            raise ValueError(f"order and weights may each name at most {MAX_NAMES} providers")
        if not all(0 < len(name) <= MAX_NAME for name in (*self.order, *self.weights)):
            raise ValueError(f"order and weights must name providers, each in at most {MAX_NAME} characters")
        if len(set(self.order)) < len(self.order):
            raise ValueError("order must name each provider once")
        if any(not 0 <= weight <= MAX_WEIGHT for weight in self.weights.values()):
            raise ValueError(f"weights must be within 0 and {MAX_WEIGHT}")
