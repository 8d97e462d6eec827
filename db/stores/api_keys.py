"""API keys on SQL."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import convert
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from db.hop import StoreHop
from db.models import Account, ApiKey
from db.stores.lookups import require_known
from router_core.ports import ApiKeyRecord
from router_core.types import Role

__all__ = ["SqlApiKeyStore"]


class SqlApiKeyStore:
    """Keeps API keys; an :class:`ApiKeyStore`."""

    def __init__(self, hop: StoreHop) -> None:
        self._hop = hop

    async def create(self, key: ApiKeyRecord) -> None:
        """Store a new key. Raises :class:`ValidationError` for an unknown account or a taken id."""

        def work(session: Session) -> None:
            require_known(session, Account.id, [key.account_id], field="account_id")
            session.add(_row(key))

        await self._hop.write(work)

    async def list(self, account_id: str | None = None) -> Sequence[ApiKeyRecord]:
        """Return the keys of an account, or all, newest first."""
        query = select(ApiKey).order_by(ApiKey.created_at.desc(), ApiKey.id.desc())
        if account_id is not None:
            query = query.where(ApiKey.account_id == account_id)
        return await self._hop.read(lambda session: [_record(row) for row in session.scalars(query)])

    async def by_id(self, key_id: str) -> ApiKeyRecord | None:
        """Return the key with that public part."""

        def work(session: Session) -> ApiKeyRecord | None:
            row = session.get(ApiKey, key_id)
            return None if row is None else _record(row)

        return await self._hop.read(work)

    async def revoke(self, key_id: str, at: datetime) -> bool:
        """Revoke a key; return whether there is one. The first time of revocation stays."""
        statement = (
            update(ApiKey)
            .where(ApiKey.id == key_id)
            .values(revoked_at=func.coalesce(ApiKey.revoked_at, at))
            .returning(ApiKey.id)
        )
        return await self._hop.write(lambda session: session.scalar(statement) is not None)


def _row(key: ApiKeyRecord) -> ApiKey:
    return ApiKey(
        id=key.id,
        account_id=key.account_id,
        role=key.role,
        name=key.name,
        secret_hash=key.secret_hash,
        created_at=key.created_at,
        expires_at=key.expires_at,
        revoked_at=key.revoked_at,
        last_used_at=key.last_used_at,
    )


def _record(row: ApiKey) -> ApiKeyRecord:
    return ApiKeyRecord(
        id=row.id,
        account_id=row.account_id,
        role=convert(row.role, Role),
        name=row.name,
        secret_hash=row.secret_hash,
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        last_used_at=row.last_used_at,
    )
