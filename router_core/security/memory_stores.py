"""Accounts and keys in memory: what the router uses without a database, with the same answers as the real store."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, get_args

from msgspec import structs

from router_core.errors import NotFoundError
from router_core.ports import AccountRecord, ApiKeyRecord
from router_core.ports.keeping import as_kept, refuse, removed_name
from router_core.ports.keys import rested_since
from router_core.types import KeyRole

__all__ = ["MemoryAccountStore", "MemoryApiKeyStore"]


class MemoryAccountStore:
    """Keeps accounts; an :class:`AccountStore` and :class:`AccountChanges`."""

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
        return sorted((row for row in self._rows.values() if row.removed_at is None), key=lambda row: row.name)

    async def by_name(self, name: str) -> AccountRecord | None:
        """Return the account called ``name``."""
        return next((row for row in self._rows.values() if row.name == name), None)

    async def by_id(self, account_id: str) -> AccountRecord | None:
        """Return the account with that id."""
        return self._rows.get(account_id)

    async def change(self, account: AccountRecord) -> None:
        """Put ``account`` in the place of the one with its id. Raises :class:`NotFoundError`."""
        row = as_kept(account)
        self._require(row.id)
        refuse(not row.name, "name", "is not allowed")
        taken = any(other.name == row.name and other.id != row.id for other in self._rows.values())
        refuse(taken, "name", "is already taken")
        self._rows[row.id] = structs.replace(self._rows[row.id], **_changeable(row))

    async def remove(self, account_id: str, at: datetime) -> None:
        """Take an account out of service for good. Raises :class:`NotFoundError`."""
        row = self._require(account_id)
        self._rows[account_id] = structs.replace(
            row, name=removed_name(row), is_active=False, removed_at=at.astimezone(UTC)
        )

    async def removed(self) -> Sequence[AccountRecord]:
        """Return the accounts that were removed, by name."""
        return sorted((row for row in self._rows.values() if row.removed_at is not None), key=lambda row: row.name)

    def _require(self, account_id: str) -> AccountRecord:
        row = self._rows.get(account_id)
        if row is None or row.removed_at is not None:
            raise NotFoundError("There is no such account")
        return row

    def holds(self, ids: Iterable[str]) -> bool:
        """Say whether every one of ``ids`` is an account's."""
        return all(account_id in self._rows and self._rows[account_id].removed_at is None for account_id in ids)


def _changeable(row: AccountRecord) -> dict[str, Any]:
    return {
        "name": row.name, "timezone": row.timezone, "is_active": row.is_active, "keeps_content": row.keeps_content,
        "redaction": row.redaction,
    }  # fmt: skip


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
