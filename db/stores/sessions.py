"""Console sessions on SQL."""

from datetime import datetime

from sqlalchemy import Update, select, update
from sqlalchemy.orm import Session

from db.hop import StoreHop
from db.models import ConsoleSession, User, UserAccount
from db.stores.lookups import require_known
from db.stores.users import user_record
from router_core.ports import SessionRecord, UserRecord

__all__ = ["SqlSessionStore"]


class SqlSessionStore:
    """Keeps console sessions; a :class:`SessionStore`."""

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
    )
