"""What the views of people, accounts and sessions may ask for.

Every method raises :class:`ForbiddenError` when ``person`` lacks the right.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from router_core.admin.people_views import (
    AccessOrder,
    AccountChange,
    AccountOrder,
    AccountView,
    Handover,
    PersonChange,
    PersonOrder,
    PersonView,
    SessionView,
)
from router_core.types import Principal

__all__ = ["AccountBackend", "PeopleBackend", "SessionBackend"]


class PeopleBackend(Protocol):
    """People; :class:`PeopleDesk` does it."""

    async def people(self, person: Principal) -> Sequence[PersonView]:
        """Return everybody by e-mail address."""
        ...

    async def create(self, order: PersonOrder, person: Principal) -> Handover:
        """Make a person. Raises :class:`ValidationError` that names the field."""
        ...

    async def change(self, user_id: str, change: PersonChange, person: Principal) -> PersonView:
        """Change a person. Raises :class:`ConflictError` for the last in charge."""
        ...

    async def reset_password(self, user_id: str, order: AccessOrder, person: Principal) -> Handover:
        """End a person's password and sessions, and give them a way in to choose another."""
        ...

    async def remove(self, user_id: str, person: Principal) -> PersonView:
        """Remove a person for good."""
        ...


class AccountBackend(Protocol):
    """Accounts; :class:`AccountDesk` does it."""

    async def accounts(self, person: Principal) -> Sequence[AccountView]:
        """Return all accounts by name."""
        ...

    async def names(self, person: Principal) -> Mapping[str, str]:
        """Return the names of all accounts by id, of those that were removed too."""
        ...

    async def create(self, order: AccountOrder, person: Principal) -> AccountView:
        """Make an account. Raises :class:`ValidationError` that names the field."""
        ...

    async def change(self, account_id: str, change: AccountChange, person: Principal) -> AccountView:
        """Change an account. Raises :class:`ValidationError` that names the field."""
        ...

    async def remove(self, account_id: str, person: Principal) -> AccountView:
        """Take an account out of service for good."""
        ...


class SessionBackend(Protocol):
    """Sessions; :class:`SessionDesk` does it."""

    async def own(self, person: Principal) -> Sequence[SessionView]:
        """Return where ``person`` is signed in."""
        ...

    async def everybody(self, person: Principal, user_id: str | None = None) -> Sequence[SessionView]:
        """Return where people are signed in, or one of them."""
        ...

    async def end_own(self, session_id: str, person: Principal) -> None:
        """End a session of one's own. Raises :class:`NotFoundError`."""
        ...

    async def end_others(self, kept: str, person: Principal) -> int:
        """End all sessions of one's own but the one named ``kept``; return how many."""
        ...

    async def end(self, session_id: str, person: Principal) -> None:
        """End anybody's session. Raises :class:`NotFoundError`."""
        ...

    async def end_all(self, user_id: str, person: Principal) -> int:
        """End every session of a person; return how many there were."""
        ...
