"""People on the Access screen: who there is, and the way to invite one."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import streamlit as st

from console.access.orders import close, opened, picked, place, take_words
from console.access.person_dialogs import draw_given, draw_invite, draw_person
from console.access.words import ROLES, STATES
from console.format import DASH, literal, moment, zone_of
from console.identity import Visitor
from router_core.admin.people_views import PersonView

__all__ = ["show_people"]

_COLUMNS: Final = {
    "E-mail": st.column_config.TextColumn(width=260),
    "Role": st.column_config.TextColumn(width=140),
    "Accounts": st.column_config.TextColumn(width=220),
    "State": st.column_config.MultiselectColumn(
        options=[word for word, _ in STATES.values()], color=[colour for _, colour in STATES.values()], width=170
    ),
    "Since": st.column_config.TextColumn(width=130),
}


def show_people(visitor: Visitor) -> None:
    """Draw the view for ``visitor``, who may open the screen."""
    take_words()
    call, backend, person = visitor.stage.bridge.call, visitor.stage.backend, visitor.person
    people = call(backend.users.people(person))
    names = call(backend.accounts.names(person))
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.subheader("People", anchor=False, width="content")
        st.button(
            "Invite a person",
            key="access_invite",
            icon=":material/person_add:",
            type="primary",
            on_click=place,
            args=("invite",),
        )
    st.caption("Who may sign in to this console, and what their role lets them do. Pick a row to change it.")
    rows = person_rows(people, names, zone_of(st.context.timezone), visitor.stage.clock.utcnow())
    chosen = picked(rows, "people", "People, by e-mail address", _COLUMNS)
    if chosen is not None and opened() is None:
        place("person", people[chosen].id)
    _dialog({each.id: each for each in people}, names)


def person_rows(
    people: Sequence[PersonView], names: Mapping[str, str], zone: ZoneInfo, now: datetime
) -> list[dict[str, object]]:
    """Return one row for each person; times are in ``zone``."""
    return [
        {
            "E-mail": each.email,
            "Role": ROLES[each.role],
            "Accounts": ", ".join(names.get(account, account) for account in each.accounts) or DASH,
            "State": [STATES[each.state][0]],
            "Since": moment(each.created_at, zone, now),
        }
        for each in people
    ]


def _dialog(people: Mapping[str, PersonView], names: Mapping[str, str]) -> None:
    match opened():
        case ("invite", _):
            st.dialog("Invite a person", icon=":material/person_add:", on_dismiss=close)(draw_invite)(names)
        case ("given", _):
            st.dialog("Hand this over now", icon=":material/key:", on_dismiss=close)(draw_given)()
        case ("person", user_id) if user_id in people:
            st.dialog(literal(people[user_id].email), position="right", width="medium", on_dismiss=close)(draw_person)(
                people[user_id], names
            )
