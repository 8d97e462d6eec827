"""The figures at the top of the Live screen: traffic, errors, latency, tokens, money, load."""

from datetime import datetime, timedelta
from typing import Any

from console.format import THIN, count, duration, literal, money, percent
from console.overview.tiles import Tile
from router_core.types import MetricsReport, MetricTotals

__all__ = ["live_tiles"]

QUIET: dict[str, Any] = {"delta_arrow": "off", "delta_color": "gray"}
GOOD_ERRORS = 0.01


def live_tiles(report: MetricsReport, between: tuple[datetime, datetime] | None) -> list[Tile]:
    """Return the tiles, each a rate over the window, or ``between``, with what stands behind it."""
    totals = report.totals
    end = report.series[-1].start + timedelta(seconds=report.step_s) if between else report.as_of
    seconds = max(1.0, (min(end, report.as_of) - report.since).total_seconds())
    return [
        Tile("Requests", _rate(totals.requests / seconds), _quiet(f"{count(totals.requests)} in all")),
        _errors(totals),
        Tile("p95 latency", duration(totals.p95_ms), _quiet(_others(totals))),
        Tile(
            "p95 first token",
            duration(totals.first_token_p95_ms),
            _quiet(f"p50 {duration(totals.first_token_p50_ms)} of streams"),
        ),
        Tile("Tokens", _rate(totals.tokens / seconds), _quiet(f"{count(totals.output_tokens)} written")),
        _cost(totals, seconds),
        Tile(
            "Active streams",
            count(report.streams),
            _quiet(f"{count(report.in_flight)} under way, in this process"),
        ),
        Tile(
            "Cache hits",
            percent(totals.cached / totals.requests if totals.requests else None),
            _quiet(f"{count(totals.cached)} answers"),
        ),
    ]


def _errors(totals: MetricTotals) -> Tile:
    judged = totals.successes + totals.errors
    share = totals.errors / judged if judged else None
    options = _quiet(f"{count(totals.errors)} of {count(judged)} failed" if judged else "no requests yet")
    options["delta_color"] = "gray" if not totals.errors else "orange" if (share or 0) <= GOOD_ERRORS else "red"
    options["help"] = "Share of finished requests that no provider could serve; cancelled ones do not count."
    return Tile("Errors", percent(share), options)


def _cost(totals: MetricTotals, seconds: float) -> Tile:
    words = f"{money(totals.cost)} in all"
    if totals.unpriced:
        words = f"{words}, {count(totals.unpriced)} unpriced"
    return Tile("Cost per minute", literal(money(round(totals.cost * 60 / seconds))), _quiet(literal(words)))


def _others(totals: MetricTotals) -> str:
    return f"p50 {duration(totals.p50_ms)}, p99 {duration(totals.p99_ms)}"


def _rate(per_second: float) -> str:
    shown = f"{per_second:.2f}" if per_second < 10 else count(per_second)
    return f"{shown}{THIN}/s"


def _quiet(words: str) -> dict[str, Any]:
    return {"delta": words, **QUIET}
