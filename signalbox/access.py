"""The desks of people, accounts and sessions on the store."""

from router_core.admin.access import AccessDesks
from router_core.admin.accounts_desk import AccountDesk, AccountDeskParts
from router_core.admin.action_trail import ActionTrail
from router_core.admin.own_access import OwnAccess
from router_core.admin.people import PeopleDesk, PeopleDeskParts
from router_core.admin.sessions_desk import SessionDesk, SessionDeskParts
from router_core.clock import Clock
from router_core.security.password_room import PasswordRoom
from router_core.security.sessions import SessionGate
from signalbox.store import Store

__all__ = ["access_desks"]


def access_desks(
    store: Store, passwords: PasswordRoom, trail: ActionTrail, gate: SessionGate, timezone: str, clock: Clock
) -> AccessDesks:
    """Return the facades; accounts that name no time zone are in ``timezone``."""
    look_anew = gate.look_anew
    people = PeopleDesk(
        PeopleDeskParts(
            users=store.users, changes=store.users, passwords=passwords, trail=trail, look_anew=look_anew, clock=clock
        )
    )
    accounts = AccountDesk(
        AccountDeskParts(
            accounts=store.accounts, changes=store.accounts, users=store.users, keys=store.api_keys,
            acting=people.acting, trail=trail, refresh=store.config.refresh, timezone=timezone, clock=clock,
        )
    )  # fmt: skip
    sessions = SessionDesk(
        SessionDeskParts(
            sessions=store.sessions, users=store.users, changes=store.users, acting=people.acting, trail=trail,
            look_anew=look_anew, clock=clock,
        )
    )  # fmt: skip
    own = OwnAccess(changes=store.users, passwords=passwords, look_anew=look_anew, clock=clock)
    return AccessDesks(people=people, accounts=accounts, sessions=sessions, own=own)
