"""What was spent, as the screen shows it."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import streamlit as st

from console.budgets.spending import DaySpend, by_day, by_name, spend_csv, spend_figure
from console.charts import CHART_CONFIG
from console.format import count, literal, money
from console.identity import Visitor
from console.series_places import places_of
from router_core.ports import SpendBy, SpendHour

__all__ = ["draw_spending"]

KINDS: Final[Mapping[SpendBy, str]] = {
    "provider": "Provider", "model": "Model", "use_case": "Use case", "account": "Account", "key": "API key",
}  # fmt: skip
RANGES: Final = {"7d": 7, "30d": 30, "90d": 90}


def draw_spending(visitor: Visitor, names: Mapping[str, str], zone: ZoneInfo, now: datetime) -> None:
    """Draw what was spent in a range of days, by one kind of name: figures, chart, table, CSV."""
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.subheader("Spending", anchor=False)
        days = st.segmented_control(
            "Range", list(RANGES), key="spend_range", bind="query-params", default="30d", required=True,
            label_visibility="collapsed",
        )  # fmt: skip
    chosen = st.segmented_control(
        "By", list(KINDS), format_func=KINDS.__getitem__, key="spend_by", bind="query-params", default="provider",
        required=True, label_visibility="collapsed",
    )  # fmt: skip
    kind: SpendBy = next(each for each in KINDS if each == chosen)
    last = now.astimezone(zone).date()
    first = last - timedelta(days=RANGES[days] - 1)
    since = datetime.combine(first, time(), zone)
    hours = visitor.stage.bridge.call(visitor.stage.backend.spending(visitor.person, kind, since, now))
    hours = hours if kind != "account" else _named(hours, names)
    _tiles(hours, zone, last, days)
    spent = by_day(hours, zone)
    if not spent:
        st.info("Nothing was spent in this range.", icon=":material/savings:")
        return
    _chart(spent, first, last, kind)
    _table(by_name(hours), spent, kind, first, last)


def _tiles(hours: Sequence[SpendHour], zone: ZoneInfo, today: date, days: str) -> None:
    whole = sum(each.cost for each in hours)
    of_today = sum(each.cost for each in hours if each.hour.astimezone(zone).date() == today)
    of_month = [each for each in hours if each.hour.astimezone(zone).date() >= today.replace(day=1)]
    unpriced = sum(each.unpriced for each in hours)
    requests = sum(each.requests for each in hours)
    with st.container(horizontal=True):
        st.metric("Today", literal(money(of_today)), border=True)
        if RANGES[days] >= today.day:
            st.metric("This month", literal(money(sum(each.cost for each in of_month))), border=True)
        st.metric(f"Last {days}", literal(money(whole)), border=True)
        st.metric("Requests", count(requests), border=True)
        if unpriced:
            st.metric("Unpriced requests", count(unpriced), border=True, help="No price is known; no sum has them.")


def _chart(spent: Sequence[DaySpend], first: date, last: date, kind: SpendBy) -> None:
    places = places_of("key" if kind == "key" else kind, (each.name for each in spent))
    st.plotly_chart(spend_figure(spent, first, last, places), config=CHART_CONFIG, key=f"spend_{kind}_{first}")


def _table(names: Sequence[DaySpend], days: Sequence[DaySpend], kind: SpendBy, first: date, last: date) -> None:
    whole = sum(each.cost for each in names)
    rows: list[dict[str, Any]] = [
        {
            KINDS[kind]: each.name,
            "Requests": count(each.requests),
            "Tokens": count(each.tokens),
            "Cost": money(each.cost) if each.cost or not each.unpriced else "unpriced",
            "Share": f"{100 * each.cost / whole:.1f} %" if whole else "",
        }
        for each in names
    ]
    numbers = {name: st.column_config.TextColumn(alignment="right") for name in ("Requests", "Tokens", "Cost", "Share")}
    st.dataframe(rows, hide_index=True, column_config=numbers, height="content", alt=f"Spending by {KINDS[kind]}")
    st.download_button(
        "CSV", spend_csv(days, kind), file_name=f"spending-{kind}-{first}-{last}.csv", mime="text/csv",
        icon=":material/download:", key="spend_csv", on_click="ignore",
    )  # fmt: skip


def _named(hours: Sequence[SpendHour], names: Mapping[str, str]) -> list[SpendHour]:
    return [
        SpendHour(
            hour=each.hour, name=names.get(each.name, each.name), requests=each.requests, tokens=each.tokens,
            cost=each.cost, unpriced=each.unpriced,
        )
        for each in hours
    ]  # fmt: skip
