"""What a drag over a chart and a click on one of its marks lead to."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import streamlit as st

from console.assets import page_script
from console.live.charts import NAMELESS, LiveChart
from console.live.scope import hold_range
from console.time_range import iso_utc

__all__ = ["Marks", "chart_key", "leads_away", "note_pick", "turn"]

TURN_KEY: Final = "_live_turn"
ROWS_KEY: Final = "_live_rows"
DRAWN_KEY: Final = "_live_drawn"
# A refresh that the browser asked for before it knew of a new page would leave that page blank, or its address without
# filters. So the refresh is switched off first, and the browser has to ask for the next step by itself so many times:
# what it asked for before then has come, however busy everybody is.
ROUNDS: Final = 2
ROUND_S: Final = 0.25


class Marks(NamedTuple):
    """How to read a selection of ``chart``: the names of its series, the width of a step, the zone of its times.

    ``key`` is what it was drawn as, ``chosen`` what it was narrowed to, as filters of the audit log.
    """

    key: str
    chart: LiveChart
    chosen: Mapping[str, str]
    names: tuple[str, ...]
    step_s: int
    zone: ZoneInfo


class _Rows(NamedTuple):
    query: Mapping[str, str]
    rounds_left: int


def chart_key(chart: LiveChart) -> str:
    """Return the key of a chart; it changes with every pick, so that a used selection is gone."""
    return f"live_{chart.key}_{st.session_state.get(DRAWN_KEY, 0)}"


def note_pick(marks: Marks) -> None:
    """Keep what was selected until the page follows it; a chart whose selection was used has no more to say."""
    if marks.key != chart_key(marks.chart):
        return
    selection: Any = st.session_state[marks.key]["selection"]
    step = timedelta(seconds=marks.step_s)
    if selection["box"]:
        ends = sorted(_moment(text, marks.zone) for text in selection["box"][0]["x"])
        # The bar of a step stands around its beginning.
        hold_range(ends[0] + step / 2, max(ends[1] + step / 2, ends[0] + step))
    elif selection["points"]:
        point = selection["points"][0]
        start = _moment(point["x"], marks.zone)
        query = {"from": iso_utc(start), "to": iso_utc(start + step), **marks.chosen, **_audit(marks, point)}
        st.session_state[ROWS_KEY] = _Rows(query, ROUNDS)
    else:
        return
    st.session_state[TURN_KEY] = True
    st.session_state[DRAWN_KEY] = st.session_state.get(DRAWN_KEY, 0) + 1


def turn() -> None:
    """Draw the whole page anew when something was picked; called inside its fragment."""
    if st.session_state.pop(TURN_KEY, False):
        st.rerun()


def leads_away() -> bool:
    """Say whether a picked mark leads to the audit log, and go there in a moment; called outside the fragment."""
    st.session_state.pop(TURN_KEY, None)
    if st.session_state.get(ROWS_KEY) is None:
        return False
    st.fragment(_go, run_every=ROUND_S)()
    return True


def _go() -> None:
    rows: _Rows | None = st.session_state.get(ROWS_KEY)
    if rows is None:
        return
    if rows.rounds_left:
        st.session_state[ROWS_KEY] = rows._replace(rounds_left=rows.rounds_left - 1)
        st.caption("Opening the rows in the audit log")
        return
    del st.session_state[ROWS_KEY]
    st.switch_page(page_script("audit"), query_params=dict(rows.query))


def _audit(marks: Marks, point: Mapping[str, Any]) -> dict[str, str]:
    found = {}
    place = point.get("curve_number")
    if marks.chart.field is not None and isinstance(place, int) and marks.names[place] != NAMELESS:
        found[marks.chart.field] = marks.names[place]
    if marks.chart.status is not None:
        found["status"] = marks.chart.status
    return found


def _moment(text: str, zone: ZoneInfo) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)
