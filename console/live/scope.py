"""What the Live screen shows: a range and a choice, all of it in the address."""

from datetime import datetime
from typing import Final, NamedTuple

import streamlit as st

from console.format import literal, moment, zone_of
from console.identity import Visitor
from console.time_range import forget_range, range_in_address
from router_core.errors import OverloadedError
from router_core.types import EVERYTHING, MetricRow, MetricsFilter, MetricsReport, MetricsWindow

__all__ = ["LIVE_KEY", "WINDOWS", "Scope", "pick_choice", "pick_range"]

WINDOWS: Final[tuple[MetricsWindow, ...]] = ("15m", "1h", "6h", "24h", "7d")
LIVE_KEY: Final = "live_live"
Range = tuple[datetime, datetime]


class Scope(NamedTuple):
    """``between`` is a fixed range, None for the window that ends now."""

    window: MetricsWindow
    between: Range | None
    chosen: MetricsFilter


def pick_range(visitor: Visitor) -> tuple[MetricsWindow, Range | None]:
    """Draw the choice of the range and return what was chosen."""
    fixed = range_in_address()
    if fixed is not None:
        now, zone = visitor.stage.clock.utcnow(), zone_of(st.context.timezone)
        st.markdown(f"{literal(moment(fixed[0], zone, now))} to {literal(moment(fixed[1], zone, now))}")
        st.button("Back to now", key="live_unfix", on_click=_to_now, icon=":material/update:")
        return "1h", fixed
    picked: MetricsWindow = st.segmented_control(
        "Range",
        list(WINDOWS),
        default="1h",
        required=True,
        key="live_window",
        label_visibility="collapsed",
        bind="query-params",
    )
    return picked, None


def pick_choice(visitor: Visitor, window: MetricsWindow, between: Range | None) -> MetricsFilter:
    """Draw what the figures can be narrowed to and return what was chosen."""
    report = _everything(visitor, window, between)
    rows = (report.use_cases, report.providers, report.models) if report else ((), (), ())
    with st.container(horizontal=True, gap="small", key="live_choice"):
        use_case = _pick("use_case", "Use case", rows[0])
        provider = _pick("provider", "Provider", rows[1])
        model = _pick("model", "Model", rows[2])
    return MetricsFilter(use_case=use_case, provider=provider, model=model)


def _everything(visitor: Visitor, window: MetricsWindow, between: Range | None) -> MetricsReport | None:
    try:
        asked = visitor.stage.backend.live(visitor.person, window, EVERYTHING, between)
        return visitor.stage.bridge.call(asked)
    except OverloadedError:
        return None  # The figures below say so.


def _pick(field: str, label: str, rows: tuple[MetricRow, ...]) -> str | None:
    key = f"live_{field}"
    asked = st.query_params.get(key)
    # What an address asks for is shown as asked, even where nothing of it occurred in this range.
    options = list(dict.fromkeys([*(row.name for row in rows if row.name), *([asked] if asked else [])]))
    picked: str | None = st.selectbox(
        label, options, index=None, key=key, bind="query-params", placeholder=f"{label}: any",
        label_visibility="collapsed", width=230,
    )  # fmt: skip
    return picked


def _to_now() -> None:
    forget_range()
    st.session_state[LIVE_KEY] = True
