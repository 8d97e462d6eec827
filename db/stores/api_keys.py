"""API keys on SQL."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import convert, to_builtins
from sqlalchemy import Row, bindparam, func, select, update
from sqlalchemy.orm import Session

from db.column_types import PlainText
from db.hop import StoreHop
from db.models import ApiKey
from db.pieces import batched
from db.stores.lookups import require_accounts
from router_core.ports import ApiKeyRecord
from router_core.ports.keys import rested_since
from router_core.types import UNLIMITED, KeyRole, KeyScopes

__all__ = ["SqlApiKeyStore"]

# Databases take so many values in one statement and no more.
_PIECE = 500
# Where there is no such key another one is read in its place, and not given out: so the time does not tell.
_WANTED = bindparam("wanted", type_=PlainText())
_BY_ID = select(ApiKey.__table__).where(
    ApiKey.id
    == func.coalesce(
        select(ApiKey.id).where(ApiKey.id == _WANTED).scalar_subquery(), select(func.min(ApiKey.id)).scalar_subquery()
    )
)


class SqlApiKeyStore:
    """Keeps API keys; an :class:`ApiKeyStore` and :class:`ApiKeyLives`."""

    def __init__(self, hop: StoreHop) -> None:
        self._hop = hop

    async def create(self, key: ApiKeyRecord) -> None:
        """Store a new key. Raises :class:`ValidationError` for an unknown account or a taken id."""

        def work(session: Session) -> None:
            require_accounts(session, [key.account_id], field="account_id")
            session.add(_row(key))

        await self._hop.write(work)

    async def list(self, account_id: str | None = None) -> Sequence[ApiKeyRecord]:
        """Return the keys of an account, or all, newest first."""
        query = select(ApiKey).order_by(ApiKey.created_at.desc(), ApiKey.id.desc())
        if account_id is not None:
            query = query.where(ApiKey.account_id == account_id)
        return await self._hop.read(lambda session: [_record(row) for row in session.scalars(query)])

    async def by_id(self, key_id: str) -> ApiKeyRecord | None:
        """Return the key with that public part. That there is none takes as long to find as one that is there."""

        def work(session: Session) -> ApiKeyRecord | None:
            row = session.execute(_BY_ID, {"wanted": key_id}).first()
            found = None if row is None else _record(row)
            return found if found is not None and found.id == key_id else None

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

    async def change(self, key_id: str, name: str, expires_at: datetime | None) -> bool:
        """Give a key that is not revoked another name and end; return whether there is one."""
        statement = (
            update(ApiKey)
            .where(ApiKey.id == key_id, ApiKey.revoked_at.is_(None))
            .values(name=name, expires_at=expires_at)
            .returning(ApiKey.id)
        )
        return await self._hop.write(lambda session: session.scalar(statement) is not None)

    async def roll(self, key_id: str, successor: ApiKeyRecord, ends_at: datetime) -> bool:
        """Store ``successor`` and have the key end; return False where it does not work or was rolled before."""

        def work(session: Session) -> bool:
            row = session.get(ApiKey, key_id, with_for_update=True)
            if row is None or row.revoked_at is not None or row.replaced_by is not None:
                return False
            if row.expires_at is not None and row.expires_at <= successor.created_at:
                return False
            require_accounts(session, [successor.account_id], field="account_id")
            row.expires_at = ends_at if row.expires_at is None else min(ends_at, row.expires_at)
            row.replaced_by = successor.id
            session.add(_row(successor))
            return True

        return await self._hop.write(work)

    async def note_uses(self, uses: Mapping[str, datetime]) -> Sequence[ApiKeyRecord]:
        """Note when keys were last used; return those that had rested for 30 days or more."""

        def work(session: Session) -> list[ApiKeyRecord]:
            # In one order in every process, so that two of them never wait for each other.
            return [woken for ids in batched(sorted(uses), _PIECE) for woken in _used(session, ids, uses)]

        return await self._hop.write(work)


def _used(session: Session, ids: Sequence[str], uses: Mapping[str, datetime]) -> list[ApiKeyRecord]:
    found = select(ApiKey).where(ApiKey.id.in_(ids)).order_by(ApiKey.id).with_for_update()
    woken: list[ApiKeyRecord] = []
    for row in session.scalars(found):
        at = uses[row.id]
        if row.last_used_at is not None and row.last_used_at >= at:
            continue
        since = rested_since(_record(row), at)
        row.last_used_at = at
        if since is not None:
            row.woken_at, row.idle_since = at, since
            woken.append(_record(row))
    return woken


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
        scopes=_named(key.scopes),
        replaced_by=key.replaced_by,
        woken_at=key.woken_at,
        idle_since=key.idle_since,
    )


def _named(scopes: KeyScopes) -> dict[str, Any]:
    """Return what is limited; an empty object limits nothing."""
    told: dict[str, Any] = to_builtins(scopes)
    return {name: value for name, value in told.items() if value is not None}


def _record(row: ApiKey | Row[Any]) -> ApiKeyRecord:
    return ApiKeyRecord(
        id=row.id,
        account_id=row.account_id,
        role=convert(row.role, KeyRole),
        name=row.name,
        secret_hash=row.secret_hash,
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        last_used_at=row.last_used_at,
        scopes=convert(row.scopes, KeyScopes) if row.scopes else UNLIMITED,
        replaced_by=row.replaced_by,
        woken_at=row.woken_at,
        idle_since=row.idle_since,
    )
