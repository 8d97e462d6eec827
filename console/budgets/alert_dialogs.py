"""The dialogs of alert channels: each checks again who is there, and acts through the facade."""

from collections.abc import Callable, Mapping
from typing import Final, Literal, NamedTuple

import streamlit as st

from console.format import literal, prose
from console.identity import Visitor, require
from router_core.admin.alert_views import ChannelChange, ChannelOrder
from router_core.errors import LLMError
from router_core.types import ALERT_KINDS, AlertChannel, AlertKind, ChannelKind

__all__ = ["KIND_WORDS", "ask", "draw_dialog", "flash", "forget_dialog", "place"]

DialogKind = Literal["add", "test", "secret", "switch", "remove", "again"]
ORDER_KEY: Final = "alert_order"
FLASH_KEY: Final = "alert_flash"
KIND_WORDS: Final[Mapping[AlertKind, str]] = {
    "threshold": "thresholds", "burn_fast": "spending fast", "burn_slow": "spending steadily",
    "overage": "beyond the limit", "unpriced": "no price", "spent_out": "requests refused",
}  # fmt: skip
CHANNEL_WORDS: Final[Mapping[ChannelKind, str]] = {"webhook": "Webhook", "email": "E-mail"}
TITLES: Final[Mapping[DialogKind, str]] = {
    "add": "Add a channel", "test": "Send a test", "secret": "Signing secret", "switch": "Switch a channel",
    "remove": "Remove a channel", "again": "Deliver again",
}  # fmt: skip
ICONS: Final[Mapping[DialogKind, str]] = {
    "add": ":material/add_alert:", "test": ":material/send:", "secret": ":material/key:",
    "switch": ":material/toggle_on:", "remove": ":material/delete:", "again": ":material/replay:",
}  # fmt: skip


class _Order(NamedTuple):
    """What waits for a confirmation: the dialog, the channel or delivery that is meant, and a secret to be shown."""

    kind: DialogKind
    target: str = ""
    secret: str = ""


def ask(kind: DialogKind, target: str = "") -> Callable[[], None]:
    """Return what opens a dialog."""
    return lambda: place(kind, target)


def place(kind: DialogKind, target: str, secret: str = "") -> None:
    """Have a dialog opened by the next run."""
    st.session_state[ORDER_KEY] = _Order(kind, target, secret)


def forget_dialog() -> None:
    """Close the dialog, and forget the secret that it showed."""
    st.session_state.pop(ORDER_KEY, None)


def flash() -> str | None:
    """Return once what the last action has to say."""
    said = st.session_state.pop(FLASH_KEY, None)
    return said if isinstance(said, str) else None


def draw_dialog(names: Mapping[str, str]) -> None:
    """Open the dialog that was asked for, if any."""
    order = st.session_state.get(ORDER_KEY)
    if isinstance(order, _Order):
        dialog = st.dialog(TITLES[order.kind], icon=ICONS[order.kind], on_dismiss=forget_dialog)
        dialog(_draw)(order, names)


def _draw(order: _Order, names: Mapping[str, str]) -> None:
    visitor = require("budgets", touch=True)
    match order.kind:
        case "add":
            _add(visitor, names)
        case "again":
            _again(visitor, order.target)
        case _:
            found = visitor.stage.bridge.call(visitor.stage.backend.alerting.channels(visitor.person))
            channel = next((each.channel for each in found if each.channel.id == order.target), None)
            if channel is None:
                st.warning("This channel is not there any more.", icon=":material/help:")
                return
            _of_channel(visitor, order, channel)


def _of_channel(visitor: Visitor, order: _Order, channel: AlertChannel) -> None:
    desk, call, person = visitor.stage.backend.alerting, visitor.stage.bridge.call, visitor.person
    st.markdown(f"**{literal(channel.target)}**")
    if order.kind == "test":
        _test(visitor, channel)
    elif order.kind == "secret":
        _secret(visitor, order, channel)
    elif order.kind == "switch":
        st.markdown("It carries nothing more; what waits fails." if channel.active else "It carries alerts again.")
        change = ChannelChange(
            target=channel.target, version=channel.version, kinds=channel.kinds, account_id=channel.account_id,
            active=not channel.active,
        )  # fmt: skip
        label = "Switch off" if channel.active else "Switch on"
        _decide(label, lambda: call(desk.change_channel(channel.id, change, person)), f"{label}: done.")
    else:
        st.markdown("What waits to go over it fails. Its secret is gone with it: a new channel has another one.")
        _decide("Remove", lambda: call(desk.remove_channel(channel.id, person)), "The channel is removed.")


def _add(visitor: Visitor, names: Mapping[str, str]) -> None:
    desk = visitor.stage.backend.alerting
    usable = list(visitor.stage.bridge.call(desk.kinds()))
    kind = st.segmented_control(
        "How", usable, format_func=CHANNEL_WORDS.__getitem__, default=usable[0], required=True, key="alert_kind"
    )
    if "email" not in usable:
        st.caption("E-mail is off on this server: SIGNALBOX_SMTP_URL is not set.")
    label, example = ("URL", "https://…") if kind == "webhook" else ("Address", "ops@example.com")
    target = st.text_input(label, key=f"alert_target_{kind}", placeholder=example, autocomplete="off", live=True)
    kinds = st.pills(
        "Carries (all when none is chosen)", list(ALERT_KINDS), selection_mode="multi",
        format_func=KIND_WORDS.__getitem__, key="alert_kinds",
    )  # fmt: skip
    account = st.selectbox(
        "Whose", ["", *names], format_func=lambda id: names.get(id, "everybody"), key="alert_account"
    )
    order = ChannelOrder(kind=kind, target=target.strip(), kinds=tuple(kinds), account_id=account or None)

    def make() -> None:
        made = visitor.stage.bridge.call(desk.make_channel(order, visitor.person))
        if made.secret is not None:
            place("secret", made.channel.id, made.secret)

    _decide("Add", make, "The channel is made.", ready=bool(order.target))


def _test(visitor: Visitor, channel: AlertChannel) -> None:
    st.markdown("One message, now. It is not tried again.")
    if not _buttons("Send"):
        return
    try:
        desk = visitor.stage.backend.alerting
        outcome = visitor.stage.bridge.call(desk.test_channel(channel.id, visitor.person))
    except LLMError as error:
        st.error(prose(error.message), icon=":material/error:")
        return
    if outcome.delivered:
        st.success("It was delivered.", icon=":material/check_circle:")
    else:
        st.error(f"It was not delivered. {prose(outcome.error)}", icon=":material/error:")


def _secret(visitor: Visitor, order: _Order, channel: AlertChannel) -> None:
    secret = order.secret
    if not secret:
        st.markdown("Whoever has it can sign messages as this server. That it was shown goes on record.")
        if not _buttons("Show"):
            return
        try:
            desk = visitor.stage.backend.alerting
            secret = visitor.stage.bridge.call(desk.show_secret(channel.id, visitor.person)).secret
        except LLMError as error:
            st.error(prose(error.message), icon=":material/error:")
            return
    st.markdown("The receiver checks the signature of each message with it (Standard Webhooks).")
    st.code(secret, language=None, wrap_lines=True)
    if order.secret:
        _close_button()


def _again(visitor: Visitor, delivery_id: str) -> None:
    desk, call, person = visitor.stage.backend.alerting, visitor.stage.bridge.call, visitor.person
    st.markdown("The same message is sent once more, and tried again like the first time when it fails.")
    _decide("Deliver again", lambda: call(desk.deliver_again(delivery_id, person)), "It is on its way again.")


def _buttons(label: str, *, ready: bool = True) -> bool:
    with st.container(horizontal=True, horizontal_alignment="right"):
        _close_button()
        return st.button(label, key="alert_do", type="primary", disabled=not ready)


def _close_button() -> None:
    if st.button("Close", key="alert_close"):
        forget_dialog()
        st.rerun()


def _decide(label: str, act: Callable[[], object], done: str, *, ready: bool = True) -> None:
    """Let the person do ``act``, or go back; when it fails, the dialog stays and says why."""
    if not _buttons(label, ready=ready):
        return
    before = st.session_state.get(ORDER_KEY)
    try:
        act()
    except LLMError as error:
        st.error(prose(error.message), icon=":material/error:")
        return
    if st.session_state.get(ORDER_KEY) is before:
        forget_dialog()
    st.session_state[FLASH_KEY] = done
    st.rerun()
