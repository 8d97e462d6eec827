"""What was saved: by routing, by the providers' prompt caches, by our own; as tiles, by day, and as CSV."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

import streamlit as st

from console.budgets.sheets import sheet
from console.charts import CHART_CONFIG, DOLLAR_TICKS, Figure, chart_layout, series_colour
from console.format import count, literal, money, zone_of
from console.identity import require
from console.recorder_banner import draw_unreadable
from router_core.cells import safe_cell
from router_core.cost.savings import DaySavings, Savings
from router_core.errors import OverloadedError
from router_core.types import NANO_PER_USD, NanoUSD, format_usd

__all__ = ["draw_savings", "savings_csv", "savings_figure"]

RANGES: Final = {"7d": 7, "30d": 30, "90d": 90}
KINDS: Final = {"routing": "Routing", "prompt_caching": "Prompt caching", "own_cache": "Response cache"}
_COLUMNS: Final = ("rated", "spent", "dearest", "routing", "prompt_caching", "own_cache", "cached", "left_out")
_AMOUNTS: Final = frozenset({"spent", "dearest", "routing", "prompt_caching", "own_cache"})


def draw_savings() -> None:
    """Draw the part of the screen that says what was saved; its own range draws it alone anew."""
    st.fragment(_draw)()


def savings_figure(days: Sequence[DaySavings], first: date, last: date) -> Figure:
    """Return dollars saved a day, stacked by how; what cost more than it saved is below the line."""
    whole = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    known = {each.day: each for each in days}
    traces = [
        {
            "type": "bar",
            "name": name,
            "x": [day.isoformat() for day in whole],
            "y": [getattr(known.get(day, _NOTHING), field) / NANO_PER_USD for day in whole],
            "marker": {"color": series_colour(place), "line": {"width": 0}},
            "hovertemplate": "$%{y:,.6f}",
        }
        for place, (field, name) in enumerate(KINDS.items())
    ]
    layout = chart_layout()
    layout["xaxis"] |= {"tickformat": "%d %b", "hoverformat": "%a %d %b"}
    layout["yaxis"] |= DOLLAR_TICKS
    return {"data": traces, "layout": {**layout, "barmode": "relative", "bargap": 0.22}}


def savings_csv(found: Savings) -> bytes:
    """Return every day as CSV with exact dollars."""
    headings = (
        "day",
        "dearest_model",
        *(f"{name}_usd" if name in _AMOUNTS else f"{name}_requests" for name in _COLUMNS),
    )
    model = safe_cell(found.dearest_model or "")
    return sheet(headings, ([each.day, model, *(_cell(each, name) for name in _COLUMNS)] for each in found.days))


_NOTHING: Final = DaySavings()


def _cell(day: DaySavings, name: str) -> str | int:
    amount: int = getattr(day, name)
    return format_usd(amount) if name in _AMOUNTS else amount


def _draw() -> None:
    visitor = require("budgets")
    zone, now = zone_of(st.context.timezone), visitor.stage.clock.utcnow()
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.subheader("Savings", anchor=False)
        chosen = st.segmented_control(
            "Range of savings", list(RANGES), key="savings_range", default="30d", required=True,
            label_visibility="collapsed",
        )  # fmt: skip
    try:
        found = visitor.stage.bridge.call(visitor.stage.backend.bills.savings(RANGES[chosen], visitor.person, zone))
    except OverloadedError:
        draw_unreadable("Savings")
        return
    _tiles(found)
    if not found.days:
        st.info("Nothing was asked in this range.", icon=":material/savings:")
        return
    last = now.astimezone(zone).date()
    first = last - timedelta(days=RANGES[chosen] - 1)
    figure = savings_figure(found.days, first, last)
    st.plotly_chart(figure, config=CHART_CONFIG, key=f"savings_{first}_{last}")
    st.download_button(
        "CSV", savings_csv(found), file_name=f"savings-{first}-{last}.csv", mime="text/csv",
        icon=":material/download:", key="savings_csv", on_click="ignore",
    )  # fmt: skip


def _tiles(found: Savings) -> None:
    total = found.total
    model = found.dearest_model
    against = "No active model has a price to compare with." if model is None else (
        f"{total.rated:,} requests cost {literal(money(total.spent))}; on {literal(model)} alone, the dearest active "
        f"model, the same tokens would have cost {literal(money(total.dearest))}."
    )  # fmt: skip
    kept = f"{total.cached:,} requests were answered from our own cache."
    if total.cached and not total.own_cache:
        kept += " What they would have used is not on record."
    with st.container(horizontal=True):
        st.metric("Saved by routing", literal(_signed(total.routing)), border=True, help=against)
        st.metric(
            "Saved by prompt caching", literal(_signed(total.prompt_caching)), border=True,
            help="What cached tokens cost less than fresh ones, less what writing them cost more.",
        )  # fmt: skip
        st.metric("Saved by the response cache", literal(_signed(total.own_cache)), border=True, help=kept)
        st.metric("Answered from it", count(total.cached), border=True)
        if total.left_out:
            st.metric("Unpriced requests", count(total.left_out), border=True, help="They are in no figure here.")
    st.caption(against)


def _signed(amount: NanoUSD) -> str:
    return f"-{money(-amount)}" if amount < 0 else money(amount)
