"""What the console knows of people, accounts and sessions in tests: the real desks over stores in memory."""

from collections.abc import Awaitable
from typing import TypeVar, cast

from router_core.admin.accounts_desk import AccountDesk
from router_core.admin.action_trail import ActionTrail
from router_core.admin.people import PeopleDesk
from router_core.admin.sessions_desk import SessionDesk
from router_core.clock import SystemClock
from router_core.ports import AccountRecord, UserRecord
from router_core.security.memory_action_log import MemoryActionLog
from router_core.security.memory_people import MemorySessionStore, MemoryUserStore
from router_core.security.memory_stores import MemoryAccountStore, MemoryApiKeyStore
from router_core.types import PersonRole, Principal
from tests.support.access_world import AccessStores, access_world

__all__ = ["AccessDouble"]

T = TypeVar("T")


def settled(work: Awaitable[T]) -> T:
    """Return what work that never waits comes to."""
    running = work.__await__()
    try:
        next(running)
    except StopIteration as end:
        return cast(T, end.value)
    raise AssertionError("it waits")


class AccessDouble:
    """Stores with the accounts acme and other and with ``people``, and the desks over them."""

    def __init__(self, *people: Principal) -> None:
        clock, accounts = SystemClock(), MemoryAccountStore()
        users = MemoryUserStore(accounts)
        self.stores = AccessStores(accounts, users, MemoryApiKeyStore(accounts), MemorySessionStore(users))
        self.log, self.clock = MemoryActionLog(), clock
        now = clock.utcnow()
        for name in ("acme", "other"):
            account = AccountRecord(id=name, name=name, timezone="UTC", is_active=True, created_at=now)
            settled(accounts.create(account))
        for each in people:
            self.add(each)
        self._desks = access_world(self.stores, ActionTrail(self.log, clock), clock, lambda: None)

    def add(self, person: Principal) -> None:
        """Keep ``person`` in the store."""
        user = UserRecord(
            id=person.id, email=person.name, password_hash="hash:x", role=cast(PersonRole, person.role),
            accounts=person.accounts, is_active=True, created_at=self.clock.utcnow(),
        )  # fmt: skip
        settled(self.stores.users.create(user))

    def desks(self) -> tuple[PeopleDesk, AccountDesk, SessionDesk]:
        """Return the three desks."""
        return self._desks.people, self._desks.accounts, self._desks.sessions
