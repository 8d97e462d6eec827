"""Accounts on SQL."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

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

        def work(session: Session) -> AccountRecord | None:
            row = session.scalars(select(Account).where(Account.name == name)).one_or_none()
            return None if row is None else _record(row)

        return await self._hop.read(work)


def _record(row: Account) -> AccountRecord:
    return AccountRecord(
        id=row.id, name=row.name, timezone=row.timezone, is_active=row.is_active, created_at=row.created_at
    )
