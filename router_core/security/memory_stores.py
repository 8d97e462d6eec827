"""The store's ports in memory: what the router uses without a database, with the same answers as the real store."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import get_args

from msgspec import structs

from router_core.errors import ValidationError
from router_core.ports import AccountRecord, ApiKeyRecord, SessionRecord, UserRecord
from router_core.ports.keeping import as_kept, refuse
from router_core.types import Flags, KeyRole, ProviderConfig, Snapshot, UseCasePolicy
from router_core.types.use_case import is_use_case_name

__all__ = ["MemoryAccountStore", "MemoryApiKeyStore", "MemoryConfigStore", "MemorySessionStore", "MemoryUserStore"]

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
    """Keeps API keys; an :class:`ApiKeyStore`."""

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


class MemoryConfigStore:
    """Keeps provider configuration; a :class:`ConfigStore` and :class:`UseCaseStore`.

    It starts with ``providers`` at revision 1.
    """

    def __init__(self, accounts: MemoryAccountStore, providers: Iterable[ProviderConfig] = ()) -> None:
        self._accounts = accounts
        self._snapshot = Snapshot(providers, revision=1)

    async def revision(self) -> int:
        """Return the revision that the store is at."""
        return self._snapshot.revision

    async def load(self) -> Snapshot:
        """Return everything at one revision, providers oldest first."""
        return self._snapshot

    async def keep_content(self, account_id: str, *, keeps: bool) -> int:
        """Allow or forbid that the audit log holds an account's prompts and answers; return the new revision."""
        refuse(not self._accounts.holds([account_id]), "account_id", "names nothing that exists")
        old = self._snapshot.content_accounts
        return self._swap(content_accounts=old | {account_id} if keeps else old - {account_id})

    async def put_provider(self, provider: ProviderConfig) -> int:
        """Add ``provider``, or change the one of that id; return the new revision.

        Raises :class:`ValidationError` when the name is taken, the account is unknown, a value is not allowed, or
        ``provider.version`` is not the stored one.
        """
        as_kept(provider)
        rows = {row.id: row for row in self._snapshot.providers}
        known = provider.account_id is None or self._accounts.holds([provider.account_id])
        refuse(not known, "account_id", "names nothing that exists")
        old = rows.get(provider.id)
        if old is not None and old.version != provider.version:
            raise ValidationError("The provider was changed by somebody else", field="version")
        refuse(not provider.name, "name", "is not allowed")
        refuse(provider.max_tokens < 1, "max_tokens", "is not allowed")
        refuse(provider.context_window < provider.max_tokens, "context_window", "is not allowed")
        refuse(provider.weight < 0, "weight", "is not allowed")
        others = (row.name for row in rows.values() if row.id != provider.id)
        refuse(provider.name in others, "name", "is already taken")
        rows[provider.id] = structs.replace(provider, version=1 if old is None else old.version + 1)
        return self._swap(providers=rows.values())

    async def set_flags(self, flags: Flags) -> int:
        """Set all switches; return the new revision."""
        return self._swap(flags=flags)

    async def put_policy(self, use_case: str, policy: UseCasePolicy | None) -> int:
        """Set the policy of ``use_case``, or with None go back to the default; return the new revision.

        Raises :class:`ValidationError` for a name that no request could carry.
        """
        refuse(not is_use_case_name(use_case), "use_case", "is not allowed")
        policies = {name: each for name, each in self._snapshot.policies.items() if name != use_case}
        if policy is not None:
            policies[use_case] = policy
        return self._swap(policies=policies)

    def _swap(
        self,
        *,
        providers: Iterable[ProviderConfig] | None = None,
        flags: Flags | None = None,
        policies: Mapping[str, UseCasePolicy] | None = None,
        content_accounts: frozenset[str] | None = None,
    ) -> int:
        old = self._snapshot
        self._snapshot = Snapshot(
            old.providers if providers is None else providers,
            revision=old.revision + 1,
            flags=flags or old.flags,
            preferences=old.preferences,
            policies=old.policies if policies is None else MappingProxyType(dict(policies)),
            content_accounts=old.content_accounts if content_accounts is None else content_accounts,
        )
        return self._snapshot.revision
