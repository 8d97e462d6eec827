"""The metrics of this process: minute buckets for each provider, kept for three hours."""

from datetime import date, datetime, timedelta

from msgspec import Struct

from router_core.clock import Clock
from router_core.metrics.minute import Minute, Sample, Totals
from router_core.types import NANO_PER_USD, NanoUSD, RequestEvent, parse_usd

__all__ = ["DetailedMetrics", "MetricsCollector", "MinutePoint", "Overview", "ProviderOverview"]

KEPT_MINUTES = 180
UNSERVED = "unserved"

Buckets = dict[datetime, dict[str, Minute]]


class MinutePoint(Struct, frozen=True):
    """One minute of a series; ``start`` is its first second in UTC."""

    start: datetime
    totals: Totals


class ProviderOverview(Struct, frozen=True):
    """One provider over a window; ``provider`` is ``"unserved"`` for requests that no provider answered."""

    provider: str
    totals: Totals
    series: tuple[MinutePoint, ...]


class Overview(Struct, frozen=True, kw_only=True):
    """Everything over a window; series have one point a minute, oldest first, gaps included."""

    window_minutes: int
    as_of: datetime
    totals: Totals
    previous: Totals
    series: tuple[MinutePoint, ...]
    providers: tuple[ProviderOverview, ...]
    spent_today: NanoUSD


class DetailedMetrics(Struct, frozen=True, kw_only=True):
    """The original system's figures for one provider, or for ``"all"``. Cost in dollars, rate in percent."""

    provider: str
    request_count: int
    success_count: int
    failure_count: int
    total_tokens: int
    total_cost: float
    avg_latency_ms: float
    success_rate: float
    avg_tokens_per_request: float
    avg_cost_per_request: float
    last_updated: datetime


class MetricsCollector:
    """Counts finished requests. It belongs to one event loop; reading it from another thread is safe."""

    __slots__ = ("_clock", "_closed", "_forgotten", "_minutes", "_spent")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._minutes: Buckets = {}
        self._closed: dict[tuple[datetime, str | None], MinutePoint] = {}
        self._forgotten: dict[str, Minute] = {}
        self._spent: dict[date, NanoUSD] = {}

    def record(self, event: RequestEvent) -> None:
        """Count ``event``."""
        sample = Sample(
            outcome=event.status,
            latency_ms=event.latency_ms,
            first_token_ms=event.first_token_ms,
            tokens=event.usage.total_tokens,
            cost=event.cost or 0,
        )
        self._add(event.provider or UNSERVED, sample)

    def record_success(self, provider: str, latency_ms: float, tokens: int, cost_usd: float) -> None:
        """Count a success, in the original system's terms."""
        cost = parse_usd(repr(cost_usd))
        self._add(provider, _plain_sample("success", latency_ms, tokens, cost))

    def record_failure(self, provider: str, latency_ms: float, error: BaseException) -> None:  # noqa: ARG002 - the original's signature
        """Count a failure, in the original system's terms."""
        self._add(provider, _plain_sample("error", latency_ms, 0, 0))

    def overview(self, window_minutes: int = 60) -> Overview:
        """Return the last ``window_minutes`` (at most 90), the current minute included, beside the ones before."""
        now = self._clock.utcnow()
        last = _minute_of(now)
        minutes = dict(self._minutes)
        window = [last - timedelta(minutes=back) for back in range(window_minutes - 1, -1, -1)]
        before = [start - timedelta(minutes=window_minutes) for start in window]
        names = sorted({name for start in window for name in list(minutes.get(start, {}))})
        return Overview(
            window_minutes=window_minutes,
            as_of=now,
            totals=_sum(minutes, window).totals(),
            previous=_sum(minutes, before).totals(),
            series=self._series(minutes, window, None),
            providers=tuple(
                ProviderOverview(name, _sum(minutes, window, name).totals(), self._series(minutes, window, name))
                for name in names
            ),
            spent_today=self._spent.get(now.date(), 0),
        )

    def get_all_detailed_metrics(self) -> list[DetailedMetrics]:
        """Return the figures of every provider since the process started."""
        now = self._clock.utcnow()
        return [_detailed(name, minute.totals(), now) for name, minute in sorted(self._since_start().items())]

    def get_aggregated_metrics(self) -> DetailedMetrics:
        """Return the figures of all providers together since the process started."""
        merged = Minute().merge(self._since_start().values())
        return _detailed("all", merged.totals(), self._clock.utcnow())

    def _series(self, minutes: Buckets, window: list[datetime], provider: str | None) -> tuple[MinutePoint, ...]:
        """Return a point a minute; all but the newest minute are final and kept."""
        points = []
        for start in window:
            point = self._closed.get((start, provider))
            if point is None:
                point = MinutePoint(start, _sum(minutes, [start], provider).totals())
                if start != window[-1]:
                    self._closed[start, provider] = point
            points.append(point)
        return tuple(points)

    def _add(self, provider: str, sample: Sample) -> None:
        now = self._clock.utcnow()
        start = _minute_of(now)
        bucket = self._minutes.get(start)
        if bucket is None:
            bucket = self._minutes[start] = {}
            self._forget(start)
        bucket.setdefault(provider, Minute()).add(sample)
        if sample.cost:
            self._spent[now.date()] = self._spent.get(now.date(), 0) + sample.cost

    def _since_start(self) -> dict[str, Minute]:
        """Return everything by provider: what was forgotten minute by minute, and the minutes still kept."""
        merged: dict[str, Minute] = {}
        for bucket in (self._forgotten, *list(self._minutes.values())):
            for provider, minute in list(bucket.items()):
                merged.setdefault(provider, Minute()).merge([minute])
        return merged

    def _forget(self, newest: datetime) -> None:
        oldest = newest - timedelta(minutes=KEPT_MINUTES)
        for start in [each for each in list(self._minutes) if each < oldest]:
            for provider, minute in self._minutes.pop(start).items():
                self._forgotten.setdefault(provider, Minute()).merge([minute])
        for key in [each for each in list(self._closed) if each[0] < oldest]:
            del self._closed[key]
        for day in [each for each in self._spent if each < newest.date() - timedelta(days=1)]:
            del self._spent[day]


def _plain_sample(outcome: str, latency_ms: float, tokens: int, cost: NanoUSD) -> Sample:
    return Sample(outcome=outcome, latency_ms=latency_ms, first_token_ms=None, tokens=tokens, cost=cost)


def _minute_of(instant: datetime) -> datetime:
    return instant.replace(second=0, microsecond=0)


def _sum(minutes: Buckets, window: list[datetime], provider: str | None = None) -> Minute:
    merged = Minute()
    for start in window:
        bucket = minutes.get(start, {})
        merged.merge(list(bucket.values()) if provider is None else [bucket[provider]] if provider in bucket else [])
    return merged


def _detailed(provider: str, totals: Totals, now: datetime) -> DetailedMetrics:
    successes = totals.requests - totals.errors - totals.cancelled
    cost = totals.cost / NANO_PER_USD
    return DetailedMetrics(
        provider=provider,
        request_count=totals.requests,
        success_count=successes,
        failure_count=totals.errors,
        total_tokens=totals.tokens,
        total_cost=cost,
        avg_latency_ms=totals.mean_ms or 0.0,
        success_rate=totals.success_rate or 0.0,
        avg_tokens_per_request=totals.tokens / totals.requests if totals.requests else 0.0,
        avg_cost_per_request=cost / totals.requests if totals.requests else 0.0,
        last_updated=now,
    )
