"""Where a request may go, and where it went: the plan, its attempts and the decision trace."""

from typing import Literal

from msgspec import UNSET, Struct, UnsetType

from router_core.types.config import ProviderConfig
from router_core.types.money import NanoUSD
from router_core.types.tools import ToolRun
from router_core.types.usage import Usage
from router_core.types.use_case import UseCasePolicy

__all__ = [
    "Attempt",
    "CacheOutcome",
    "CallReason",
    "Candidate",
    "Considered",
    "Decision",
    "DropCode",
    "Dropped",
    "Plan",
]

DropCode = Literal[
    "inactive", "flag_off", "vision", "tools", "json_schema", "temperature", "context", "no_key", "breaker_open",
    "resting", "saturated", "limited", "scope", "protocol",
]  # fmt: skip

# ``other_key`` asks the same row again with another of its keys.
CallReason = Literal["first", "repeat", "other_key", "failover", "hedge", "resume"]

# A kept answer, an answer that had to be asked for, or one that another request was getting already.
CacheOutcome = Literal["hit", "miss", "shared"]


class Candidate(Struct, frozen=True):
    """A provider that may serve the request: its effective ``max_tokens`` and why it stands where it stands."""

    provider: ProviderConfig
    max_tokens: int
    reason: str


class Dropped(Struct, frozen=True):
    """A provider that may not serve the request, and why."""

    provider: ProviderConfig
    code: DropCode
    reason: str


class Plan(Struct, frozen=True):
    """Ordered candidates, best first, and the dropped rest. ``estimated_input_tokens`` is an upper estimate.

    ``policy`` is how the request's use case wants to be served.
    """

    candidates: tuple[Candidate, ...]
    dropped: tuple[Dropped, ...]
    estimated_input_tokens: int
    policy: UseCasePolicy = UseCasePolicy()


class Attempt(Struct, frozen=True, kw_only=True, rename="camel"):
    """One call to a provider. ``outcome`` is ``"success"``, ``"cancelled"`` or an error code; times in milliseconds.

    ``reason`` says why it was made, ``step`` for which step of the answer, ``waited_for`` what a timeout waited for.
    ``usage`` is what the call used, None for nothing; of one that gave no whole answer it is what it is taken to have
    used all the same. ``cost_nano`` is what that cost in nano-dollars, None for a model without a price, and ``price``
    the version of the price.
    """

    number: int
    provider: str
    model: str
    outcome: str
    latency_ms: float
    started_ms: float = 0.0
    first_token_ms: float | None = None
    status: int | None = None
    error: str | None = None
    reason: CallReason = "first"
    waited_for: str | None = None
    usage: Usage | None = None
    cost_nano: NanoUSD | None = 0
    price: str = ""
    step: int = 1


class Considered(Struct, frozen=True, kw_only=True, rename="camel"):
    """One line of the decision trace: a provider, whether it was kept, and why."""

    provider: str
    model: str
    kept: bool
    reason: str


class Decision(Struct, frozen=True, kw_only=True, rename="camel"):
    """Why the request went where it went.

    ``cache`` is not there when the cache was not asked, nor is ``similarity`` unless the answer is that to a similar
    question, nor ``tools``, the runs of tools that ran here in the order in which they ended, unless one did.
    """

    use_case: str
    revision: int
    estimated_input_tokens: int
    considered: tuple[Considered, ...]
    attempts: tuple[Attempt, ...] = ()
    cache: CacheOutcome | UnsetType = UNSET
    similarity: float | UnsetType = UNSET
    tools: tuple[ToolRun, ...] | UnsetType = UNSET
