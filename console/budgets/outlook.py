"""What is still to come: one budget's course with its forecast, and where every name will stand."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import streamlit as st

from console.budgets.bars import owner_of
from console.budgets.course import course_csv, course_figure, course_words
from console.budgets.sheets import Cell, sheet
from console.budgets.spending import NAMELESS
from console.charts import CHART_CONFIG
from console.format import DASH, literal, moment, money, prose, zone_of
from console.identity import require
from console.palette import paint
from console.recorder_banner import draw_unreadable
from router_core.admin.treasury import BudgetView
from router_core.budgets.outlook import Expected, OutlookRow
from router_core.cells import safe_cell
from router_core.errors import NotFoundError, OverloadedError, ValidationError
from router_core.ports import UsageBy
from router_core.types import format_usd

__all__ = ["draw_course", "draw_outlook", "outlook_csv"]

KINDS: Final[Mapping[UsageBy, str]] = {
    "provider": "Provider", "model": "Model", "use_case": "Use case", "account": "Account", "key": "API key",
    "installation": "Everything",
}  # fmt: skip
LIMIT: Final = "Limit reached"
UNPRICED: Final = "Unpriced"
# The forecast was made a moment after the screen began to be drawn.
MOMENT: Final = timedelta(minutes=1)
LIMIT_WIDTH_PX: Final = 170
_PERIODS: Final = ("day", "month")


def draw_course(views: Sequence[BudgetView], names: Mapping[str, str]) -> None:
    """Draw the course of the one of ``views`` that is chosen; another choice draws it alone anew."""
    if views:
        st.fragment(_draw_course)(views, names)


def draw_outlook(names: Mapping[str, str]) -> None:
    """Draw what is expected of every name; another choice draws it alone anew."""
    st.fragment(_draw_names)(names)


def outlook_csv(rows: Sequence[OutlookRow], kind: str, names: Mapping[str, str]) -> bytes:
    """Return every name as CSV with exact dollars; times are in UTC."""
    figures = ("spent_usd", "low_usd", "expected_usd", "high_usd", "limit_usd", "exhausted_at")
    headings = (kind, *(f"{period}_{each}" for period in _PERIODS for each in figures), "unpriced_requests")
    cells = (
        (safe_cell(_named(each, names)), *_cells(each.day), *_cells(each.month), each.unpriced) for each in rows
    )  # fmt: skip
    return sheet(headings, cells)


def _draw_course(views: Sequence[BudgetView], names: Mapping[str, str]) -> None:
    visitor = require("budgets")
    zone, now = zone_of(st.context.timezone), visitor.stage.clock.utcnow()
    words = {each.budget.id: f"{owner_of(each, names)} · {each.budget.period}" for each in views}
    st.subheader("Course of a budget", anchor=False)
    chosen = st.selectbox("Budget", list(words), format_func=words.__getitem__, key="course_budget")
    try:
        course = visitor.stage.bridge.call(visitor.stage.backend.bills.course(chosen, visitor.person))
    except OverloadedError:
        draw_unreadable("The course of a budget")
        return
    except NotFoundError:
        st.info("This budget was removed.", icon=":material/delete:")
        return
    st.plotly_chart(course_figure(course, zone, paint("red")), config=CHART_CONFIG, key=f"course_{chosen}")
    st.caption(literal(course_words(course, zone, now)))
    st.download_button(
        "CSV", course_csv(course), file_name=f"budget-{course.view.budget.scope}-{course.view.period_key}.csv",
        mime="text/csv", icon=":material/download:", key="course_csv", on_click="ignore",
    )  # fmt: skip


def _draw_names(names: Mapping[str, str]) -> None:
    visitor = require("budgets")
    zone, now = zone_of(st.context.timezone), visitor.stage.clock.utcnow()
    st.subheader("Outlook", anchor=False)
    chosen = st.segmented_control(
        "Outlook by", list(KINDS), format_func=KINDS.__getitem__, key="outlook_by", default="provider", required=True,
        label_visibility="collapsed",
    )  # fmt: skip
    kind: UsageBy = next(each for each in KINDS if each == chosen)
    supposed = st.text_input(
        "Suppose a limit for the month", key="outlook_suppose", placeholder="dollars, where there is no budget",
        autocomplete="off", width=260,
    )  # fmt: skip
    try:
        asked = visitor.stage.backend.bills.outlook(kind, visitor.person, supposed.strip() or None)
        rows = visitor.stage.bridge.call(asked)
    except OverloadedError:
        draw_unreadable("The outlook")
        return
    except ValidationError as error:
        st.error(prose(error.message), icon=":material/error:")
        return
    if not rows:
        st.info("Nothing was spent in the last 35 days.", icon=":material/savings:")
        return
    shown = names if kind == "account" else {}
    table = [_row(each, KINDS[kind], shown, zone, now) for each in rows]
    if not any(each.unpriced for each in rows):
        table = [{name: cell for name, cell in each.items() if name != UNPRICED} for each in table]
    numbers = {
        name: st.column_config.TextColumn(alignment="right") for name in table[0] if name not in (KINDS[kind], LIMIT)
    }
    numbers[LIMIT] = st.column_config.TextColumn(width=LIMIT_WIDTH_PX)
    st.dataframe(table, hide_index=True, column_config=numbers, height="content", alt=f"Outlook by {KINDS[kind]}")
    st.caption("Intervals hold the truth four times in five. At most 50 names, most spending first.")
    st.download_button(
        "CSV", outlook_csv(rows, kind, shown), file_name=f"outlook-{kind}-{now:%Y-%m-%d}.csv", mime="text/csv",
        icon=":material/download:", key="outlook_csv", on_click="ignore",
    )  # fmt: skip


def _named(row: OutlookRow, names: Mapping[str, str]) -> str:
    return names.get(row.name, row.name) or NAMELESS


def _row(row: OutlookRow, kind: str, names: Mapping[str, str], zone: ZoneInfo, now: datetime) -> dict[str, Any]:
    reached = [
        f"{'supposed' if each.supposed else word}: "
        + ("already" if each.exhausted_at <= now + MOMENT else moment(each.exhausted_at, zone, now))
        for word, each in (("day's", row.day), ("month's", row.month))
        if each.exhausted_at is not None
    ]
    return {
        kind: "all together" if kind == KINDS["installation"] else _named(row, names),
        "Today": _spent(row.day, row.unpriced),
        "By midnight": _expected(row.day),
        "Interval, day": _band(row.day),
        "This month": _spent(row.month, row.unpriced),
        "By month's end": _expected(row.month),
        "Interval, month": _band(row.month),
        LIMIT: ", ".join(reached) or DASH,
        UNPRICED: f"{row.unpriced:,}" if row.unpriced else DASH,
    }


def _spent(found: Expected, unpriced: int) -> str:
    return money(found.spent) if found.spent or not unpriced else "unpriced"


def _expected(found: Expected) -> str:
    return DASH if found.basis == "none" else money(found.expected)


def _band(found: Expected) -> str:
    return DASH if found.basis == "none" else f"{money(found.low)} to {money(found.high)}"


def _cells(found: Expected) -> tuple[Cell, ...]:
    known = found.basis != "none"
    return (
        format_usd(found.spent),
        *(format_usd(each) if known else None for each in (found.low, found.expected, found.high)),
        None if found.limit is None else format_usd(found.limit),
        None if found.exhausted_at is None else found.exhausted_at.isoformat(),
    )
