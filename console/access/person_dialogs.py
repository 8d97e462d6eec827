"""The dialogs about one person: inviting, changing, a new way in, and what is shown once."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

import streamlit as st

from console.access.orders import close, confirmed, finish, given, hand_over, require_unchanged, seen
from console.access.words import ROLES, STATES, WHAT_ROLES_DO
from console.attempt import attempted
from console.format import literal, moment, zone_of
from console.identity import Visitor, require
from router_core.admin.people_views import AccessOrder, FirstAccess, Handover, PersonChange, PersonOrder, PersonView
from router_core.types import PersonRole

__all__ = ["draw_given", "draw_invite", "draw_person"]

_WAYS: Final[Mapping[FirstAccess, str]] = {
    "link": "A link to choose a password, good for 3 days",
    "password": "A generated password, to be changed at first sign-in",
}


def draw_invite(names: Mapping[str, str]) -> None:
    """Ask who is invited as what."""
    visitor = require("access", touch=True)
    email = st.text_input("E-mail address", key="access_email", autocomplete="off", max_chars=254)
    role = _role("access_role", "viewer", visitor)
    accounts = _accounts("access_accounts", names, tuple(names)[:1], visitor)
    way = _way("access_way")
    if not _pressed("Invite", "access_invite_do", disabled=not email.strip()):
        return
    order = PersonOrder(email=email, role=role, accounts=accounts, first_access=way)
    _hand_over(lambda: visitor.stage.bridge.call(visitor.stage.backend.users.create(order, visitor.person)))


def draw_given() -> None:
    """Show what is to be had only now."""
    visitor, handover = require("access", touch=True), given()
    if handover is None:
        st.markdown("It was shown already. Give the person a new way in.")
        return
    st.warning("This is shown once. Copy it now, and send it to the person alone.", icon=":material/visibility:")
    if handover.link is not None and handover.link_ends_at is not None:
        st.markdown(f"**{literal(handover.person.email)}** opens this link and chooses a password:")
        st.code(_origin() + handover.link, language=None, wrap_lines=True)
        st.caption(f"It works once, until {_when(visitor, handover.link_ends_at)}.")
    else:
        st.markdown(f"**{literal(handover.person.email)}** signs in with this password, and must change it then:")
        st.code(handover.password or "", language=None)
    if st.button("Done", key="access_given_done", type="primary", width="stretch"):
        close()
        st.rerun()


def draw_person(person: PersonView, names: Mapping[str, str]) -> None:
    """Show one person with everything that may be done about them."""
    visitor = require("access", touch=True)
    word, colour = STATES[person.state]
    st.markdown(f":{colour}-badge[{word}] {ROLES[person.role]}")
    if person.invited_until is not None:
        st.caption(f"The invitation works until {_when(visitor, person.invited_until)}.")
    if person.id == visitor.person.id:
        st.info("This is you. Another admin or owner changes your role.", icon=":material/person:")
    _edit(visitor, person, names)
    with st.expander("Sessions", icon=":material/devices:"):
        _end_sessions(visitor, person)
    if person.id == visitor.person.id:
        return
    with st.expander("New way in", icon=":material/key:"):
        _reset(visitor, person)
    with st.expander("Remove", icon=":material/person_remove:"):
        _remove(visitor, person)


def _edit(visitor: Visitor, person: PersonView, names: Mapping[str, str]) -> None:
    is_own, person = person.id == visitor.person.id, seen(person)
    role = _role(f"access_role_{person.id}", person.role, visitor, disabled=is_own)
    accounts = _accounts(f"access_accounts_{person.id}", names, person.accounts, visitor)
    active = st.toggle("May sign in", person.is_active, key=f"access_active_{person.id}", disabled=is_own)
    change, users = PersonChange(role=role, accounts=accounts, is_active=active), visitor.stage.backend.users
    is_same = (role, accounts, active) == (person.role, person.accounts, person.is_active)
    if not _pressed("Save", "access_save", disabled=is_same):
        return

    def act() -> str:
        now = [each for each in visitor.stage.bridge.call(users.people(visitor.person)) if each.id == person.id]
        require_unchanged([_settled(person)], [_settled(each) for each in now])
        visitor.stage.bridge.call(users.change(person.id, change, visitor.person))
        return f"{literal(person.email)} is changed; in force everywhere within 5 seconds."

    finish(act)


def _settled(person: PersonView) -> tuple[PersonRole, tuple[str, ...], bool]:
    return person.role, person.accounts, person.is_active


def _reset(visitor: Visitor, person: PersonView) -> None:
    st.caption("Ends the password and every session of this person at once.")
    way = _way(f"access_way_{person.id}")
    if confirmed("Reset password", person.email, "access_reset"):
        users, order = visitor.stage.backend.users, AccessOrder(first_access=way)
        _hand_over(lambda: visitor.stage.bridge.call(users.reset_password(person.id, order, visitor.person)))


def _end_sessions(visitor: Visitor, person: PersonView) -> None:
    found = visitor.stage.bridge.call(visitor.stage.backend.sessions.everybody(visitor.person, person.id))
    st.caption(f"Signed in at {len(found)} places." if len(found) != 1 else "Signed in at one place.")
    if not st.button("Sign out everywhere", key="access_end_all", width="stretch", disabled=not found):
        return

    def act() -> str:
        ended = visitor.stage.bridge.call(visitor.stage.backend.sessions.end_all(person.id, visitor.person))
        return f"{ended} sessions of {literal(person.email)} are ended."

    finish(act)


def _remove(visitor: Visitor, person: PersonView) -> None:
    st.caption("For good. What this person did stays in the audit log.")
    if not confirmed("Remove person", person.email, "access_remove"):
        return

    def act() -> str:
        visitor.stage.bridge.call(visitor.stage.backend.users.remove(person.id, visitor.person))
        return f"{literal(person.email)} is removed."

    finish(act)


def _hand_over(act: Callable[[], Handover]) -> None:
    made: list[Handover] = []

    def run() -> str:
        made.append(act())
        return ""

    if attempted(run) is not None:
        hand_over(made[0])


def _role(key: str, role: PersonRole, visitor: Visitor, *, disabled: bool = False) -> PersonRole:
    offered = [each for each in ROLES if each != "owner" or visitor.person.role == "owner" or role == "owner"]
    place = offered.index(role)
    chosen = st.selectbox("Role", offered, place, format_func=lambda each: ROLES[each], key=key, disabled=disabled)
    st.caption(WHAT_ROLES_DO[chosen])
    return chosen


def _accounts(key: str, names: Mapping[str, str], chosen: tuple[str, ...], visitor: Visitor) -> tuple[str, ...]:
    live = {
        each.id: each.name
        for each in visitor.stage.bridge.call(visitor.stage.backend.accounts.accounts(visitor.person))
    }
    known = [each for each in chosen if each in live]
    found = st.multiselect(
        "Accounts, the default first", list(live), known, format_func=lambda each: names.get(each, each), key=key
    )
    return tuple(found)


def _way(key: str) -> FirstAccess:
    return st.radio("How they get in", list(_WAYS), format_func=lambda each: _WAYS[each], key=key)


def _pressed(label: str, key: str, *, disabled: bool) -> bool:
    back, on = st.columns(2)
    if back.button("Cancel", key=f"{key}_cancel", width="stretch"):
        close()
        st.rerun()
    return on.button(label, key=key, type="primary", width="stretch", disabled=disabled)


def _origin() -> str:
    head, slashes, rest = str(st.context.url or "").partition("://")
    return f"{head}{slashes}{rest.partition('/')[0]}" if slashes else ""


def _when(visitor: Visitor, at: datetime) -> str:
    return moment(at, zone_of(st.context.timezone), visitor.stage.clock.utcnow())
