"""What the audit log is filtered by; all of it is in the URL, so an address shows the same rows to everybody."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import streamlit as st

from console.format import literal, moment
from console.identity import Visitor
from console.time_range import forget_range, iso_utc, range_in_address
from router_core.types import AuditChoices, AuditFilter

__all__ = ["Chosen", "draw_filters", "export_query", "read_range"]

RANGES: Final[Mapping[str, timedelta]] = MappingProxyType(
    {
        "15m": timedelta(minutes=15),
        "1h": timedelta(hours=1),
        "6h": timedelta(hours=6),
        "24h": timedelta(hours=24),
        "7d": timedelta(days=7),
        "30d": timedelta(days=30),
    }
)
STATUSES: Final = ("success", "error", "cancelled", "unknown")
MENUS: Final = (
    ("event", "Event", "events"), ("status", "Status", None), ("provider", "Provider", "providers"),
    ("model", "Model", "models"), ("use_case", "Use case", "use_cases"), ("account", "Account", "accounts"),
    ("key", "API key", "api_keys"), ("user", "Person", "users"),
)  # fmt: skip
FIELDS: Final = ("event", "status", "provider", "model", "use_case", "account", "key", "user", "request_id", "text")
API_NAMES: Final = MappingProxyType({"key": "apiKey", "use_case": "useCase", "request_id": "requestId"})
PAGE_KEYS: Final = ("cursor", "oldest", "row")


class Chosen(dict[str, str]):
    """The filters that are set, by their name in the URL."""


def read_range(now: datetime) -> tuple[datetime, datetime, bool]:
    """Return from, to, and whether the URL names them itself."""
    fixed = range_in_address()
    if fixed is not None:
        return *fixed, True
    return now - RANGES[str(st.session_state.get("range") or "24h")], now + timedelta(minutes=1), False


def draw_filters(visitor: Visitor, zone: ZoneInfo, names: Mapping[str, str]) -> tuple[AuditFilter, Chosen]:
    """Draw the filters and return what they ask for; ``names`` are those of accounts, by id."""
    choices = visitor.stage.bridge.call(visitor.stage.backend.audit_choices(visitor.person))
    now = visitor.stage.clock.utcnow()
    with st.container(border=True, gap="small", key="audit_filters"):
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
            since, until, fixed = _range(now, zone)
        _menus(choices, names)
        left, right, clear = st.columns([2, 3, 1], gap="small", vertical_alignment="bottom")
        left.text_input("Request id", key="request_id", bind="query-params", on_change=_first_page, max_chars=200)
        right.text_input(
            "Text", key="text", bind="query-params", on_change=_first_page, max_chars=200,
            placeholder="Words of errors, metadata, acts and kept content",
        )  # fmt: skip
        clear.button("Clear all", key="audit_clear", on_click=_clear, width="stretch", icon=":material/filter_alt_off:")
    chosen = Chosen({name: str(st.session_state[name]).strip() for name in FIELDS if st.session_state.get(name)})
    if fixed:
        chosen["from"], chosen["to"] = iso_utc(since), iso_utc(until)
    return _filter(since, until, chosen), chosen


def export_query(wanted: AuditFilter, chosen: Chosen, form: str) -> str:
    """Return the address that exports exactly what is shown."""
    query = {"format": form, "from": iso_utc(wanted.since), "to": iso_utc(wanted.until)}
    query |= {API_NAMES.get(name, name): chosen[name] for name in FIELDS if name in chosen}
    return f"/api/admin/audit/export?{urlencode(query)}"


def _range(now: datetime, zone: ZoneInfo) -> tuple[datetime, datetime, bool]:
    since, until, fixed = read_range(now)
    if fixed:
        st.markdown(f"**{literal(moment(since, zone, now))}** to **{literal(moment(until, zone, now))}**")
        st.button("Last 24 hours instead", key="audit_unfix", on_click=_unfix, type="tertiary")
        return since, until, True
    st.segmented_control(
        "Range", list(RANGES), default="24h", required=True, key="range", label_visibility="collapsed",
        bind="query-params", on_change=_first_page,
    )  # fmt: skip
    return read_range(now)


def _menus(choices: AuditChoices, names: Mapping[str, str]) -> None:
    with st.grid(4, min_column_width=170, gap="small"):
        for name, label, source in MENUS:
            offered: Sequence[str] = STATUSES if source is None else getattr(choices, source)
            asked = st.query_params.get(name)
            # What an address asks for is shown as asked, even where nothing of it ever occurred.
            options = list(dict.fromkeys([*offered, *([asked] if asked else [])]))
            st.selectbox(
                label,
                options,
                index=None,
                key=name,
                bind="query-params",
                placeholder="any",
                on_change=_first_page,
                format_func=lambda value: names.get(value, value),
            )


def _filter(since: datetime, until: datetime, chosen: Chosen) -> AuditFilter:
    return AuditFilter(
        since=since,
        until=until,
        account=chosen.get("account"),
        api_key=chosen.get("key"),
        user=chosen.get("user"),
        use_case=chosen.get("use_case"),
        provider=chosen.get("provider"),
        model=chosen.get("model"),
        status=chosen.get("status"),
        event=chosen.get("event"),
        request_id=chosen.get("request_id"),
        text=chosen.get("text"),
    )


def _first_page() -> None:
    for name in PAGE_KEYS:
        st.query_params.pop(name, None)


def _unfix() -> None:
    _first_page()
    forget_range()


def _clear() -> None:
    _unfix()
    for name in FIELDS:
        st.session_state[name] = "" if name in ("request_id", "text") else None
    st.session_state["range"] = "24h"
