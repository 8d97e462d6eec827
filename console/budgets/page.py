"""Draws the Budgets screen."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import streamlit as st

from console.budgets.bars import draw_bars, nearest_first, owner_of
from console.budgets.change import offer_change
from console.budgets.overdue import draw_overdue
from console.budgets.spending import DaySpend, by_day, by_name, spend_csv, spend_figure
from console.budgets.topups import draw_topups
from console.charts import CHART_CONFIG
from console.format import count, literal, moment, money, zone_of
from console.identity import Visitor, require
from console.recorder_banner import draw_unreadable
from console.series_places import places_of
from router_core.admin.treasury import BudgetView
from router_core.errors import OverloadedError
from router_core.ports import SpendBy, SpendHour
from router_core.types import BudgetAlert

__all__ = ["draw_budgets"]

KINDS: Final[Mapping[SpendBy, str]] = {
    "provider": "Provider", "model": "Model", "use_case": "Use case", "account": "Account", "key": "API key",
}  # fmt: skip
MOST_FORECASTS: Final = 40
RANGES: Final = {"7d": 7, "30d": 30, "90d": 90}


def draw_budgets() -> None:
    """Check who is there and draw what they ask for."""
    visitor = require("budgets")
    zone, now = zone_of(st.context.timezone), visitor.stage.clock.utcnow()
    call, backend, person = visitor.stage.bridge.call, visitor.stage.backend, visitor.person
    try:
        names = call(backend.account_names(person))
        views = call(backend.budgets(person))
        alerts = call(backend.budget_alerts(person))
        # The nearest to their limits; the others are forecast when they are asked for over HTTP.
        shown = nearest_first(views, names)[:MOST_FORECASTS]
        ahead = call(backend.forecasts(person, shown))
        _spending(visitor, zone, now, names)
    except OverloadedError:
        draw_unreadable("Spending")
        return
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.subheader("Limits", anchor=False)
        offer_change(visitor, names, views)
    draw_bars(nearest_first(views, names), names, now, zone, ahead)
    _alerts(alerts, views, names, zone, now)
    draw_topups(visitor, views, names, zone, now)
    draw_overdue(visitor, names)


def _spending(visitor: Visitor, zone: ZoneInfo, now: datetime, names: Mapping[str, str]) -> None:
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        chosen = st.segmented_control(
            "By", list(KINDS), format_func=KINDS.__getitem__, key="spend_by", bind="query-params", default="provider",
            required=True, label_visibility="collapsed",
        )  # fmt: skip
        days = st.segmented_control(
            "Range", list(RANGES), key="spend_range", bind="query-params", default="30d", required=True,
            label_visibility="collapsed",
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


def _alerts(
    alerts: Sequence[BudgetAlert], views: Sequence[BudgetView], names: Mapping[str, str], zone: ZoneInfo, now: datetime
) -> None:
    st.subheader("Alerts", anchor=False)
    if not alerts:
        st.caption("No threshold of a budget was crossed.")
        return
    owners = {each.budget.pot: owner_of(each, names) for each in views}
    rows = [
        {
            "When": moment(each.at, zone, now),
            "Budget": owners.get(each.budget, "a budget that was removed"),
            "Period": each.period,
            "Crossed": f"{each.threshold} %",
            "Spent": money(each.spent),
            "Limit": money(each.limit),
        }
        for each in alerts
    ]
    st.dataframe(rows, hide_index=True, height="content", alt="Alerts of budgets, newest first")


def _named(hours: Sequence[SpendHour], names: Mapping[str, str]) -> list[SpendHour]:
    return [
        SpendHour(
            hour=each.hour, name=names.get(each.name, each.name), requests=each.requests, tokens=each.tokens,
            cost=each.cost, unpriced=each.unpriced,
        )
        for each in hours
    ]  # fmt: skip
