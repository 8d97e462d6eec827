"""The report of what a period would have cost by the price book as it is now."""

import csv
import io
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import streamlit as st

from console.format import DASH, count, literal, money, prose
from console.identity import Visitor, require
from router_core.admin.price_desk import RatedRow, ReratingReport
from router_core.errors import LLMError
from router_core.types import format_usd

__all__ = ["draw_rerating", "rerating_csv"]

KEPT_KEY: Final = "rerating_report"
DEFAULT_DAYS: Final = 30


def draw_rerating(visitor: Visitor, names: Mapping[str, str], zone: ZoneInfo, now: datetime) -> None:
    """Draw the choice of a period, and the report once it was asked for."""
    with st.expander("Rate a past period again", icon=":material/history:"):
        st.caption("What the requests of a period would have cost by the book as it is now. Nothing is changed.")
        today = now.astimezone(zone).date()
        with st.container(horizontal=True, vertical_alignment="bottom"):
            chosen = st.date_input(
                "Period", value=(today - timedelta(days=DEFAULT_DAYS - 1), today), max_value=today, key="rerating_days",
                format="YYYY-MM-DD",
            )  # fmt: skip
            asked = st.button("Rate again", key="rerating_do", disabled=len(_days(chosen)) < 2)
        if asked:
            _rate(visitor, _days(chosen), zone)
        report = st.session_state.get(KEPT_KEY)
        if report is not None:
            _draw(report, names)


def rerating_csv(report: ReratingReport) -> bytes:
    """Return the report as CSV with exact dollars."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\r\n")
    rows.writerow(("account", "provider", "model", "requests", "charged_usd", "rated_usd", "unrated", "unrated_usd"))
    for each in report.rows:
        whom, sums = each.group, each.sums
        rows.writerow((
            whom.account_id, whom.provider, whom.model, sums.requests, format_usd(sums.charged), format_usd(sums.rated),
            sums.unrated, format_usd(sums.unrated_charged),
        ))  # fmt: skip
    return out.getvalue().encode()


def _days(chosen: Any) -> tuple[date, ...]:
    return tuple(chosen) if isinstance(chosen, tuple) else ()


def _rate(visitor: Visitor, days: tuple[date, ...], zone: ZoneInfo) -> None:
    since = datetime.combine(days[0], time(), zone)
    until = datetime.combine(days[1] + timedelta(days=1), time(), zone)
    person = require("budgets", touch=True).person
    try:
        report = visitor.stage.bridge.call(visitor.stage.backend.prices.rerate(person, since, until))
    except LLMError as error:
        st.error(prose(error.message), icon=":material/error:")
        return
    st.session_state[KEPT_KEY] = report


def _draw(report: ReratingReport, names: Mapping[str, str]) -> None:
    total = report.total
    with st.container(horizontal=True):
        st.metric("Charged", literal(money(total.charged)), border=True)
        st.metric("By the book", literal(money(total.rated)), border=True)
        st.metric("Difference", literal(money(total.rated - total.charged)), border=True)
    if total.unrated:
        st.caption(
            f"{count(total.unrated)} requests cannot be rated and are in no sum, charged "
            f"{literal(money(total.unrated_charged))}: no price holds, or what each of their calls used is not kept."
        )
    st.dataframe([_row(each, names) for each in report.rows], hide_index=True, height="content", alt="Rated again")
    st.download_button(
        "CSV", rerating_csv(report), file_name=f"rerating-{report.since:%Y-%m-%d}-{report.until:%Y-%m-%d}.csv",
        mime="text/csv", icon=":material/download:", key="rerating_csv", on_click="ignore",
    )  # fmt: skip


def _row(row: RatedRow, names: Mapping[str, str]) -> dict[str, Any]:
    whom, sums = row.group, row.sums
    return {
        "Account": names.get(whom.account_id, whom.account_id) or DASH, "Provider": whom.provider or DASH,
        "Model": whom.model or DASH, "Requests": count(sums.requests), "Charged": money(sums.charged),
        "By the book": money(sums.rated), "Difference": money(sums.rated - sums.charged),
        "Unrated": count(sums.unrated),
    }  # fmt: skip
