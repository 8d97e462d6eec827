"""What operators must know of the things that the server stands on: what is away, what still works, what does not."""

from datetime import datetime
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import streamlit as st

from console.format import literal, moment, zone_of
from console.identity import Visitor
from router_core.types import DependencyReport, DependencyState, DependencyWord

__all__ = ["DependencyNews", "dependency_news", "draw_dependencies"]

# The recorder's own banner tells of these, with its figures.
_TOLD_ELSEWHERE: Final = frozenset({"journal", "record"})
# While the store is away, so is what follows it; that goes without saying.
_FOLLOW_THE_STORE: Final = frozenset(
    {"configuration", "breaker_news", "uptime", "leases", "alerts", "action_trail", "retention", "recovery"}
)
_WORDS: Final[dict[DependencyWord, str]] = {"down": "is down", "slow": "is slow", "up": "is up"}


class DependencyNews(NamedTuple):
    """One banner; ``text`` is Markdown, a line for each dependency."""

    state: DependencyWord
    text: str


def draw_dependencies(visitor: Visitor) -> None:
    """Say what is down or slow, to those who watch over it."""
    backend = visitor.stage.backend
    if not backend.may(visitor.person, "health"):
        return
    report = visitor.stage.bridge.call(backend.dependencies(visitor.person))
    for each in dependency_news(report, zone_of(st.context.timezone), visitor.stage.clock.utcnow()):
        if each.state == "down":
            st.error(each.text, icon=":material/cloud_off:")
        else:
            st.warning(each.text, icon=":material/hourglass_top:")


def dependency_news(report: DependencyReport, zone: ZoneInfo, now: datetime) -> list[DependencyNews]:
    """Return a banner for what is down and one for what is slow; nothing when all is well."""
    away = {each.name for each in report.dependencies if each.state == "down"}
    hidden = _TOLD_ELSEWHERE | (_FOLLOW_THE_STORE if "store" in away else frozenset())
    told = [each for each in report.dependencies if each.name not in hidden]
    states: tuple[DependencyWord, ...] = ("down", "slow")
    return [
        DependencyNews(state, "  \n".join(_sentence(each, zone, now) for each in told if each.state == state))
        for state in states
        if any(each.state == state for each in told)
    ]


def _sentence(each: DependencyState, zone: ZoneInfo, now: datetime) -> str:
    why = f" ({literal(each.last_error.rstrip('.'))})" if each.last_error else ""
    head = f"**{literal(each.title)} {_WORDS[each.state]} since {moment(each.since, zone, now)}**{why}."
    if each.state == "slow":
        return f"{head} It is asked again and again; requests do not wait for it."
    return f"{head} {each.works} {each.lost} It is asked again and again, and taken up by itself."
