"""The store's ports in memory: what the router uses without a database, with the same answers as the real store."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import get_args

from msgspec import structs

from router_core.ports import AccountRecord, ApiKeyRecord, SessionRecord, UserRecord
from router_core.ports.keeping import as_kept, refuse
from router_core.ports.keys import rested_since
from router_core.types import KeyRole

__all__ = ["MemoryAccountStore", "MemoryApiKeyStore", "MemorySessionStore", "MemoryUserStore"]

_TOKEN_HASH_LENGTH = 32


class MemoryAccountStore:
    """Keeps accounts; an :class:`AccountStore`."""

    def __init__(self) -> None:
        self._rows: dict[str, AccountRecord] = {}

    async def create(self, account: AccountRecord) -> None:
        """Store a new account. Raises :class:`ValidationError` when its name is taken."""
        row = as_kept(account)
        refuse(not row.name, "name", "is not allowed")
        refuse(row.id in self._rows, "id", "is already taken")
        refuse(any(other.name == row.name for other in self._rows.values()), "name", "is already taken")
        self._rows[row.id] = row

    async def list(self) -> Sequence[AccountRecord]:
        """Return all accounts by name."""
        return sorted(self._rows.values(), key=lambda row: row.name)

    async def by_name(self, name: str) -> AccountRecord | None:
        """Return the account called ``name``."""
        return next((row for row in self._rows.values() if row.name == name), None)

    async def by_id(self, account_id: str) -> AccountRecord | None:
        """Return the account with that id."""
        return self._rows.get(account_id)

    def holds(self, ids: Iterable[str]) -> bool:
        """Say whether every one of ``ids`` is an account's."""
        return all(account_id in self._rows for account_id in ids)


class MemoryUserStore:
    """Keeps people; a :class:`UserStore`."""

    def __init__(self, accounts: MemoryAccountStore) -> None:
        self._accounts = accounts
        self._rows: dict[str, UserRecord] = {}

    async def create(self, user: UserRecord) -> None:
        """Store a new user. Raises :class:`ValidationError` for a taken address and for unknown accounts."""
        row = as_kept(structs.replace(user, email=user.email.lower()))
        refuse(not self._accounts.holds(row.accounts), "accounts", "names nothing that exists")
        refuse(row.id in self._rows, "id", "is already taken")
        refuse(any(other.email == row.email for other in self._rows.values()), "email", "is already taken")
        refuse(len(set(row.accounts)) < len(row.accounts), "accounts", "is already taken")
        self._rows[row.id] = row

    async def list(self) -> Sequence[UserRecord]:
        """Return all users by e-mail address."""
        return sorted(self._rows.values(), key=lambda row: row.email)

    async def by_email(self, email: str) -> UserRecord | None:
        """Return the user with that address, whatever its case."""
        return next((row for row in self._rows.values() if row.email == email.lower()), None)

    async def set_active(self, user_id: str, *, active: bool) -> bool:
        """Enable or disable a user; return whether there is one."""
        row = self._rows.get(user_id)
        if row is not None:
            self._rows[user_id] = structs.replace(row, is_active=active)
        return row is not None

    def by_id(self, user_id: str) -> UserRecord | None:
        """Return the user of that id."""
        return self._rows.get(user_id)


class MemoryApiKeyStore:
    """Keeps API keys; an :class:`ApiKeyStore` and :class:`ApiKeyLives`."""

    def __init__(self, accounts: MemoryAccountStore) -> None:
        self._accounts = accounts
        self._rows: dict[str, ApiKeyRecord] = {}

    async def create(self, key: ApiKeyRecord) -> None:
        """Store a new key. Raises :class:`ValidationError` for an unknown account or a taken id."""
        row = as_kept(key)
        refuse(not self._accounts.holds([row.account_id]), "account_id", "names nothing that exists")
        refuse(row.id in self._rows, "id", "is already taken")
        refuse(row.role not in get_args(KeyRole), "role", "is not allowed")
        self._rows[row.id] = row

    async def list(self, account_id: str | None = None) -> Sequence[ApiKeyRecord]:
        """Return the keys of an account, or all, newest first."""
        rows = [row for row in self._rows.values() if account_id in (None, row.account_id)]
        return sorted(rows, key=lambda row: (row.created_at, row.id), reverse=True)

    async def by_id(self, key_id: str) -> ApiKeyRecord | None:
        """Return the key with that public part."""
        return self._rows.get(key_id)

    async def revoke(self, key_id: str, at: datetime) -> bool:
        """Revoke a key; return whether there is one. The first time of revocation stays."""
        row = self._rows.get(key_id)
        if row is not None:
            self._rows[key_id] = structs.replace(row, revoked_at=row.revoked_at or at.astimezone(UTC))
        return row is not None

    async def change(self, key_id: str, name: str, expires_at: datetime | None) -> bool:
        """Give a key that is not revoked another name and end; return whether there is one."""
        row = self._rows.get(key_id)
        if row is None or row.revoked_at is not None:
            return False
        self._rows[key_id] = as_kept(structs.replace(row, name=name, expires_at=expires_at))
        return True

    async def roll(self, key_id: str, successor: ApiKeyRecord, ends_at: datetime) -> bool:
        """Store ``successor`` and have the key end; return False where it does not work or was rolled before."""
        row = self._rows.get(key_id)
        if row is None or row.revoked_at is not None or row.replaced_by is not None:
            return False
        if row.expires_at is not None and row.expires_at <= successor.created_at:
            return False
        await self.create(successor)
        end = ends_at if row.expires_at is None else min(ends_at, row.expires_at)
        self._rows[key_id] = as_kept(structs.replace(row, expires_at=end, replaced_by=successor.id))
        return True

    async def note_uses(self, uses: Mapping[str, datetime]) -> Sequence[ApiKeyRecord]:
        """Note when keys were last used; return those that had rested for 30 days or more."""
        woken: list[ApiKeyRecord] = []
        for key_id, at in uses.items():
            row = self._rows.get(key_id)
            if row is None or (row.last_used_at is not None and row.last_used_at >= at):
                continue
            since = rested_since(row, at)
            used = as_kept(structs.replace(row, last_used_at=at))
            if since is not None:
                used = as_kept(structs.replace(used, woken_at=at, idle_since=since))
                woken.append(used)
            self._rows[key_id] = used
        return woken


class MemorySessionStore:
    """Keeps console sessions; a :class:`SessionStore`."""

    def __init__(self, users: MemoryUserStore) -> None:
        self._users = users
        self._rows: dict[bytes, SessionRecord] = {}

    async def create(self, session: SessionRecord) -> None:
        """Store a new session. Raises :class:`ValidationError` for an unknown user or a token that is no hash."""
        row = as_kept(session)
        refuse(self._users.by_id(row.user_id) is None, "user_id", "names nothing that exists")
        refuse(len(row.token_hash) != _TOKEN_HASH_LENGTH, "token_hash", "is not allowed")
        refuse(row.token_hash in self._rows, "token_hash", "is already taken")
        self._rows[row.token_hash] = row

    async def find(self, token_hash: bytes) -> tuple[SessionRecord, UserRecord] | None:
        """Return a session with its user."""
        row = self._rows.get(token_hash)
        user = None if row is None else self._users.by_id(row.user_id)
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
