"""What the Live screen shows: a range and a choice, all of it in the address."""

from datetime import datetime
from typing import Final

import streamlit as st
from msgspec import structs

from console.format import literal, moment, zone_of
from console.identity import Visitor
from console.time_range import forget_range, keep_range, range_in_address
from router_core.errors import OverloadedError
from router_core.types import MetricRow, MetricsFilter, MetricsReport, MetricsWindow
from signalbox.screens.views import LiveScope

__all__ = ["WINDOWS", "drop_range", "hold_range", "narrowed", "pick_range", "release_range"]

WINDOWS: Final[tuple[MetricsWindow, ...]] = ("15m", "1h", "6h", "24h", "7d")
RANGE_KEY: Final = "_live_range"


def pick_range(visitor: Visitor) -> LiveScope:
    """Draw the choice of the range and return all that happened in it."""
    fixed = _fixed_range()
    if fixed is not None:
        now, zone = visitor.stage.clock.utcnow(), zone_of(st.context.timezone)
        st.markdown(f"{literal(moment(fixed[0], zone, now))} to {literal(moment(fixed[1], zone, now))}")
        st.button("Back to now", key="live_unfix", on_click=release_range, icon=":material/update:")
        return LiveScope(window="1h", between=fixed)
    picked: MetricsWindow = st.segmented_control(
        "Range",
        list(WINDOWS),
        default="1h",
        required=True,
        key="live_window",
        label_visibility="collapsed",
        bind="query-params",
    )
    return LiveScope(window=picked)


def narrowed(visitor: Visitor, scope: LiveScope) -> LiveScope:
    """Draw what the figures can be narrowed to and return ``scope`` with what was chosen."""
    report = _everything(visitor, scope)
    rows = (report.use_cases, report.providers, report.models) if report else ((), (), ())
    with st.container(horizontal=True, gap="small", key="live_choice"):
        use_case = _pick("use_case", "Use case", rows[0])
        provider = _pick("provider", "Provider", rows[1])
        model = _pick("model", "Model", rows[2])
    return structs.replace(scope, chosen=MetricsFilter(use_case=use_case, provider=provider, model=model))


def _everything(visitor: Visitor, scope: LiveScope) -> MetricsReport | None:
    try:
        return visitor.stage.bridge.call(visitor.stage.backend.live(visitor.person, scope))
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


def hold_range(since: datetime, until: datetime) -> None:
    """Show this range from the next run on.

    It is kept beside the address, since a refresh that was asked for before brings the old address back.
    """
    st.session_state[RANGE_KEY] = (since, until)


def drop_range() -> None:
    """Hold no range any more; the address stays as it is."""
    st.session_state.pop(RANGE_KEY, None)


def release_range() -> None:
    """Show the window that ends now again."""
    drop_range()
    forget_range()


def _fixed_range() -> tuple[datetime, datetime] | None:
    held: tuple[datetime, datetime] | None = st.session_state.get(RANGE_KEY)
    if held is not None:
        keep_range(*held)
        return held
    return range_in_address()
