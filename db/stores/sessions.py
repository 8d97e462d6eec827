"""Console sessions on SQL."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Final

from sqlalchemy import Update, not_, select, update
from sqlalchemy.orm import Session

from db.hop import StoreHop
from db.models import ConsoleSession, User, UserAccount
from db.stores.lookups import require_known
from db.stores.users import found_user, user_record
from router_core.ports import SessionRecord, UserRecord, session_name

__all__ = ["SqlSessionStore"]

_HASH_LENGTH: Final = 32


class SqlSessionStore:
    """Keeps console sessions; a :class:`SessionStore` and :class:`SessionRegister`."""

    def __init__(self, hop: StoreHop) -> None:
        self._hop = hop

    async def create(self, session: SessionRecord) -> None:
        """Store a new session. Raises :class:`ValidationError` for an unknown user or a token that is no hash."""

        def work(connection: Session) -> None:
            require_known(connection, User.id, [session.user_id], field="user_id")
            connection.add(_row(session))

        await self._hop.write(work)

    async def find(self, token_hash: bytes) -> tuple[SessionRecord, UserRecord] | None:
        """Return a session with its user."""
        query = (
            select(ConsoleSession, User, UserAccount.account_id)
            .join(User, User.id == ConsoleSession.user_id)
            .outerjoin(UserAccount, UserAccount.user_id == User.id)
            .where(ConsoleSession.token_hash == token_hash)
            .order_by(UserAccount.position)
        )

        def work(connection: Session) -> tuple[SessionRecord, UserRecord] | None:
            rows = connection.execute(query).all()
            if not rows:
                return None
            session, user, _ = rows[0]
            return _record(session), user_record(user, [account for _, _, account in rows])

        return await self._hop.read(work)

    async def touch(self, token_hash: bytes, at: datetime) -> None:
        """Note that the person acted at ``at``; never turns the time back, ignores sessions that have ended."""
        statement = (
            update(ConsoleSession)
            .where(
                ConsoleSession.token_hash == token_hash,
                ConsoleSession.last_seen_at < at,
                ConsoleSession.revoked_at.is_(None),
            )
            .values(last_seen_at=at)
        )
        await self._hop.write(lambda connection: _execute(connection, statement))

    async def revoke(self, token_hash: bytes, at: datetime) -> None:
        """End a session; unknown tokens are ignored. The first time of revocation stays."""
        statement = (
            update(ConsoleSession)
            .where(ConsoleSession.token_hash == token_hash, ConsoleSession.revoked_at.is_(None))
            .values(revoked_at=at)
        )
        await self._hop.write(lambda connection: _execute(connection, statement))

    async def open_ones(
        self, user_id: str | None, now: datetime, seen_since: datetime
    ) -> Sequence[tuple[SessionRecord, UserRecord]]:
        """Return a person's sessions, or everybody's, that last acted at ``seen_since`` or later, newest act first."""
        query = (
            select(ConsoleSession, User, UserAccount.account_id)
            .join(User, User.id == ConsoleSession.user_id)
            .outerjoin(UserAccount, UserAccount.user_id == User.id)
            .where(
                ConsoleSession.revoked_at.is_(None),
                ConsoleSession.expires_at > now,
                ConsoleSession.last_seen_at >= seen_since,
                ConsoleSession.generation == User.generation,
                User.is_active,
                *(() if user_id is None else (ConsoleSession.user_id == user_id,)),
            )
            .order_by(ConsoleSession.last_seen_at.desc(), ConsoleSession.token_hash.desc(), UserAccount.position)
        )

        def work(connection: Session) -> list[tuple[SessionRecord, UserRecord]]:
            grouped = groupby(connection.execute(query), key=lambda row: (row[0], row[1]))
            return [
                (_record(session), user_record(user, [account for _, _, account in rows]))
                for (session, user), rows in grouped
            ]

        return await self._hop.read(work)

    async def end(self, name: str, at: datetime, user_id: str | None = None) -> UserRecord | None:
        """End the session of that name, a person's or anybody's; return whose it was, None when there is none such."""
        span = _span(name)
        if span is None:
            return None
        statement = update(ConsoleSession).where(
            ConsoleSession.token_hash.between(*span),
            ConsoleSession.revoked_at.is_(None),
            *(() if user_id is None else (ConsoleSession.user_id == user_id,)),
        )

        def work(connection: Session) -> UserRecord | None:
            owner = connection.scalar(statement.values(revoked_at=at).returning(ConsoleSession.user_id))
            return None if owner is None else found_user(connection, User.id == owner)

        return await self._hop.write(work)

    async def end_others(self, user_id: str, kept: str, at: datetime) -> int:
        """End all sessions of a person but the one named ``kept``; return how many."""
        span = _span(kept)
        statement = update(ConsoleSession).where(
            ConsoleSession.user_id == user_id,
            ConsoleSession.revoked_at.is_(None),
            *(() if span is None else (not_(ConsoleSession.token_hash.between(*span)),)),
        )
        ended = statement.values(revoked_at=at).returning(ConsoleSession.token_hash)
        return await self._hop.write(lambda connection: len(connection.scalars(ended).all()))

    async def seen_from(self, user_id: str, address: str) -> bool:
        """Say whether that person has ever signed in from ``address``, as far as sessions are kept."""
        query = select(ConsoleSession.token_hash).where(
            ConsoleSession.user_id == user_id, ConsoleSession.address == address
        )
        return await self._hop.read(lambda connection: connection.scalar(query.limit(1)) is not None)


def _span(name: str) -> tuple[bytes, bytes] | None:
    """Return the first and the last hash that a session of that name can have, None for what is no name."""
    try:
        head = bytes.fromhex(name)
    except ValueError:
        return None
    rest = _HASH_LENGTH - len(head)
    if rest < 0 or session_name(head + b"\x00" * rest) != name:
        return None
    return head + b"\x00" * rest, head + b"\xff" * rest


def _execute(connection: Session, statement: Update) -> None:
    connection.execute(statement)


def _row(session: SessionRecord) -> ConsoleSession:
    return ConsoleSession(
        token_hash=session.token_hash,
        user_id=session.user_id,
        csrf=session.csrf,
        created_at=session.created_at,
        expires_at=session.expires_at,
        last_seen_at=session.last_seen_at,
        revoked_at=session.revoked_at,
        address=session.address,
        generation=session.generation,
        browser=session.browser,
    )


def _record(row: ConsoleSession) -> SessionRecord:
    return SessionRecord(
        token_hash=row.token_hash,
        user_id=row.user_id,
        csrf=row.csrf,
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_seen_at=row.last_seen_at,
        revoked_at=row.revoked_at,
        address=row.address,
        generation=row.generation,
        browser=row.browser,
    )
