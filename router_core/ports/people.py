"""What admins do to accounts, people and sessions; see :mod:`router_core.ports.stores` for the records."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from router_core.ports.stores import AccountRecord, SessionRecord, UserRecord

__all__ = ["AccountChanges", "SessionRegister", "UserChanges"]


class AccountChanges(Protocol):
    """Changes and removes accounts."""

    async def change(self, account: AccountRecord) -> None:
        """Put ``account`` in the place of the one with its id, with a new revision of the configuration.

        Raises :class:`NotFoundError`, and :class:`ValidationError` for a taken name.
        """
        ...

    async def remove(self, account_id: str, at: datetime) -> None:
        """Take an account out of service for good: its keys are revoked, nobody belongs to it, its name is free.

        What was recorded of it stays. Raises :class:`NotFoundError`.
        """
        ...

    async def removed(self) -> Sequence[AccountRecord]:
        """Return the accounts that were removed, by name."""
        ...


class UserChanges(Protocol):
    """Changes and removes people; who was the last active owner, or owner or admin, stays that."""

    async def change(self, user: UserRecord) -> UserRecord:
        """Put ``user`` in the place of the one with its id, if that still has its version; return what is kept.

        Id, address and time of creation stay. Raises :class:`NotFoundError`, :class:`ConflictError` when somebody
        changed it meanwhile or nobody would be left in charge, and :class:`ValidationError` for unknown accounts.
        """
        ...

    async def remove(self, user: UserRecord) -> None:
        """Remove a person and their sessions. Raises as :meth:`change` does."""
        ...

    async def by_invitation(self, token_hash: bytes) -> UserRecord | None:
        """Return who was invited with that token, however long ago."""
        ...


class SessionRegister(Protocol):
    """All sessions at once; what lists them leaves out those that are over."""

    async def open_ones(
        self, user_id: str | None, now: datetime, seen_since: datetime
    ) -> Sequence[tuple[SessionRecord, UserRecord]]:
        """Return a person's sessions, or everybody's, that last acted at ``seen_since`` or later, newest act first."""
        ...

    async def end(self, name: str, at: datetime, user_id: str | None = None) -> UserRecord | None:
        """End the session of that name, a person's or anybody's; return whose it was, None when there is none such."""
        ...

    async def end_others(self, user_id: str, kept: str, at: datetime) -> int:
        """End all sessions of a person but the one named ``kept``; return how many."""
        ...

    async def seen_from(self, user_id: str, address: str) -> bool:
        """Say whether that person has ever signed in from ``address``, as far as sessions are kept."""
        ...
