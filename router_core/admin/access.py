"""The desks of the Access screen, together."""

from dataclasses import dataclass

from router_core.admin.accounts_desk import AccountDesk
from router_core.admin.own_access import OwnAccess
from router_core.admin.people import PeopleDesk
from router_core.admin.sessions_desk import SessionDesk

__all__ = ["AccessDesks"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessDesks:
    """Who is there, what they belong to, where they are signed in, and what they do about their own passwords."""

    people: PeopleDesk
    accounts: AccountDesk
    sessions: SessionDesk
    own: OwnAccess
