"""The alerts of the Budgets screen: what was raised, over which channels it goes, and what became of it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Final
from zoneinfo import ZoneInfo

import streamlit as st

from console.budgets.alert_dialogs import KIND_WORDS, ask, draw_dialog, flash, place
from console.format import THIN, literal, moment
from console.identity import Visitor
from console.palette import PaintName, paint
from console.recorder_banner import draw_unreadable
from console.status import StatusMark, badge
from router_core.admin.alert_views import AlertView, ChannelView, DeliveryView
from router_core.errors import OverloadedError
from router_core.types import AlertChannel, AlertDelivery, AlertKind, DeliveryState

__all__ = ["draw_alerts"]

SHOWN: Final = 25
LOGGED: Final = 50
OFFERED_AGAIN: Final = 5
COLOURS: Final[Mapping[AlertKind, PaintName]] = {
    "threshold": "orange", "burn_fast": "red", "burn_slow": "orange", "overage": "red", "unpriced": "gray",
    "spent_out": "red",
}  # fmt: skip
SPENT_OUT: Final = 100
STATE_WORDS: Final[Mapping[DeliveryState, str]] = {
    "delivered": "delivered", "pending": "on its way", "failed": "failed",
}  # fmt: skip
STATE_MARKS: Final[Mapping[DeliveryState, StatusMark]] = {
    "delivered": StatusMark("Last one delivered", ":material/check_circle:", "green"),
    "pending": StatusMark("On its way", ":material/schedule:", "blue"),
    "failed": StatusMark("Last one failed", ":material/error:", "red"),
}


def draw_alerts(visitor: Visitor, names: Mapping[str, str], zone: ZoneInfo, now: datetime) -> None:
    """Draw history, channels and deliveries; whoever may not change anything sees no way to."""
    desk, call, person = visitor.stage.backend.alerting, visitor.stage.bridge.call, visitor.person
    try:
        raised = call(desk.alerts(person, SHOWN))
        channels = call(desk.channels(person))
        deliveries = call(desk.deliveries(person, limit=LOGGED))
    except OverloadedError:
        draw_unreadable("Alerts")
        return
    may_edit = desk.may_edit(person)
    said = flash()
    if said:
        st.toast(said, icon=":material/check:")
    st.subheader("Alerts", anchor=False)
    _history(raised, zone, now)
    _channels(channels, names, zone, now, may_edit=may_edit)
    if deliveries:
        _log(deliveries, zone, now, may_edit=may_edit)
    draw_dialog(names)


def _history(raised: Sequence[AlertView], zone: ZoneInfo, now: datetime) -> None:
    if not raised:
        st.caption("Nothing was raised.")
        return
    lines = "".join(_line(each, zone, now) for each in raised)
    st.html(
        '<div role="list" aria-label="Alerts, newest first" style="display:flex;flex-direction:column;gap:.55rem">'
        f"{lines}</div>"
    )
    if len(raised) == SHOWN:
        st.caption(f"The newest {SHOWN}. GET /api/admin/alerts lists more.")


def _line(each: AlertView, zone: ZoneInfo, now: datetime) -> str:
    colour = paint("red" if each.threshold >= SPENT_OUT else COLOURS[each.kind])
    sent = ", ".join(
        f"{each.deliveries[state]} {word}" for state, word in STATE_WORDS.items() if state in each.deliveries
    )
    told = f"{moment(each.at, zone, now)} · {KIND_WORDS[each.kind]}{f' · {sent}' if sent else ''}"
    return (
        '<div role="listitem" style="font-size:.9rem;line-height:1.4;padding-left:.6rem;'
        f'border-left:3px solid {colour}"><div style="overflow-wrap:anywhere">{escape(each.sentence)}</div>'
        f'<div style="font-size:.8rem;opacity:.72">{told}</div></div>'
    )


def _channels(
    channels: Sequence[ChannelView], names: Mapping[str, str], zone: ZoneInfo, now: datetime, *, may_edit: bool
) -> None:
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.subheader("Channels", anchor=False)
        if may_edit:
            st.button("Add a channel", key="alert_add", on_click=ask("add"), icon=":material/add_alert:")
    if not channels:
        st.caption("Alerts go to nobody yet: they are on this screen only.")
    for each in channels:
        _channel(each, names, zone, now, may_edit=may_edit)


def _channel(view: ChannelView, names: Mapping[str, str], zone: ZoneInfo, now: datetime, *, may_edit: bool) -> None:
    channel = view.channel
    icon = ":material/webhook:" if channel.kind == "webhook" else ":material/mail:"
    with st.container(border=True, gap="xsmall", key=f"alert_channel_{channel.id}"):
        st.markdown(f"{icon} **{literal(channel.target)}** {badge(_mark(view))}")
        st.markdown(f":small[:gray[{_scope(channel, names)}{_when(view.last, zone, now)}]]")
        if view.last is not None and view.last.last_error:
            st.markdown(f":small[{literal(view.last.last_error)}]")
        if may_edit:
            _buttons(channel)


def _buttons(channel: AlertChannel) -> None:
    with st.container(horizontal=True, gap="xsmall"):
        st.button("Send a test", key=f"alert_test_{channel.id}", on_click=ask("test", channel.id))
        if channel.kind == "webhook":
            st.button("Show secret", key=f"alert_secret_{channel.id}", on_click=ask("secret", channel.id))
        turn = "Switch off" if channel.active else "Switch on"
        st.button(turn, key=f"alert_switch_{channel.id}", on_click=ask("switch", channel.id))
        st.button("Remove", key=f"alert_remove_{channel.id}", on_click=ask("remove", channel.id))


def _log(deliveries: Sequence[DeliveryView], zone: ZoneInfo, now: datetime, *, may_edit: bool) -> None:
    with st.expander("Deliveries", key="alert_deliveries"):
        rows = [
            {
                "When": moment(each.delivery.created_at, zone, now),
                "To": each.target or "a channel that was removed",
                "State": STATE_WORDS[each.delivery.state],
                "Attempts": str(each.delivery.attempts),
                "Last answer": "" if each.delivery.last_status is None else str(each.delivery.last_status),
                "Error": each.delivery.last_error,
            }
            for each in deliveries
        ]
        st.dataframe(rows, hide_index=True, height="content", alt="Deliveries of alerts, newest first")
        failed = [each for each in deliveries if each.delivery.state == "failed" and each.target]
        for each in failed[:OFFERED_AGAIN] if may_edit else ():
            id = each.delivery.id
            st.button(
                f"Deliver again to {literal(each.target)}, {moment(each.delivery.created_at, zone, now)}",
                key=f"alert_again_{id}", on_click=place, args=("again", id), icon=":material/replay:",
            )  # fmt: skip


def _mark(view: ChannelView) -> StatusMark:
    if not view.channel.active:
        return StatusMark("Switched off", ":material/do_not_disturb_on:", "gray")
    if view.last is None:
        return StatusMark("Nothing sent yet", ":material/help:", "gray")
    return STATE_MARKS[view.last.state]


def _scope(channel: AlertChannel, names: Mapping[str, str]) -> str:
    kinds = ", ".join(KIND_WORDS[each] for each in channel.kinds) or "everything"
    whose = "" if channel.account_id is None else f", account {literal(names.get(channel.account_id, '?'))}"
    return f"{kinds}{whose}"


def _when(last: AlertDelivery | None, zone: ZoneInfo, now: datetime) -> str:
    if last is None:
        return ""
    tries = "" if last.attempts <= 1 else f", {last.attempts}{THIN}attempts"
    return f" · last {moment(last.updated_at, zone, now)}{tries}"
