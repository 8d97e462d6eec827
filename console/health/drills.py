"""Drills on the health board: what runs, what users felt, and the way to start one."""

from zoneinfo import ZoneInfo

import streamlit as st

from console.format import THIN, count, duration, literal, moment, prose, span
from console.health.news import drill_sentence, seconds_left
from console.health.orders import flash_next, place_order
from console.identity import Visitor
from console.status import FAULT_WORDS, code_words
from router_core.errors import LLMError
from router_core.types import DrillReport, HealthReport

__all__ = ["draw_drills", "drill_rows", "felt"]


def draw_drills(visitor: Visitor, report: HealthReport, zone: ZoneInfo) -> None:
    """Draw the running drills with a way to stop them, and what the others did."""
    in_control = visitor.stage.backend.may_control(visitor.person, "drills")
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.subheader("Drills", anchor=False, width="content")
        if in_control:
            st.button(
                "Start a drill",
                icon=":material/science:",
                key="health_drill",
                on_click=place_order,
                args=("drill",),
                disabled=not report.providers,
                help=None if report.providers else "There is no provider to drill.",
            )
    if not report.drills:
        st.caption(
            "No drill has run since this server started. A drill makes a provider fail on purpose for a while, "
            "to show what users would feel; it ends by itself."
        )
        return
    for each in report.drills:
        if each.active:
            _running(visitor, each, report, in_control=in_control)
    done = [each for each in report.drills if not each.active]
    if done:
        st.dataframe(
            drill_rows(done, report, zone),
            hide_index=True,
            key="health_drills_done",
            alt="Finished drills and what users felt of them",
            column_config={"What users felt": st.column_config.TextColumn(width="large")},
        )


def drill_rows(drills: list[DrillReport], report: HealthReport, zone: ZoneInfo) -> list[dict[str, str]]:
    """Return one row for each finished drill: the order, and what users felt."""
    return [
        {
            "Started": moment(each.drill.started_at, zone, report.as_of, seconds=True),
            "Provider": each.drill.order.provider,
            "Fault": f"{FAULT_WORDS[each.drill.order.fault]}, {each.drill.order.percent:g}{THIN}%",
            "Lasted": _lasted(each),
            "What users felt": felt(each),
            "Started by": each.drill.actor,
            "Reason": each.drill.order.reason,
        }
        for each in drills
    ]


def felt(each: DrillReport) -> str:
    """Return what users felt of a drill, in one line."""
    if not each.requests:
        return "Nothing yet" if each.active else "Nothing: no request was hit"
    words = f"{_requests(each.requests)} hit: {count(each.rescued)} rescued"
    if each.rescued:
        words += f" (p50 {duration(each.p50_ms)}, p95 {duration(each.p95_ms)})"
    codes = ", ".join(f"{code_words(code)} {count(number)}" for code, number in sorted(each.errors.items()))
    words += f", {count(each.failed)} failed" + (f" ({codes})" if codes else "")
    return words + (f", {count(each.cancelled)} given up by their caller" if each.cancelled else "")


def _requests(number: int) -> str:
    return f"{count(number)} request{'' if number == 1 else 's'}"


def _lasted(each: DrillReport) -> str:
    end = each.drill.stopped_at or each.drill.ends_at
    words = span((end - each.drill.started_at).total_seconds())
    stopped = each.drill.stopped_by not in (None, "system") and end < each.drill.ends_at
    return f"{words}, stopped by {each.drill.stopped_by}" if stopped else words


def _running(visitor: Visitor, each: DrillReport, report: HealthReport, *, in_control: bool) -> None:
    with st.container(border=True, key=f"health_drill_{each.drill.id}", gap="xsmall"):
        with st.container(horizontal=True, wrap=False, vertical_alignment="center"):
            st.markdown(
                f":blue-badge[:material/science: Drill running] {drill_sentence(each, report.as_of)}", width="stretch"
            )
            stop = in_control and st.button("Stop now", icon=":material/stop:", key=f"health_stop_{each.drill.id}")
        total = each.drill.order.duration_s
        left = min(total, seconds_left(each.drill.ends_at, report.as_of))
        st.progress((total - left) / total)
        st.caption(f"{count(each.hit_calls)} calls spoilt · {felt(each)}")
    if not stop:
        return
    try:
        visitor.stage.bridge.call(visitor.stage.backend.stop_drill(visitor.person, each.drill.id))
    except LLMError as error:
        st.error(prose(error.message), icon=":material/error:")
        return
    flash_next(f"The drill on {literal(each.drill.order.provider)} is over.")
    st.rerun()
