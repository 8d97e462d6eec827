"""What passes between the router and its cache of answers, and what a cache says about itself."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

from router_core.types.plan import CacheOutcome, Plan
from router_core.types.provider_call import ProviderAnswer, ProviderPart
from router_core.types.request import LLMRequest
from router_core.types.response import StepEnd, ToolOutput

__all__ = ["AnswerPart", "CacheCounts", "CacheMatch", "CacheReport", "CacheStats", "Question", "Served", "StepPart"]


class Question(Struct, frozen=True, kw_only=True):
    """What the cache is asked: the request, who pays for it, the use case that it counts as, and where it may go."""

    request: LLMRequest
    account_id: str | None
    use_case: str
    plan: Plan
    streamed: bool


class Served(Struct, frozen=True):
    """Where an answer that passes through the cache comes from, ahead of its parts.

    ``similarity`` is how similar the question is that it answered, None for the same one.
    """

    outcome: CacheOutcome
    provider: str
    model: str
    similarity: float | None = None


AnswerPart = Served | ProviderAnswer | ProviderPart
# Of an answer that takes several steps.
StepPart = AnswerPart | ToolOutput | StepEnd


class CacheMatch(Struct, frozen=True, kw_only=True, rename="camel"):
    """A question that was answered with the answer to another one; texts are there where the account's may be kept.

    ``similarity`` is within 0 and 1; ``wrong`` that somebody said it should not have been.
    """

    id: str
    at: datetime
    account_id: str | None
    use_case: str
    asked: str | None
    answered: str | None
    similarity: float
    wrong: bool = False


class CacheStats(Struct, frozen=True, kw_only=True, rename="camel"):
    """How a cache is doing in this process, in the original system's terms; ``size_bytes`` includes keys.

    ``entries`` and ``size_bytes`` are None where only a whole scan could tell. A ``fault`` is a look or a write that
    the cache's server gave no good answer to; a look counts as a miss too. ``evicted`` made room for others.
    """

    kind: Literal["memory", "redis", "snapshot"]
    hits: int
    misses: int
    sets: int
    entries: int | None
    size_bytes: int | None
    limit_bytes: int | None = None
    evicted: int = 0
    faults: int = 0

    @property
    def hit_rate(self) -> float:
        """The share of looks that found something, 0 to 1."""
        looks = self.hits + self.misses
        return self.hits / looks if looks else 0.0


class CacheCounts(Struct, frozen=True, kw_only=True, rename="camel"):
    """Requests in this process since it began, and what the cache had for them.

    ``shared`` ones got the answer of a call that was under way, or were to; ``passed`` did not ask. ``kept`` answers
    were stored, ``unfit`` ones were not: cut or refused ones, and ones that are too large. ``rejected`` entries could
    not be opened: tampered with, of another tenant or version; they count as misses. ``similar`` hits answered a
    question in other words, ``wrong`` of them should not have. ``handed_over`` followers asked again, since what ended
    a call concerned only who began it. ``flights`` are under way.
    """

    hits: int = 0
    misses: int = 0
    shared: int = 0
    passed: int = 0
    kept: int = 0
    unfit: int = 0
    rejected: int = 0
    similar: int = 0
    wrong: int = 0
    handed_over: int = 0
    flights: int = 0


class CacheReport(Struct, frozen=True, kw_only=True, rename="camel"):
    """The cache of answers as the answering process sees it: what requests met, and how its store is doing."""

    answers: CacheCounts
    store: CacheStats
