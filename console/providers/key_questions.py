"""The dialogs of providers' keys. What is typed goes to the server once, and nothing of it comes back."""

from collections.abc import Callable, Sequence
from typing import Final

import streamlit as st

from console.format import literal
from console.identity import Visitor
from console.providers.dialogs import Question, answer
from console.providers.key_card import leads_to
from router_core.admin.configuration_views import ProviderView
from router_core.admin.provider_key_views import StoredKeyView
from router_core.admin.provider_keys import KeyChange, KeyOrder
from router_core.types import Secret

__all__ = ["draw_key_question"]

TYPED_KEY: Final = "providers_key_typed"
LONGEST_LABEL: Final = 60
HEAVIEST: Final = 10_000
IN_FORCE: Final = "every process follows within 2 seconds."


def draw_key_question(visitor: Visitor, question: Question, views: Sequence[ProviderView]) -> None:
    """Draw the inside of the dialog of ``question``, which is about a key of one of ``views``."""
    view = next((each for each in views if each.entry["id"] == question.target), None)
    if view is None:
        st.info("There is no such provider any more.", icon=":material/help:")
        return
    if question.kind == "add key":
        _add(visitor, view)
        return
    call, desk = visitor.stage.bridge.call, visitor.stage.backend.provider_keys
    held = call(desk.keys(view.entry["name"], visitor.person))
    key = next((each for each in held if each.id == question.part), None)
    if key is None:
        st.info("There is no such key any more.", icon=":material/help:")
        return
    match question.kind:
        case "replace key":
            _replace(visitor, view, key)
        case "change key":
            _change(visitor, view, key)
        case "delete key":
            _delete(visitor, view, key)
        case _:
            _turn(visitor, view, key, on=question.kind == "enable key")


def _add(visitor: Visitor, view: ProviderView) -> None:
    name = view.entry["name"]
    st.markdown(f"It is sealed and used for **{literal(name)}** at **{literal(leads_to(view.entry))}** alone.")
    _secret_field()
    label = st.text_input(
        "Label", key="providers_key_label", max_chars=LONGEST_LABEL, autocomplete="off",
        placeholder="What you call it; may be left empty.",
    )  # fmt: skip
    weight = _weight_field(100)

    def add() -> str:
        order = KeyOrder(key=_typed(), label=label, weight=weight)
        done = visitor.stage.bridge.call(visitor.stage.backend.provider_keys.add_key(name, order, visitor.person))
        _forget()
        return f"The key {literal(done.mask)} is stored; {IN_FORCE}"

    answer("Save", add)


def _replace(visitor: Visitor, view: ProviderView, key: StoredKeyView) -> None:
    st.markdown(
        f"{_named(key)} is replaced, for **{literal(leads_to(view.entry))}** alone. Requests under way end with the "
        "old one."
    )
    _secret_field()

    def replace() -> str:
        done = _changed(visitor, view, key, KeyChange(key=_typed()))
        _forget()
        return f"The key {literal(done.mask)} is in the place of {literal(key.mask)}; {IN_FORCE}"

    answer("Replace", replace)


def _change(visitor: Visitor, view: ProviderView, key: StoredKeyView) -> None:
    st.markdown(f"{_named(key)} of **{literal(view.entry['name'])}**")
    label = st.text_input(
        "Label", value=key.label, key="providers_key_label", max_chars=LONGEST_LABEL, autocomplete="off"
    )
    weight = _weight_field(key.weight)

    def change() -> str:
        _changed(visitor, view, key, KeyChange(label=label, weight=weight))
        return f"The key {literal(key.mask)} is changed; {IN_FORCE}"

    answer("Save", change)


def _turn(visitor: Visitor, view: ProviderView, key: StoredKeyView, *, on: bool) -> None:
    if on:
        st.markdown(f"Requests carry {_named(key)} again, from now on, in every process.")
    else:
        last = view.key.stored == 1 and view.key.source == "stored"
        alone = " It is the only one: no request goes to the provider any more." if last else ""
        st.markdown(f"No request carries {_named(key)} any more, from now on, in every process.{alone}")

    def turn() -> str:
        _changed(visitor, view, key, KeyChange(active=on))
        return f"The key {literal(key.mask)} is {'enabled' if on else 'disabled'}; {IN_FORCE}"

    answer("Enable" if on else "Disable", turn)


def _delete(visitor: Visitor, view: ProviderView, key: StoredKeyView) -> None:
    name = view.entry["name"]
    last = view.key.stored == 1 and view.key.source == "stored"
    alone = " It is the only one: no request goes to the provider any more." if last else ""
    st.markdown(f"{_named(key)} is forgotten, in every process, and cannot be brought back.{alone}")

    def delete() -> str:
        desk = visitor.stage.backend.provider_keys
        visitor.stage.bridge.call(desk.remove_key(name, key.id, visitor.person))
        return f"The key {literal(key.mask)} is deleted; {IN_FORCE}"

    answer("Delete", delete, word=name)


def _secret_field() -> None:
    # No value: what the server sends to the browser has nothing of what was typed. Live, since Tab goes to the button
    # that shows it, where the browser would keep what was typed to itself.
    st.text_input(
        "Key", type="password", key=TYPED_KEY, autocomplete="new-password", live=True,
        help="Blanks and line breaks around it are left out. It cannot be seen again once it is saved.",
    )  # fmt: skip


def _typed() -> Secret:
    return Secret(st.session_state.get(TYPED_KEY) or "")


def _forget() -> None:
    st.session_state.pop(TYPED_KEY, None)


def _weight_field(value: int) -> int:
    return st.number_input(
        "Weight", 1, HEAVIEST, value, key="providers_key_weight",
        help="Its share of the calls, where the provider has several keys.",
    )  # fmt: skip


def _named(key: StoredKeyView) -> str:
    return f"The key `{key.mask}`" + (f" ({literal(key.label)})" if key.label else "")


def _changed(visitor: Visitor, view: ProviderView, key: StoredKeyView, change: KeyChange) -> StoredKeyView:
    call: Callable[..., StoredKeyView] = visitor.stage.bridge.call
    desk = visitor.stage.backend.provider_keys
    return call(desk.change_key(view.entry["name"], key.id, change, visitor.person))
