"""Accounts on SQL."""

from collections.abc import Sequence
from datetime import datetime
from typing import cast

from sqlalchemy import ColumnElement, Select, delete, select
from sqlalchemy.orm import Session

from db.column_types import BadTextError
from db.hop import StoreHop
from db.models import Account, UserAccount
from db.stores.revisions import next_revision
from router_core.clock import Clock
from router_core.errors import NotFoundError
from router_core.ports import AccountRecord
from router_core.ports.keeping import removed_name
from router_core.types import Redaction

__all__ = ["SqlAccountStore"]


class SqlAccountStore:
    """Keeps accounts; an :class:`AccountStore` and :class:`AccountChanges`."""

    def __init__(self, hop: StoreHop, clock: Clock) -> None:
        self._hop = hop
        self._clock = clock

    async def create(self, account: AccountRecord) -> None:
        """Store a new account. Raises :class:`ValidationError` when its name is taken."""

        def work(session: Session) -> None:
            session.add(
                Account(
                    id=account.id,
                    name=account.name,
                    timezone=account.timezone,
                    is_active=account.is_active,
                    created_at=account.created_at,
                    keeps_content=account.keeps_content,
                    redaction=account.redaction,
                )
            )

        await self._hop.write(work)

    async def list(self) -> Sequence[AccountRecord]:
        """Return all accounts by name."""
        return await self._all(Account.removed_at.is_(None))

    async def by_name(self, name: str) -> AccountRecord | None:
        """Return the account called ``name``."""
        return await self._one(select(Account).where(Account.name == name))

    async def by_id(self, account_id: str) -> AccountRecord | None:
        """Return the account with that id."""
        return await self._one(select(Account).where(Account.id == account_id))

    async def change(self, account: AccountRecord) -> None:
        """Put ``account`` in the place of the one with its id. Raises :class:`NotFoundError`."""
        now = self._clock.utcnow()

        def work(session: Session) -> None:
            next_revision(session, now)
            row = _require(session, account.id)
            row.name, row.timezone = account.name, account.timezone
            row.is_active, row.keeps_content = account.is_active, account.keeps_content
            row.redaction = account.redaction

        await self._hop.write(work)

    async def remove(self, account_id: str, at: datetime) -> None:
        """Take an account out of service for good. Raises :class:`NotFoundError`."""
        now = self._clock.utcnow()

        def work(session: Session) -> None:
            next_revision(session, now)
            row = _require(session, account_id)
            row.name, row.is_active, row.removed_at = removed_name(_record(row)), False, at
            session.execute(delete(UserAccount).where(UserAccount.account_id == account_id))

        await self._hop.write(work)

    async def removed(self) -> Sequence[AccountRecord]:
        """Return the accounts that were removed, by name."""
        return await self._all(Account.removed_at.is_not(None))

    async def _all(self, condition: ColumnElement[bool]) -> Sequence[AccountRecord]:
        query = select(Account).where(condition).order_by(Account.name)
        return await self._hop.read(lambda session: [_record(row) for row in session.scalars(query)])

    async def _one(self, query: Select[Account]) -> AccountRecord | None:
        def work(session: Session) -> AccountRecord | None:
            row = session.scalars(query).one_or_none()
            return None if row is None else _record(row)

        try:
            return await self._hop.read(work)
        except BadTextError:  # text that cannot be stored is nobody's
            return None


def _require(session: Session, account_id: str) -> Account:
    row = session.get(Account, account_id, with_for_update=True)
    if row is None or row.removed_at is not None:
        raise NotFoundError("There is no such account")
    return row


def _record(row: Account) -> AccountRecord:
    return AccountRecord(
        id=row.id,
        name=row.name,
        timezone=row.timezone,
        is_active=row.is_active,
        created_at=row.created_at,
        keeps_content=row.keeps_content,
        redaction=cast("Redaction", row.redaction),
        removed_at=row.removed_at,
    )
