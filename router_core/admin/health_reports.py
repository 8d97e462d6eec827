"""Assembles the health board as operators read it, out of what is in memory."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from router_core.clock import Clock
from router_core.health.board import HealthBoard, HealthRow
from router_core.health.transition_tail import TransitionTail
from router_core.health.uptime import UptimeHistory
from router_core.metrics.attempt_stats import AttemptReading, AttemptStats
from router_core.ports import ConfigSource
from router_core.selection import select
from router_core.types import (
    DrillReport,
    HealthReport,
    HealthWindow,
    HealthWord,
    LLMRequest,
    ProbeSpend,
    ProviderReport,
    Snapshot,
    UptimeTick,
)

__all__ = ["HealthParts", "HealthReports"]

WORST_FIRST: tuple[HealthWord, ...] = ("down", "failing", "recovering", "unknown", "healthy", "disabled")
_CANNOT_SERVE: frozenset[HealthWord] = frozenset({"down", "disabled"})


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthParts:
    """What :class:`HealthReports` reads; all of it in memory, all of it safe to be read from another thread."""

    config: ConfigSource
    board: HealthBoard
    stats: AttemptStats
    uptime: UptimeHistory
    transitions: TransitionTail
    probes: Callable[[], ProbeSpend]
    drills: Callable[[], Sequence[DrillReport]]
    clock: Clock


class HealthReports:
    """Tells the state of every provider over a window."""

    __slots__ = ("_parts",)

    def __init__(self, parts: HealthParts) -> None:
        self._parts = parts

    def report(self, window: HealthWindow) -> HealthReport:
        """Return the whole board, worst provider first; may be called from another thread."""
        parts = self._parts
        rows = {row.provider.name: row for row in parts.board.rows()}
        reading, snapshot = parts.stats.read(window), parts.config.snapshot()
        reports = [self._provider(row, reading, rows, snapshot) for row in rows.values()]
        return HealthReport(
            window=window,
            as_of=parts.clock.utcnow(),
            totals=reading.totals,
            previous=reading.previous,
            providers=tuple(sorted(reports, key=_badness)),
            transitions=tuple(parts.transitions.recent()),
            drills=tuple(parts.drills()),
            probes=parts.probes(),
        )

    def _provider(
        self, row: HealthRow, reading: AttemptReading, rows: Mapping[str, HealthRow], snapshot: Snapshot
    ) -> ProviderReport:
        seen = reading.of(row.provider.name)
        uptime = self._parts.uptime.ticks(row.provider.name)
        heights = [point.p95_ms for point in seen.series if point.p95_ms is not None]
        successors = _successors(row, rows, snapshot)
        return ProviderReport(
            provider=row.provider.name,
            kind=row.provider.kind,
            model=row.provider.model,
            word=row.word,
            since=row.since,
            upstream=row.upstream,
            last_check=row.last_check,
            last_error=row.error,
            totals=seen.totals,
            series=seen.series,
            median_p95_ms=median(heights) if heights else None,
            uptime=uptime,
            uptime_share=_share(uptime),
            takes_over=next((each for each in successors.values() if each is not None), None),
            stranded=tuple(use_case for use_case, each in successors.items() if each is None),
        )


def _badness(report: ProviderReport) -> tuple[int, float, str]:
    share = report.totals.failures / report.totals.calls if report.totals.calls else 0.0
    return WORST_FIRST.index(report.word), -share, report.provider


def _share(ticks: Sequence[UptimeTick]) -> float | None:
    good, bad = sum(tick.good for tick in ticks), sum(tick.bad for tick in ticks)
    return good / (good + bad) if good + bad else None


def _successors(row: HealthRow, rows: Mapping[str, HealthRow], snapshot: Snapshot) -> dict[str, str | None]:
    """Return who serves each use case of ``row`` in its place, None where nobody can."""
    if row.word == "disabled":
        return {}
    return {use_case: _successor(use_case, row, rows, snapshot) for use_case in row.provider.use_cases}


def _successor(use_case: str, row: HealthRow, rows: Mapping[str, HealthRow], snapshot: Snapshot) -> str | None:
    """Return the first candidate for ``use_case`` that can serve and has another upstream than ``row``."""
    request = LLMRequest(prompt="", use_case=use_case, temperature=None)
    plan = select(request, snapshot, row.provider.account_id, lambda _: None)
    for candidate in plan.candidates:
        other = rows.get(candidate.provider.name)
        if other is None or other.upstream is None or other.word in _CANNOT_SERVE:
            continue
        if other is row or (row.upstream is not None and row.upstream.id == other.upstream.id):
            continue
        return other.provider.name
    return None
