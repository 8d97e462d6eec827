"""The desks of people, accounts and sessions over stores in memory, with passwords that cost nothing."""

from collections.abc import Callable
from dataclasses import dataclass

from router_core.admin.access import AccessDesks
from router_core.admin.accounts_desk import AccountDesk, AccountDeskParts
from router_core.admin.action_trail import ActionTrail
from router_core.admin.own_access import OwnAccess
from router_core.admin.people import PeopleDesk, PeopleDeskParts
from router_core.admin.sessions_desk import SessionDesk, SessionDeskParts
from router_core.clock import Clock
from router_core.security.memory_people import MemorySessionStore, MemoryUserStore
from router_core.security.memory_stores import MemoryAccountStore, MemoryApiKeyStore
from router_core.security.password_room import PasswordRoom
from router_core.types import Secret

__all__ = ["AccessStores", "PlainHasher", "access_world"]


class PlainHasher:
    """Hashes nothing; counts checks."""

    def __init__(self) -> None:
        self.checks = 0

    def hash(self, password: Secret) -> str:
        return f"hash:{password.reveal()}"

    def verify(self, password: Secret, password_hash: str) -> bool:
        self.checks += 1
        return password_hash == self.hash(password)


@dataclass(frozen=True)
class AccessStores:
    """What the desks work on."""

    accounts: MemoryAccountStore
    users: MemoryUserStore
    keys: MemoryApiKeyStore
    sessions: MemorySessionStore


def access_world(stores: AccessStores, trail: ActionTrail, clock: Clock, look_anew: Callable[[], None]) -> AccessDesks:
    """Return the desks."""
    people = PeopleDesk(
        PeopleDeskParts(
            users=stores.users, changes=stores.users, passwords=PasswordRoom(PlainHasher()), trail=trail,
            look_anew=look_anew, clock=clock,
        )
    )  # fmt: skip

    async def refresh() -> None:
        """Nothing follows the store here."""

    accounts = AccountDesk(
        AccountDeskParts(
            accounts=stores.accounts, changes=stores.accounts, users=stores.users, keys=stores.keys,
            acting=people.acting, trail=trail, refresh=refresh, timezone="UTC", clock=clock,
        )
    )  # fmt: skip
    sessions = SessionDesk(
        SessionDeskParts(
            sessions=stores.sessions, users=stores.users, changes=stores.users, acting=people.acting, trail=trail,
            look_anew=look_anew, clock=clock,
        )
    )  # fmt: skip
    own = OwnAccess(
        changes=stores.users,
        passwords=PasswordRoom(PlainHasher()),
        look_anew=look_anew,
        clock=clock,
    )
    return AccessDesks(people=people, accounts=accounts, sessions=sessions, own=own)
