"""Every call to every provider, by the minute for two hours and by the half hour for two days."""

from datetime import UTC, datetime
from threading import Lock
from types import MappingProxyType

from msgspec import Struct

from router_core.clock import Clock
from router_core.metrics.attempt_bucket import AttemptBucket
from router_core.metrics.latency_bins import bin_of
from router_core.metrics.sliding_sum import SlidingSum
from router_core.types import SILENT_OUTCOMES, Attempt, AttemptTotals, HealthPoint, HealthWindow, RequestEvent

__all__ = ["AttemptReading", "AttemptStats", "ProviderReading"]

MINUTE_S = 60
HALF_HOUR_S = 1800
# A window and the one before it, with the step that is not over yet.
KEPT_MINUTES = 121
KEPT_HALF_HOURS = 97
# A step is closed this long after its end: until then a call that began in it may still be written down.
SETTLE_S = 2.0


class _Span(Struct, frozen=True):
    """A window: ``count`` steps of ``step_s`` seconds."""

    step_s: int
    count: int


_SPANS: MappingProxyType[HealthWindow, _Span] = MappingProxyType(
    {"15m": _Span(MINUTE_S, 15), "1h": _Span(MINUTE_S, 60), "24h": _Span(HALF_HOUR_S, 48)}
)


class ProviderReading(Struct, frozen=True):
    """One provider over a window; the series has every step, oldest first."""

    totals: AttemptTotals
    series: tuple[HealthPoint, ...]


class AttemptReading(Struct, frozen=True):
    """All calls of a window, those of the window before, and each provider that was called; ``blank`` for the rest."""

    totals: AttemptTotals
    previous: AttemptTotals
    providers: dict[str, ProviderReading]
    blank: ProviderReading

    def of(self, provider: str) -> ProviderReading:
        """Return the reading of ``provider``."""
        return self.providers.get(provider, self.blank)


class AttemptStats:
    """Counts the attempts of finished requests by provider row; a :class:`Recorder`.

    Recording belongs to one event loop; reading is safe from any thread and never makes the recorder wait.
    """

    __slots__ = ("_blanks", "_clock", "_reading", "_tracks", "_views")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._tracks: dict[str, _Track] = {}
        self._views: dict[tuple[str, HealthWindow], _View] = {}
        self._blanks: dict[tuple[int, int], HealthPoint] = {}
        self._reading = Lock()

    def record(self, event: RequestEvent) -> None:
        """Count the attempts of ``event``."""
        minute = int(self._clock.utcnow().timestamp() // MINUTE_S)
        for attempt in event.decision.attempts:
            track = self._tracks.get(attempt.provider)
            if track is None:
                track = self._tracks[attempt.provider] = _Track()
            if track.minute != minute:
                track.turn(minute)
            track.count(attempt)

    def read(self, window: HealthWindow) -> AttemptReading:
        """Return the last ``window``, the step under way included."""
        span = _SPANS[window]
        now = self._clock.utcnow().timestamp()
        last = int(now // span.step_s)
        frame = _Frame(last - span.count + 1, last, last if now - last * span.step_s >= SETTLE_S else last - 1)
        with self._reading:
            series = tuple(self._blank(span.step_s, step) for step in range(frame.first, last + 1))
            whole, before = AttemptBucket(), AttemptBucket()
            readings = {}
            for name, track in list(self._tracks.items()):
                view = self._views.get((name, window))
                if view is None:
                    view = self._views[name, window] = _View(track.buckets(span.step_s))
                now_bucket, then_bucket = view.move(frame, span.count)
                whole.add(now_bucket)
                before.add(then_bucket)
                readings[name] = ProviderReading(now_bucket.totals(), view.series(frame, series))
            self._forget(span.step_s, frame.first)
        return AttemptReading(whole.totals(), before.totals(), readings, ProviderReading(AttemptTotals(), series))

    def _blank(self, step_s: int, step: int) -> HealthPoint:
        point = self._blanks.get((step_s, step))
        if point is None:
            start = datetime.fromtimestamp(step * step_s, UTC)
            point = self._blanks[step_s, step] = HealthPoint(start=start, calls=0, failures=0, p95_ms=None)
        return point

    def _forget(self, step_s: int, first: int) -> None:
        if len(self._blanks) > 2 * (KEPT_MINUTES + KEPT_HALF_HOURS):
            self._blanks = {key: each for key, each in self._blanks.items() if key[0] != step_s or key[1] >= first}


class _Track:
    """The buckets of one provider by minute and by half hour since the epoch."""

    __slots__ = ("_half", "_minute", "halves", "minute", "minutes")

    def __init__(self) -> None:
        self.minute = -1
        self.minutes: dict[int, AttemptBucket] = {}
        self.halves: dict[int, AttemptBucket] = {}
        self._minute = self._half = AttemptBucket()

    def buckets(self, step_s: int) -> dict[int, AttemptBucket]:
        """Return the buckets of that width."""
        return self.minutes if step_s == MINUTE_S else self.halves

    def turn(self, minute: int) -> None:
        """Write into ``minute`` from now on, and drop what is too old to be asked for."""
        half = minute * MINUTE_S // HALF_HOUR_S
        self.minute = minute
        self._minute = self.minutes.setdefault(minute, AttemptBucket())
        self._half = self.halves.setdefault(half, AttemptBucket())
        for step in [each for each in self.minutes if each <= minute - KEPT_MINUTES]:
            del self.minutes[step]
        for step in [each for each in self.halves if each <= half - KEPT_HALF_HOURS]:
            del self.halves[step]

    def count(self, attempt: Attempt) -> None:
        """Count one call; only successes enter the latency figures."""
        minute, half = self._minute, self._half
        minute.calls += 1
        half.calls += 1
        outcome = attempt.outcome
        if outcome == "success":
            key = bin_of(attempt.latency_ms)
            minute.latency[key] = minute.latency.get(key, 0) + 1
            half.latency[key] = half.latency.get(key, 0) + 1
            if attempt.first_token_ms is not None:
                key = bin_of(attempt.first_token_ms)
                minute.first_token[key] = minute.first_token.get(key, 0) + 1
                half.first_token[key] = half.first_token.get(key, 0) + 1
        elif outcome != "cancelled":
            bad = outcome not in SILENT_OUTCOMES
            for bucket in (minute, half):
                bucket.errors[outcome] = bucket.errors.get(outcome, 0) + 1
                bucket.failures += bad


class _Frame(Struct, frozen=True):
    """The steps of a reading: ``first`` to ``last``; those from ``opened`` on may still change."""

    first: int
    last: int
    opened: int


class _View:
    """What a reader keeps of one provider's window, so that the next reading adds only what is new."""

    __slots__ = ("_before", "_buckets", "_points", "_sum")

    def __init__(self, buckets: dict[int, AttemptBucket]) -> None:
        self._buckets = buckets
        self._sum = SlidingSum()
        self._before = SlidingSum()
        self._points: dict[int, HealthPoint] = {}

    def move(self, frame: _Frame, count: int) -> tuple[AttemptBucket, AttemptBucket]:
        """Return the sum of the window, and that of the one before, which is not to be changed."""
        whole = AttemptBucket()
        whole.add(self._sum.move(frame.first, frame.opened, self._buckets))
        for step in range(frame.opened, frame.last + 1):
            bucket = self._buckets.get(step)
            if bucket is not None:
                whole.add(bucket)
        return whole, self._before.move(frame.first - count, frame.first, self._buckets)

    def series(self, frame: _Frame, blanks: tuple[HealthPoint, ...]) -> tuple[HealthPoint, ...]:
        """Return a point for each step; those of closed steps are made once."""
        closed = {step: point for step, point in self._points.items() if frame.first <= step < frame.opened}
        series = []
        for step, blank in enumerate(blanks, frame.first):
            point = closed.get(step)
            if point is None:
                point = self._point(step, blank)
                if step < frame.opened:
                    closed[step] = point
            series.append(point)
        self._points = closed
        return tuple(series)

    def _point(self, step: int, blank: HealthPoint) -> HealthPoint:
        bucket = self._buckets.get(step)
        if bucket is None:
            return blank
        still = AttemptBucket()
        still.add(bucket)
        return HealthPoint(start=blank.start, calls=still.calls, failures=still.failures, p95_ms=still.p95_ms())
