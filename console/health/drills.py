"""Drills on the health board: what runs, what users felt, and the way to start one."""

from zoneinfo import ZoneInfo

import streamlit as st

from console.format import DASH, count, duration, moment
from console.health.news import drill_sentence
from console.health.orders import flash_next, place_order
from console.identity import Visitor
from console.status import FAULT_WORDS
from router_core.types import DrillReport, HealthReport

__all__ = ["draw_drills", "drill_rows"]


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
            )
    if not report.drills:
        st.caption("No drill has run since this server started. A drill injects a fault on purpose and ends by itself.")
        return
    for each in report.drills:
        if each.active:
            _running(visitor, each, report, in_control=in_control)
    done = [each for each in report.drills if not each.active]
    if done:
        st.dataframe(drill_rows(done, report, zone), hide_index=True, width="stretch", key="health_drills_done")


def drill_rows(drills: list[DrillReport], report: HealthReport, zone: ZoneInfo) -> list[dict[str, str]]:
    """Return one row for each finished drill: the order, and what users felt."""
    return [
        {
            "Started": moment(each.drill.started_at, zone, report.as_of, seconds=True),
            "Provider": each.drill.order.provider,
            "Fault": f"{FAULT_WORDS[each.drill.order.fault]}, {each.drill.order.percent:g} %",
            "Calls hit": count(each.hit_calls),
            "Requests hit": count(each.requests),
            "Rescued": count(each.rescued),
            "Failed": count(each.failed),
            "p95 of the rescued": duration(each.p95_ms),
            "Ended by": each.drill.stopped_by or DASH,
            "Ordered by": each.drill.actor,
        }
        for each in drills
    ]


def _running(visitor: Visitor, each: DrillReport, report: HealthReport, *, in_control: bool) -> None:
    with st.container(border=True, key=f"health_drill_{each.drill.id}"):
        st.markdown(drill_sentence(each, report.as_of))
        st.caption(
            f"{count(each.hit_calls)} calls hit, {count(each.requests)} requests finished with such a call: "
            f"{count(each.rescued)} rescued, {count(each.failed)} failed."
        )
        if in_control:
            stop = st.button("Stop now", icon=":material/stop:", key=f"health_stop_{each.drill.id}")
            if stop:
                visitor.stage.bridge.call(visitor.stage.backend.stop_drill(visitor.person, each.drill.id))
                flash_next(f"The drill of {each.drill.order.provider} is over.")
                st.rerun()
