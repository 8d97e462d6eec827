"""Accounts on SQL."""

from collections.abc import Sequence

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from db.column_types import BadTextError
from db.hop import StoreHop
from db.models import Account
from router_core.ports import AccountRecord

__all__ = ["SqlAccountStore"]


class SqlAccountStore:
    """Keeps accounts; an :class:`AccountStore`."""

    def __init__(self, hop: StoreHop) -> None:
        self._hop = hop

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
                )
            )

        await self._hop.write(work)

    async def list(self) -> Sequence[AccountRecord]:
        """Return all accounts by name."""
        return await self._hop.read(
            lambda session: [_record(row) for row in session.scalars(select(Account).order_by(Account.name))]
        )

    async def by_name(self, name: str) -> AccountRecord | None:
        """Return the account called ``name``."""
        return await self._one(select(Account).where(Account.name == name))

    async def by_id(self, account_id: str) -> AccountRecord | None:
        """Return the account with that id."""
        return await self._one(select(Account).where(Account.id == account_id))

    async def _one(self, query: Select[Account]) -> AccountRecord | None:
        def work(session: Session) -> AccountRecord | None:
            row = session.scalars(query).one_or_none()
            return None if row is None else _record(row)

        try:
            return await self._hop.read(work)
        except BadTextError:  # text that cannot be stored is nobody's
            return None


def _record(row: Account) -> AccountRecord:
    return AccountRecord(
        id=row.id,
        name=row.name,
        timezone=row.timezone,
        is_active=row.is_active,
        created_at=row.created_at,
        keeps_content=row.keeps_content,
    )
