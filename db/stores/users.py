"""People on SQL."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

from msgspec import convert
from sqlalchemy import Row, Select, select, update
from sqlalchemy.orm import Session

from db.column_types import BadTextError
from db.hop import StoreHop
from db.models import Account, User, UserAccount
from db.stores.lookups import require_known
from router_core.ports import UserRecord
from router_core.types import PersonRole

__all__ = ["SqlUserStore", "user_record"]


class SqlUserStore:
    """Keeps people; a :class:`UserStore`."""

    def __init__(self, hop: StoreHop) -> None:
        self._hop = hop

    async def create(self, user: UserRecord) -> None:
        """Store a new user. Raises :class:`ValidationError` for a taken address and for unknown accounts."""

        def work(session: Session) -> None:
            require_known(session, Account.id, user.accounts, field="accounts")
            session.add(_row(user))
            session.flush()
            session.add_all(
                UserAccount(user_id=user.id, account_id=account_id, position=position)
                for position, account_id in enumerate(user.accounts)
            )

        await self._hop.write(work)

    async def list(self) -> Sequence[UserRecord]:
        """Return all users by e-mail address."""
        query = _with_accounts().order_by(User.email, UserAccount.position)
        return await self._hop.read(lambda session: _records(session.execute(query)))

    async def by_email(self, email: str) -> UserRecord | None:
        """Return the user with that address, whatever its case."""
        query = _with_accounts().where(User.email == email.lower()).order_by(UserAccount.position)
        try:
            found = await self._hop.read(lambda session: _records(session.execute(query)))
        except BadTextError:  # text that cannot be stored is nobody's
            return None
        return found[0] if found else None

    async def set_active(self, user_id: str, *, active: bool) -> bool:
        """Enable or disable a user; return whether there is one."""
        statement = update(User).where(User.id == user_id).values(is_active=active).returning(User.id)
        return await self._hop.write(lambda session: session.scalar(statement) is not None)


def user_record(user: User, accounts: Iterable[str | None]) -> UserRecord:
    """Return the value of a row and its memberships, which are in order; None stands for no membership."""
    return UserRecord(
        id=user.id,
        email=user.email,
        password_hash=user.password_hash,
        role=convert(user.role, PersonRole),
        accounts=tuple(account for account in accounts if account is not None),
        is_active=user.is_active,
        created_at=user.created_at,
    )


def _row(user: UserRecord) -> User:
    return User(
        id=user.id,
        email=user.email.lower(),
        password_hash=user.password_hash,
        role=user.role,
        is_active=user.is_active,
        created_at=user.created_at,
    )


def _with_accounts() -> Select[User, str | None]:
    accounts: Any = UserAccount.account_id
    return select(User, accounts).outerjoin(UserAccount, UserAccount.user_id == User.id)


def _records(rows: Iterable[Row[User, str | None]]) -> list[UserRecord]:
    grouped = groupby(rows, key=lambda row: row[0])
    return [user_record(user, [account for _, account in members]) for user, members in grouped]
