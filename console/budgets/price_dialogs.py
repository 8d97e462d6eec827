"""Changing prices: a dialog for one of them, and one for a whole sheet that says first what it would change."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time
from typing import Any, Final

import streamlit as st

from console.format import prose
from console.identity import Visitor, require
from router_core.admin.price_desk import PriceChanges
from router_core.budgets.refusals import dollars
from router_core.cost.price_sheet import PriceOrder, TierOrder
from router_core.errors import LLMError
from router_core.types import Price

__all__ = ["offer_price_changes"]

OPEN_KEY: Final = "price_dialog_open"
FLASH_KEY: Final = "price_flash"
TRIED_KEY: Final = "price_sheet_tried"
EVERYBODY: Final = ""
REST: Final = {
    "cache_read": "Cache read", "cache_write": "Cache write 5 min", "cache_write_1h": "Cache write 1 h",
    "reasoning": "Reasoning", "image": "Image", "batch_input": "Batch input", "batch_output": "Batch output",
}  # fmt: skip
MOST_SHOWN: Final = 50


def offer_price_changes(visitor: Visitor, names: Mapping[str, str]) -> None:
    """Draw the buttons, and the dialog that one of them opened."""
    flash = st.session_state.pop(FLASH_KEY, None)
    if flash:
        st.toast(flash, icon=":material/check:")
    backend = visitor.stage.backend
    with st.container(horizontal=True, width="content"):
        st.link_button("Export", "/api/admin/prices/sheet", icon=":material/download:")
        if not backend.may_control(visitor.person, "prices"):
            return
        st.button("Import", key="price_import", on_click=_open, args=("sheet",), icon=":material/upload:")
        st.button("Set a price", key="price_change", on_click=_open, args=("one",), icon=":material/sell:")
    opened = st.session_state.get(OPEN_KEY)
    if opened == "one":
        st.dialog("Set a price", icon=":material/sell:", on_dismiss=_forget)(_draw_one)(names)
    elif opened == "sheet":
        st.dialog("Import prices", icon=":material/upload:", width="large", on_dismiss=_forget)(_draw_sheet)()


def _open(which: str) -> None:
    st.session_state[OPEN_KEY] = which


def _forget() -> None:
    for key in (OPEN_KEY, TRIED_KEY):
        st.session_state.pop(key, None)


def _draw_one(names: Mapping[str, str]) -> None:
    visitor = require("budgets", touch=True)
    lines = visitor.stage.bridge.call(visitor.stage.backend.prices.prices(visitor.person))
    model = st.selectbox(
        "Model", sorted({each.model for each in lines}), key="price_model", accept_new_options=True, index=None,
        placeholder="A configured model, or any name",
    )  # fmt: skip
    rows = [EVERYBODY, *sorted({each.provider for each in lines})]
    provider = st.selectbox("At", rows, key="price_provider", format_func=lambda name: name or "every provider")
    account = st.selectbox(
        "For", [EVERYBODY, *names], key="price_account", format_func=lambda each: names.get(each, "every account")
    )
    ends = st.checkbox("Withdraw the price that was set there", key="price_ends")
    rates = {} if ends else _ask_rates()
    day = st.date_input("From", value=None, key="price_from", format="YYYY-MM-DD", help="UTC. Empty: from now on.")
    source = st.text_input("Source", key="price_source", placeholder="for example contract 17", autocomplete="off")
    if _confirmed("Withdraw" if ends else "Set", ready=bool(model) and (ends or {"input", "output"} <= rates.keys())):
        order = PriceOrder(
            model=(model or "").strip(), provider=provider, account_id=account, source=source.strip(),
            starts=None if day is None else datetime.combine(day, time(), UTC).isoformat(),
            tiers=(TierOrder(above=0, **rates),) if rates else (),
        )  # fmt: skip
        _change(visitor, [order])


def _ask_rates() -> dict[str, str]:
    """Return the dollars for a million tokens that were typed in, by class."""
    st.caption("Dollars for a million tokens. Prices by length of the prompt are set by importing a sheet.")
    with st.container(horizontal=True):
        typed = {
            name: st.text_input(title, key=f"price_{name}", placeholder=example, autocomplete="off")
            for name, title, example in (("input", "Input", "2.50"), ("output", "Output", "10"))
        }
    with st.expander("Other classes"):
        st.caption(
            "Left empty: cached tokens and images cost what input does, reasoning what output does, a batch half."
        )
        for name, title in REST.items():
            typed[name] = st.text_input(title, key=f"price_{name}", autocomplete="off")
    return {name: text.strip() for name, text in typed.items() if text.strip()}


def _draw_sheet() -> None:
    visitor = require("budgets", touch=True)
    st.caption("CSV as it is exported here. Prices of the catalogue in it are left out; all others are set, or none.")
    upload = st.file_uploader("Sheet", type="csv", key="price_file", max_upload_size=2)
    if upload is None:
        return
    try:
        text = upload.getvalue().decode("utf-8")
    except UnicodeDecodeError:
        st.error("The file is not UTF-8.", icon=":material/error:")
        return
    changes = _tried(visitor, text)
    if changes is None:
        return
    st.markdown(f"**{len(changes.added)}** would be set, {changes.unchanged} are so already.")
    if changes.added:
        st.dataframe([_row(each) for each in changes.added[:MOST_SHOWN]], hide_index=True, alt="What would be set")
    if len(changes.added) > MOST_SHOWN:
        st.caption(f"The first {MOST_SHOWN} of {len(changes.added)}.")
    if _confirmed("Set them", ready=bool(changes.added)):
        _import(visitor, text)


def _tried(visitor: Visitor, text: str) -> PriceChanges | None:
    desk = visitor.stage.backend.prices
    try:
        return visitor.stage.bridge.call(desk.import_sheet(text, visitor.person, dry_run=True))
    except LLMError as error:
        st.error(prose(error.message), icon=":material/error:")
        return None


def _row(price: Price) -> dict[str, Any]:
    rates = price.rates() if price.tiers else None
    return {
        "Model": price.model, "Provider": price.provider or "every one", "Account": price.account_id or "every one",
        "From": f"{price.starts:%Y-%m-%d %H:%M}Z",
        "Input": "withdrawn" if rates is None else dollars(rates.input),
        "Output": "withdrawn" if rates is None else dollars(rates.output),
        "Tiers": len(price.tiers),
    }  # fmt: skip


def _confirmed(action: str, *, ready: bool) -> bool:
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button("Cancel", key="price_cancel"):
            _forget()
            st.rerun()
        return st.button(action, key="price_do", type="primary", disabled=not ready)


def _change(visitor: Visitor, orders: Sequence[PriceOrder]) -> None:
    _finish(visitor, visitor.stage.backend.prices.set_prices(orders, visitor.person))


def _import(visitor: Visitor, text: str) -> None:
    _finish(visitor, visitor.stage.backend.prices.import_sheet(text, visitor.person))


def _finish(visitor: Visitor, change: Any) -> None:
    try:
        changes: PriceChanges = visitor.stage.bridge.call(change)
    except LLMError as error:
        st.error(prose(error.message), icon=":material/error:")
        return
    _forget()
    st.session_state[FLASH_KEY] = (
        f"{len(changes.added)} set; every process follows within 2 seconds."
        if changes.added
        else "Nothing to change: it is so already."
    )
    st.rerun()
