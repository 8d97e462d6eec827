"""People on SQL."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any, Final

from msgspec import convert
from sqlalchemy import ColumnElement, Row, Select, delete, select
from sqlalchemy.orm import Session

from db.column_types import BadTextError
from db.hop import StoreHop
from db.models import User, UserAccount
from db.stores.lookups import require_accounts
from router_core.errors import ConflictError, NotFoundError
from router_core.ports import UserRecord
from router_core.ports.keeping import refuse_headless
from router_core.types import PersonRole

__all__ = ["SqlUserStore", "found_user", "user_record"]

_CHANGED: Final = (
    "password_hash", "role", "is_active", "must_change", "generation", "invitation_hash", "invited_until",
    "openid",
)  # fmt: skip


class SqlUserStore:
    """Keeps people; a :class:`UserStore` and :class:`UserChanges`."""

    def __init__(self, hop: StoreHop) -> None:
        self._hop = hop

    async def create(self, user: UserRecord) -> None:
        """Store a new user. Raises :class:`ValidationError` for a taken address and for unknown accounts."""

        def work(session: Session) -> None:
            require_accounts(session, user.accounts, field="accounts")
            session.add(_row(user))
            session.flush()
            session.add_all(_memberships(user))

        await self._hop.write(work)

    async def list(self) -> Sequence[UserRecord]:
        """Return all users by e-mail address."""
        query = _with_accounts().order_by(User.email, UserAccount.position)
        return await self._hop.read(lambda session: _records(session.execute(query)))

    async def by_email(self, email: str) -> UserRecord | None:
        """Return the user with that address, whatever its case."""
        return await self._one(User.email == email.lower())

    async def by_id(self, user_id: str) -> UserRecord | None:
        """Return the user with that id."""
        return await self._one(User.id == user_id)

    async def by_invitation(self, token_hash: bytes) -> UserRecord | None:
        """Return who was invited with that token, however long ago."""
        return await self._one(User.invitation_hash == token_hash)

    async def change(self, user: UserRecord) -> UserRecord:
        """Put ``user`` in the place of the one with its id, if that still has its version; return what is kept."""

        def work(session: Session) -> UserRecord:
            before = _lock_heads(session)
            row = _require(session, user)
            require_accounts(session, user.accounts, field="accounts")
            for name in _CHANGED:
                setattr(row, name, getattr(user, name))
            row.version = user.version + 1
            session.execute(delete(UserAccount).where(UserAccount.user_id == user.id))
            session.flush()
            session.add_all(_memberships(user))
            session.flush()
            kept = user_record(row, user.accounts)
            refuse_headless(before, [*(each for each in before if each.id != user.id), kept])
            return kept

        return await self._hop.write(work)

    async def remove(self, user: UserRecord) -> None:
        """Remove a person and their sessions."""

        def work(session: Session) -> None:
            before = _lock_heads(session)
            session.delete(_require(session, user))
            session.flush()
            refuse_headless(before, [each for each in before if each.id != user.id])

        await self._hop.write(work)

    async def _one(self, condition: ColumnElement[bool]) -> UserRecord | None:
        try:
            return await self._hop.read(lambda session: found_user(session, condition))
        except BadTextError:  # text that cannot be stored is nobody's
            return None


def found_user(session: Session, condition: ColumnElement[bool]) -> UserRecord | None:
    """Return the user that ``condition`` is true of, None for nobody."""
    query = _with_accounts().where(condition).order_by(UserAccount.position)
    return next(iter(_records(session.execute(query))), None)


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
        must_change=user.must_change,
        generation=user.generation,
        version=user.version,
        invitation_hash=user.invitation_hash,
        invited_until=user.invited_until,
        openid=user.openid,
    )


def _row(user: UserRecord) -> User:
    return User(
        id=user.id,
        email=user.email.lower(),
        created_at=user.created_at,
        version=user.version,
        **{name: getattr(user, name) for name in _CHANGED},
    )


def _memberships(user: UserRecord) -> list[UserAccount]:
    return [
        UserAccount(user_id=user.id, account_id=account_id, position=position)
        for position, account_id in enumerate(user.accounts)
    ]


def _lock_heads(session: Session) -> list[UserRecord]:
    """Return the active owners and admins; of two changes at once among them one waits for the other."""
    heads = select(User).where(User.role.in_(("owner", "admin")), User.is_active).order_by(User.id).with_for_update()
    return [user_record(each, ()) for each in session.scalars(heads)]


def _require(session: Session, user: UserRecord) -> User:
    """Return the row of ``user``, if it still has that version, else raise what :meth:`SqlUserStore.change` says."""
    row = session.get(User, user.id, with_for_update=True)
    if row is None:
        raise NotFoundError("There is no such person")
    if row.version != user.version:
        raise ConflictError("Somebody else changed this person meanwhile")
    return row


def _with_accounts() -> Select[User, str | None]:
    accounts: Any = UserAccount.account_id
    return select(User, accounts).outerjoin(UserAccount, UserAccount.user_id == User.id)


def _records(rows: Iterable[Row[User, str | None]]) -> list[UserRecord]:
    grouped = groupby(rows, key=lambda row: row[0])
    return [user_record(user, [account for _, account in members]) for user, members in grouped]
