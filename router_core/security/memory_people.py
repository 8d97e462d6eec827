"""People and their sessions in memory, with the same answers as the real store."""

from collections.abc import Sequence
from datetime import UTC, datetime

from msgspec import structs

from router_core.errors import ConflictError, NotFoundError
from router_core.ports import SessionRecord, UserRecord
from router_core.ports.keeping import as_kept, refuse, refuse_headless
from router_core.security.memory_stores import MemoryAccountStore

__all__ = ["MemorySessionStore", "MemoryUserStore"]

_HASH_LENGTH = 32


class MemoryUserStore:
    """Keeps people; a :class:`UserStore` and :class:`UserChanges`."""

    def __init__(self, accounts: MemoryAccountStore) -> None:
        self._accounts = accounts
        self._rows: dict[str, UserRecord] = {}

    async def create(self, user: UserRecord) -> None:
        """Store a new user. Raises :class:`ValidationError` for a taken address and for unknown accounts."""
        row = as_kept(structs.replace(user, email=user.email.lower()))
        self._check(row)
        refuse(row.id in self._rows, "id", "is already taken")
        refuse(any(other.email == row.email for other in self._rows.values()), "email", "is already taken")
        self._check_subject(row)
        self._rows[row.id] = row

    async def list(self) -> Sequence[UserRecord]:
        """Return all users by e-mail address."""
        return sorted(map(self._shown, self._rows.values()), key=lambda row: row.email)

    async def by_email(self, email: str) -> UserRecord | None:
        """Return the user with that address, whatever its case."""
        return self.row(next((row.id for row in self._rows.values() if row.email == email.lower()), ""))

    async def by_id(self, user_id: str) -> UserRecord | None:
        """Return the user with that id."""
        return self.row(user_id)

    async def change(self, user: UserRecord) -> UserRecord:
        """Put ``user`` in the place of the one with its id, if that still has its version; return what is kept."""
        was = self._require(user)
        row = structs.replace(as_kept(user), email=was.email, created_at=was.created_at, version=was.version + 1)
        self._check(row)
        self._check_subject(row)
        refuse_headless(self._rows.values(), [row if each.id == row.id else each for each in self._rows.values()])
        self._rows[row.id] = row
        return row

    async def remove(self, user: UserRecord) -> None:
        """Remove a person and their sessions."""
        self._require(user)
        refuse_headless(self._rows.values(), [each for each in self._rows.values() if each.id != user.id])
        del self._rows[user.id]

    async def by_invitation(self, token_hash: bytes) -> UserRecord | None:
        """Return who was invited with that token, however long ago."""
        return self.row(next((row.id for row in self._rows.values() if row.invitation_hash == token_hash), ""))

    def row(self, user_id: str) -> UserRecord | None:
        """Return the user with that id; at once, for other stores."""
        found = self._rows.get(user_id)
        return None if found is None else self._shown(found)

    def _shown(self, row: UserRecord) -> UserRecord:
        return structs.replace(row, accounts=tuple([each for each in row.accounts if self._accounts.holds([each])]))

    def _check(self, row: UserRecord) -> None:
        refuse(not self._accounts.holds(row.accounts), "accounts", "names nothing that exists")
        refuse(len(set(row.accounts)) < len(row.accounts), "accounts", "is already taken")

    def _check_subject(self, row: UserRecord) -> None:
        others = {each.openid for each in self._rows.values() if each.id != row.id and each.openid is not None}
        refuse(row.openid in others, "openid", "is already taken")

    def _require(self, user: UserRecord) -> UserRecord:
        row = self._rows.get(user.id)
        if row is None:
            raise NotFoundError("There is no such person")
        if row.version != user.version:
            raise ConflictError("Somebody else changed this person meanwhile")
        return row


class MemorySessionStore:
    """Keeps console sessions; a :class:`SessionStore` and :class:`SessionRegister`."""

    def __init__(self, users: MemoryUserStore) -> None:
        self._users = users
        self._rows: dict[bytes, SessionRecord] = {}

    async def create(self, session: SessionRecord) -> None:
        """Store a new session. Raises :class:`ValidationError` for an unknown user or a token that is no hash."""
        row = as_kept(session)
        refuse(self._users.row(row.user_id) is None, "user_id", "names nothing that exists")
        refuse(len(row.token_hash) != _HASH_LENGTH, "token_hash", "is not allowed")
        refuse(row.token_hash in self._rows, "token_hash", "is already taken")
        self._rows[row.token_hash] = row

    async def find(self, token_hash: bytes) -> tuple[SessionRecord, UserRecord] | None:
        """Return a session with its user."""
        row = self._rows.get(token_hash)
        user = None if row is None else self._users.row(row.user_id)
        return None if row is None or user is None else (row, user)

    async def touch(self, token_hash: bytes, at: datetime) -> None:
        """Note that the person acted at ``at``; never turns the time back, ignores sessions that have ended."""
        row = self._rows.get(token_hash)
        if row is not None and row.revoked_at is None and row.last_seen_at < at:
            self._rows[token_hash] = structs.replace(row, last_seen_at=at.astimezone(UTC))

    async def revoke(self, token_hash: bytes, at: datetime) -> None:
        """End a session; unknown tokens are ignored. The first time of revocation stays."""
        row = self._rows.get(token_hash)
        if row is not None and row.revoked_at is None:
            self._rows[token_hash] = structs.replace(row, revoked_at=at.astimezone(UTC))

    async def open_ones(
        self, user_id: str | None, now: datetime, seen_since: datetime
    ) -> Sequence[tuple[SessionRecord, UserRecord]]:
        """Return a person's sessions, or everybody's, that last acted at ``seen_since`` or later, newest act first."""
        found = [
            (row, user)
            for row in self._rows.values()
            if row.revoked_at is None
            and row.expires_at > now
            and row.last_seen_at >= seen_since
            and user_id in (None, row.user_id)
            and (user := self._users.row(row.user_id)) is not None
            and user.is_active
            and user.generation == row.generation
        ]
        return sorted(found, key=lambda pair: (pair[0].last_seen_at, pair[0].token_hash), reverse=True)

    async def end(self, name: str, at: datetime, user_id: str | None = None) -> UserRecord | None:
        """End the session of that name, a person's or anybody's; return whose it was, None when there is none such."""
        for row in list(self._rows.values()):
            user = self._users.row(row.user_id)
            if row.id == name and row.revoked_at is None and user_id in (None, row.user_id) and user is not None:
                await self.revoke(row.token_hash, at)
                return user
        return None

    async def end_others(self, user_id: str, kept: str, at: datetime) -> int:
        """End all sessions of a person but the one named ``kept``; return how many."""
        doomed = [
            row.token_hash
            for row in self._rows.values()
            if row.user_id == user_id and row.id != kept and row.revoked_at is None
        ]
        for token_hash in doomed:
            await self.revoke(token_hash, at)
        return len(doomed)

    async def seen_from(self, user_id: str, address: str) -> bool:
        """Say whether that person has ever signed in from ``address``, as far as sessions are kept."""
        return any(row.user_id == user_id and row.address == address for row in self._rows.values())
