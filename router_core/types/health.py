"""The health board as operators read it."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

from router_core.types.breaker import BreakerTransition
from router_core.types.drill import DrillReport
from router_core.types.money import NanoUSD
from router_core.types.upstream import UpstreamState

__all__ = [
    "SILENT_OUTCOMES",
    "AttemptTotals",
    "HealthPoint",
    "HealthReport",
    "HealthWindow",
    "HealthWord",
    "ProbeSpend",
    "ProviderReport",
    "UptimeTick",
]

HealthWord = Literal["healthy", "failing", "recovering", "down", "unknown", "disabled"]
HealthWindow = Literal["15m", "1h", "24h"]

# Outcomes of a call that say nothing about the provider's health.
SILENT_OUTCOMES = frozenset({"cancelled", "INTERNAL_ERROR", "VALIDATION_ERROR", "TOKEN_LIMIT_EXCEEDED", "RATE_LIMIT"})


class AttemptTotals(Struct, frozen=True, kw_only=True, rename="camel"):
    """The calls to one provider, or to all, over a window. Times in milliseconds, None without samples.

    ``failures`` are the calls that speak against the provider; ``errors`` counts every bad outcome by its code.
    """

    calls: int = 0
    failures: int = 0
    errors: dict[str, int] = {}
    p50_ms: float | None = None
    p95_ms: float | None = None
    p99_ms: float | None = None
    first_token_p50_ms: float | None = None
    first_token_p95_ms: float | None = None
    first_token_p99_ms: float | None = None


class HealthPoint(Struct, frozen=True, kw_only=True, rename="camel"):
    """One step of a series; ``start`` is its first second in UTC."""

    start: datetime
    calls: int
    failures: int
    p95_ms: float | None


class UptimeTick(Struct, frozen=True, kw_only=True, rename="camel"):
    """Half an hour of a provider: good and bad signs, from traffic and from active checks. Both 0: nothing is known."""

    start: datetime
    good: int
    bad: int


class ProbeSpend(Struct, frozen=True, kw_only=True, rename="camel"):
    """What active checks cost since midnight UTC, in nano-dollars, beside their cap."""

    checks: int
    cost: NanoUSD
    cap: NanoUSD


class ProviderReport(Struct, frozen=True, kw_only=True, rename="camel"):
    """One provider row. ``upstream`` is None while it has no key; ``since`` is when ``word`` began to hold, if known.

    ``totals`` and ``series`` cover the window, ``median_p95_ms`` is the median of the series; ``uptime`` has 48 ticks
    of 24 hours, oldest first, ``uptime_share`` within [0, 1] or None. ``takes_over`` is who serves while this one
    cannot, None when nobody can; ``stranded`` are its use cases that nobody else serves.
    """

    provider: str
    kind: str
    model: str
    word: HealthWord
    since: datetime | None
    upstream: UpstreamState | None
    last_check: datetime | None
    last_error: str | None
    totals: AttemptTotals
    series: tuple[HealthPoint, ...]
    median_p95_ms: float | None
    uptime: tuple[UptimeTick, ...]
    uptime_share: float | None
    takes_over: str | None = None
    stranded: tuple[str, ...] = ()


class HealthReport(Struct, frozen=True, kw_only=True, rename="camel"):
    """The whole board, worst provider first. ``transitions`` are newest first."""

    window: HealthWindow
    as_of: datetime
    totals: AttemptTotals
    previous: AttemptTotals
    providers: tuple[ProviderReport, ...]
    transitions: tuple[BreakerTransition, ...]
    drills: tuple[DrillReport, ...]
    probes: ProbeSpend
