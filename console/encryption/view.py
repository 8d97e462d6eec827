"""Stored secrets: which of them can be read, under which key they are sealed, and the way to a new key."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import streamlit as st

from console.format import DASH, count, literal
from console.identity import Visitor, require
from router_core.admin.encryption import EncryptionView, KeyView
from router_core.errors import LLMError
from router_core.types.vault import SecretHealth

__all__ = ["draw_encryption"]

OPEN_KEY: Final = "encryption_rotate_open"
CONFIRM: Final = "rotate"
EVERY_S: Final = 1.0
_STATES: Final = {
    "staged": "made known to every node", "primary": "in use", "draining": "opens older secrets", "retired": "gone",
}  # fmt: skip


def draw_encryption(visitor: Visitor, names: Mapping[str, str], zone: ZoneInfo) -> None:
    """Draw the view; ``names`` are those of providers by their ids. Its figures follow while a rotation runs."""
    found = visitor.stage.bridge.call(visitor.stage.backend.encryption.status(visitor.person))
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.subheader("Stored secrets", anchor=False)
        st.button(
            "Go on" if _is_broken_off(found) else "Rotate", key="encryption_rotate", icon=":material/autorenew:",
            on_click=_open, disabled=found.running or found.state == "changing master key",
        )  # fmt: skip
    st.caption(
        "Keys of providers that people entered. They are sealed under a data key, which the master key seals; a "
        "rotation seals them under a new one while everything goes on."
    )
    st.fragment(run_every=EVERY_S if found.running else None)(_figures)(names, zone, follows=found.running)
    if st.session_state.get(OPEN_KEY):
        st.dialog("Rotate the data key", icon=":material/autorenew:", on_dismiss=_close)(_confirm)()


def _figures(names: Mapping[str, str], zone: ZoneInfo, *, follows: bool) -> None:
    visitor = require("providers")
    found = visitor.stage.bridge.call(visitor.stage.backend.encryption.status(visitor.person))
    if follows and not found.running:
        st.rerun()
    _notices(found)
    _tiles(found)
    if found.state == "rotating" and found.total:
        done = found.total - found.waiting - found.unreadable
        st.progress(done / found.total, f"{done:,} of {found.total:,} secrets are sealed under the new key")
    if found.secrets:
        rows = [_secret_row(each, names) for each in found.secrets]
        st.dataframe(rows, key="encryption_secrets", hide_index=True, width="stretch")
    else:
        st.info("No secret is stored. Keys of the server's environment are not kept here.", icon=":material/lock_open:")
    if found.total > found.checked:
        st.caption(
            f"{found.total - found.checked:,} more were not opened here: `signalbox encryption status` opens all"
        )
    with st.expander("Data keys"):
        rows = [_key_row(each, zone) for each in reversed(found.keys)]
        st.dataframe(rows, key="encryption_keys", hide_index=True, width="stretch")


def _notices(found: EncryptionView) -> None:
    if found.unreadable:
        st.error(
            f"**{count(found.unreadable)} of {count(found.checked)} cannot be read**: changed in the store, or sealed "
            "under a key that is gone. Enter these keys again, or restore the store together with its master key.",
            icon=":material/key_off:",
        )
    if found.state == "changing master key":
        st.warning(
            "The master key is being changed; both open the store until `signalbox encryption rotate --master` is run "
            "again with the new one.",
            icon=":material/key:",
        )
    elif _is_broken_off(found):
        why = f": {literal(found.last_error)}" if found.last_error else "."
        st.warning(f"A rotation was broken off{why} Nothing is lost; go on when you like.", icon=":material/pause:")
    if found.due:
        st.warning(
            f"The data key has been in use for {found.key_age_days} days. Rotate it every 90.",
            icon=":material/schedule:",
        )


def _tiles(found: EncryptionView) -> None:
    primary = next(each for each in found.keys if each.state == "primary")
    with st.grid(4, min_column_width=150, gap="small"):
        st.metric("Secrets", count(found.total), border=True, help="Stored and sealed.")
        st.metric(
            "Readable",
            count(found.checked - found.unreadable),
            border=True,
            help=f"Of {found.checked:,} opened just now.",
        )
        st.metric("Key in use", f"version {primary.version}", border=True, help=f"For {found.key_age_days} days.")
        st.metric(
            "Under an older key", count(found.waiting), border=True, help="A rotation brings these to the new key."
        )


def _is_broken_off(found: EncryptionView) -> bool:
    return found.state == "rotating" and not found.running and (found.waiting > 0 or not found.unreadable)


def _secret_row(secret: SecretHealth, names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "Provider": names.get(secret.provider_id, secret.provider_id),
        "State": "✓ readable" if secret.readable else "✗ credential unreadable",
        "Key version": secret.key_version,
        "Account": secret.account_id or "every account",
        "Id": secret.id,
    }


def _key_row(key: KeyView, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "Version": key.version,
        "State": _STATES[key.state],
        "Secrets": key.secrets,
        "Made": _moment(key.created_at, zone),
        "In use since": _moment(key.promoted_at, zone),
        "Retired": _moment(key.retired_at, zone),
    }


def _moment(at: datetime | None, zone: ZoneInfo) -> str:
    return DASH if at is None else f"{at.astimezone(zone):%Y-%m-%d %H:%M}"


def _confirm() -> None:
    visitor = require("providers", touch=True)
    st.markdown(
        "Every stored secret is sealed under a new data key, one by one, while requests go on. The old key is gone "
        "once nothing needs it. It can be broken off at any point and gone on with."
    )
    typed = st.text_input(f"Type **{CONFIRM}** to confirm", key="encryption_confirm", autocomplete="off", live=True)
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button("Cancel", key="encryption_cancel"):
            _close()
            st.rerun()
        pressed = st.button("Rotate", key="encryption_do", type="primary", disabled=typed.strip() != CONFIRM)
    if not pressed or typed.strip() != CONFIRM:
        return
    try:
        visitor.stage.bridge.call(visitor.stage.backend.encryption.rotate(visitor.person))
    except LLMError as error:
        st.error(literal(error.message), icon=":material/error:")
        return
    _close()
    st.rerun()


def _open() -> None:
    st.session_state[OPEN_KEY] = True


def _close() -> None:
    st.session_state.pop(OPEN_KEY, None)
