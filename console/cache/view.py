"""The cache of answers: what requests met, what is kept, and the way to end that."""

from collections.abc import Mapping
from typing import Final

import streamlit as st

from console.cache.review import draw_review
from console.format import count, literal, percent, prose
from console.identity import Visitor, require
from router_core.admin.cache_desk import PurgeOrder
from router_core.errors import LLMError
from router_core.types import CacheReport, CacheStats

__all__ = ["draw_cache", "order_of"]

OPEN_KEY: Final = "cache_purge_open"
FLASH_KEY: Final = "cache_purge_flash"
EVERY: Final = "Every account"
CONFIRM: Final = "purge"
_MIB: Final = 1024 * 1024


def draw_cache(visitor: Visitor, names: Mapping[str, str]) -> None:
    """Draw the view."""
    flash = st.session_state.pop(FLASH_KEY, None)
    if flash:
        st.toast(flash, icon=":material/check:")
    backend, person = visitor.stage.backend, visitor.person
    found = visitor.stage.bridge.call(backend.caching.report(person))
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.subheader("Cache of answers", anchor=False)
        if backend.may_control(person, "cache"):
            st.button("Purge", key="cache_purge", icon=":material/delete_sweep:", on_click=_open)
    _tiles(found)
    st.caption(_words(found))
    if backend.may_control(person, "cache"):
        draw_review(visitor)
    if st.session_state.get(OPEN_KEY):
        st.dialog("Purge the cache", icon=":material/delete_sweep:", on_dismiss=_close)(_confirm)(names)


def order_of(account_id: str | None, use_case: str) -> PurgeOrder:
    """Return the order to purge what is kept of an account, None for every one, and of a use case, empty for all."""
    name = use_case.strip() or None
    return PurgeOrder(account_id=account_id, use_case=name, everything=account_id is None and name is None)


def _tiles(found: CacheReport) -> None:
    answers, store = found.answers, found.store
    asked = answers.hits + answers.shared + answers.misses
    share = (answers.hits + answers.shared) / asked if asked else None
    with st.container(horizontal=True):
        st.metric("Hit rate", percent(share), border=True, help=f"Of {asked:,} requests that asked for it.")
        st.metric("Hits", count(answers.hits), border=True, help="A kept answer was there.")
        st.metric("Shared", count(answers.shared), border=True, help="An equal request was getting the answer already.")
        st.metric("Misses", count(answers.misses), border=True, help="A provider was asked.")
        st.metric("Kept", _size(store), border=True, help=_room(store))
        if answers.rejected:
            st.metric("Rejected entries", count(answers.rejected), border=True, help="Tampered with, or not its own.")
        if store.faults:
            st.metric("Faults", count(store.faults), border=True, help="Redis gave no good answer: a miss each time.")


def _size(store: CacheStats) -> str:
    return "in Redis" if store.size_bytes is None else f"{store.size_bytes / _MIB:,.1f} MiB"


def _room(store: CacheStats) -> str:
    if store.entries is None or store.limit_bytes is None:
        return "Sealed, for every process of the installation; each entry goes with its time."
    return f"{store.entries:,} answers in this process, which keeps at most {store.limit_bytes / _MIB:,.0f} MiB."


def _words(found: CacheReport) -> str:
    answers = found.answers
    asked = answers.hits + answers.shared + answers.misses
    if not asked:
        return (
            "No request has asked for the cache yet. A request does with `cache: {ttlSeconds}`, a use case with "
            "`signalbox use-cases set NAME --cache-ttl SECONDS`."
        )
    return (
        f"Since this process began; {answers.passed:,} requests did not ask. Of the answers {answers.kept:,} were "
        f"kept, {answers.unfit:,} were not fit to be. What was saved is below."
    )


def _confirm(names: Mapping[str, str]) -> None:
    visitor = require("budgets", touch=True)
    ids = dict(sorted(names.items(), key=lambda each: each[1]))
    account = st.selectbox(
        "Account", [None, *ids], key="cache_account", format_func=lambda id: EVERY if id is None else literal(ids[id])
    )
    use_case = st.text_input("Use case", key="cache_use_case", placeholder="Every use case", max_chars=64)
    st.markdown("Nothing of it that is kept until now is served any more, by any process within two seconds.")
    typed = st.text_input(f"Type **{CONFIRM}** to confirm", key="cache_confirm", autocomplete="off", live=True)
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button("Cancel", key="cache_cancel"):
            _close()
            st.rerun()
        pressed = st.button("Purge", key="cache_do", type="primary", disabled=typed.strip() != CONFIRM)
    if not pressed or typed.strip() != CONFIRM:
        return
    try:
        order = order_of(account, use_case)
        done = visitor.stage.bridge.call(visitor.stage.backend.caching.purge(order, visitor.person))
    except LLMError as error:
        st.error(prose(error.message), icon=":material/error:")
        return
    _close()
    st.session_state[FLASH_KEY] = f"Purged; {done.removed:,} entries removed."
    st.rerun()


def _open() -> None:
    st.session_state[OPEN_KEY] = True


def _close() -> None:
    st.session_state.pop(OPEN_KEY, None)
