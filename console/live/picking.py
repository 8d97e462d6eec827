"""What a drag over a chart and a click on one of its marks lead to."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import streamlit as st

from console.assets import page_script
from console.live.charts import NAMELESS, LiveChart
from console.live.scope import LIVE_KEY
from console.time_range import iso_utc, keep_range

__all__ = ["Marks", "chart_key", "follow_pick", "note_pick"]

PICK_KEY: Final = "_live_pick"
DRAWN_KEY: Final = "_live_drawn"


class Marks(NamedTuple):
    """How to read a selection of ``chart``: the names of its series, the width of a step, the zone of its times.

    ``key`` is what it was drawn as.
    """

    key: str
    chart: LiveChart
    names: tuple[str, ...]
    step_s: int
    zone: ZoneInfo


class _Pick(NamedTuple):
    since: datetime
    until: datetime
    audit: Mapping[str, str] | None


def chart_key(chart: LiveChart) -> str:
    """Return the key of a chart; it changes with every pick, so that a used selection is gone."""
    return f"live_{chart.key}_{st.session_state.get(DRAWN_KEY, 0)}"


def note_pick(marks: Marks) -> None:
    """Keep what was selected until the page can follow it; a chart whose selection was used has no more to say."""
    if marks.key != chart_key(marks.chart):
        return
    selection: Any = st.session_state[marks.key]["selection"]
    step = timedelta(seconds=marks.step_s)
    if selection["box"]:
        ends = sorted(_moment(text, marks.zone) for text in selection["box"][0]["x"])
        # The bar of a step stands around its beginning.
        pick = _Pick(ends[0] + step / 2, max(ends[1] + step / 2, ends[0] + step), None)
    elif selection["points"]:
        point = selection["points"][0]
        start = _moment(point["x"], marks.zone)
        pick = _Pick(start, start + step, _audit(marks, point))
    else:
        return
    st.session_state[PICK_KEY] = pick
    st.session_state[DRAWN_KEY] = st.session_state.get(DRAWN_KEY, 0) + 1
    if pick.audit is None:
        st.session_state[LIVE_KEY] = False


def follow_pick(chosen: Mapping[str, str]) -> None:
    """Go where the last selection leads: to the same screen over its range, or to its rows in the audit log."""
    pick: _Pick | None = st.session_state.pop(PICK_KEY, None)
    if pick is None:
        return
    if pick.audit is None:
        keep_range(pick.since, pick.until)
        st.rerun()
    between = {"from": iso_utc(pick.since), "to": iso_utc(pick.until)}
    st.switch_page(page_script("audit"), query_params={**between, **chosen, **pick.audit})


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
