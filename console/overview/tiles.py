"""The five figures at the top of the overview."""

from typing import Any, NamedTuple

from console.charts import lively
from console.format import THIN, count, duration, literal, money, percent
from console.status import tally, worst_colour
from router_core.types import NANO_PER_USD, MetricTotals
from signalbox.screens.views import OverviewView

__all__ = ["Tile", "tiles"]


class Tile(NamedTuple):
    """One figure, as keyword arguments of ``st.metric``; texts are Markdown."""

    label: str
    value: str
    options: dict[str, Any]


def tiles(view: OverviewView) -> list[Tile]:
    """Return the tiles: traffic, success, latency, spend, providers."""
    made = [_traffic(view), _success(view), _latency(view), _spend(view), _providers(view)]
    return made if view.report.totals.requests else [_quiet(tile) for tile in made]


def _quiet(tile: Tile) -> Tile:
    """Return ``tile`` for an hour without requests: no line to draw, and the same height as its neighbours."""
    options = {name: value for name, value in tile.options.items() if not name.startswith("chart_")}
    if not options.get("delta"):
        options |= {"delta": "no requests yet", "delta_arrow": "off", "delta_color": "gray"}
    return tile._replace(options=options)


def _traffic(view: OverviewView) -> Tile:
    metrics = view.report
    running = (metrics.as_of - metrics.series[-1].start).total_seconds() / 60
    counts = [point.totals.requests for point in metrics.series[-2:]]
    rate = counts[-1] + (counts[0] * (1 - min(running, 1.0)) if len(counts) > 1 else 0.0)
    shown = f"{rate:.1f}" if 0 < rate < 10 else count(rate)
    hour = metrics.totals.requests
    return Tile(
        "Requests per minute",
        shown,
        {
            "delta": f"{count(hour)} in 60{THIN}min",
            "delta_arrow": "off",
            "delta_color": "primary",
            "chart_data": [point.totals.requests for point in lively(metrics).series],
            "chart_type": "area",
            "help": "Over the last 60 seconds. The line shows the last hour, minute by minute.",
        },
    )


def _success(view: OverviewView) -> Tile:
    now, before = view.report.totals, view.report.previous
    share, old = _share(now), _share(before)
    failed = f"{count(now.errors)} failed" if now.errors else "none failed"
    calm = now.errors == 0 or (share or 0) >= 0.99
    options: dict[str, Any] = {
        "delta": failed if now.requests else None,
        "delta_arrow": "off",
        "delta_color": "green" if calm else "red",
        "help": "Share of the last hour's requests that got an answer; cancelled ones do not count. "
        "The bars are the failures of each minute.",
        "chart_data": [point.totals.errors for point in lively(view.report).series],
        "chart_type": "bar",
    }
    if share is not None and old is not None:
        options["delta_description"] = f"was {percent(old)}"
    return Tile("Success rate", percent(share), options)


def _latency(view: OverviewView) -> Tile:
    now, before = view.report.totals.p95_ms, view.report.previous.p95_ms
    p50 = view.report.totals.p50_ms
    options: dict[str, Any] = {
        "help": "95 of 100 answers of the last hour were complete within this time. The line is each minute's p95.",
        "chart_data": [point.totals.p95_ms or 0 for point in lively(view.report).series],
        "chart_type": "line",
    }
    if now is not None and before:
        change = now / before - 1
        slower = "orange" if change > 0.2 else "green" if change < -0.2 else "gray"
        options |= {
            "delta": f"{change * 100:+.0f}{THIN}%" if abs(change) >= 0.005 else "steady",
            "delta_arrow": "auto" if abs(change) >= 0.005 else "off",
            "delta_color": slower,
            "delta_description": "vs hour before",
        }
    elif now is not None:
        options |= {"delta": f"p50 {duration(p50)}", "delta_arrow": "off", "delta_color": "gray"}
    return Tile("p95 latency", duration(now), options)


def _spend(view: OverviewView) -> Tile:
    hour = view.report.totals.cost
    return Tile(
        "Spend today",
        literal(money(view.spent_today)),
        {
            "delta": f"{literal(money(hour))} in 60{THIN}min" if hour else None,
            "delta_arrow": "off",
            "delta_color": "gray",
            "help": "Since midnight UTC, over all processes; "
            "models without a price are not in it. "
            "The area is the spend of each minute of the last hour.",
            "chart_data": [point.totals.cost / NANO_PER_USD for point in lively(view.report).series],
            "chart_type": "area",
        },
    )


def _providers(view: OverviewView) -> Tile:
    active = [each for each in view.providers if each.state != "disabled"]
    states = [each.state for each in active]
    words, healthy = tally(states), states.count("healthy")
    return Tile(
        "Providers healthy",
        f"{healthy} of {len(active)}" if active else "none",
        {
            "delta": words or ("all well" if active else None),
            "delta_arrow": "off",
            "delta_color": worst_colour(states),
            "help": "Judged by calls and active checks; disabled ones do not count. "
            "The line counts the providers that served in each minute.",
            "chart_data": _serving(view),
            "chart_type": "line",
        },
    )


def _serving(view: OverviewView) -> list[int]:
    shown = lively(view.report)
    served = [row.series for row in shown.providers if row.name]
    return [sum(series[minute].totals.requests > 0 for series in served) for minute in range(len(shown.series))]


def _share(totals: MetricTotals) -> float | None:
    rate = totals.success_rate
    return None if rate is None else rate / 100
