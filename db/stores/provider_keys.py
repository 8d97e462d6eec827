"""Providers' keys on SQL: part of the configuration, loaded with every revision, but of no version."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from msgspec import structs
from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from db.hop import StoreHop
from db.models import LlmProvider
from db.provider_key_models import ProviderKeyRow
from db.stores.lookups import require_known
from db.stores.revisions import next_revision
from router_core.clock import Clock
from router_core.errors import NotFoundError
from router_core.ports.keeping import as_kept, refuse, refuse_provider_key
from router_core.types import KeyPatch, ProviderKey, ProviderKeys, SealedSecret

__all__ = ["SqlProviderKeyStore", "load_provider_keys"]

_SECRET = SealedSecret.__struct_fields__
_OWN = tuple(name for name in ProviderKey.__struct_fields__ if name != "secret")


class SqlProviderKeyStore:
    """Keeps providers' keys; a :class:`ProviderKeyStore` and a :class:`KeyUseLog`."""

    def __init__(self, hop: StoreHop, clock: Clock) -> None:
        self._hop = hop
        self._clock = clock

    async def add_key(self, key: ProviderKey) -> int:
        """Store a new key; return the new revision. Raises :class:`ValidationError`."""
        as_kept(key)
        refuse_provider_key(key.weight)
        now = self._clock.utcnow()

        def work(session: Session) -> int:
            revision = next_revision(session, now)
            require_known(session, LlmProvider.id, [key.provider_id], field="provider_id")
            refuse(session.get(ProviderKeyRow, key.id) is not None, "id", "is already taken")
            session.add(ProviderKeyRow(**{name: getattr(key, name) for name in _OWN}, **structs.asdict(key.secret)))
            return revision

        return await self._hop.write(work)

    async def change_key(self, key_id: str, patch: KeyPatch) -> int:
        """Change what ``patch`` names; return the new revision. Raises :class:`NotFoundError`."""
        as_kept(patch)
        refuse_provider_key(patch.weight)
        values, now = _values(patch), self._clock.utcnow()

        def work(session: Session) -> int:
            revision = next_revision(session, now)
            _require_found(session.execute(_of(update(ProviderKeyRow), key_id).values(**values)))
            return revision

        return await self._hop.write(work)

    async def remove_key(self, key_id: str) -> int:
        """Forget a key for good; return the new revision. Raises :class:`NotFoundError`."""
        now = self._clock.utcnow()

        def work(session: Session) -> int:
            revision = next_revision(session, now)
            _require_found(session.execute(_of(delete(ProviderKeyRow), key_id)))
            return revision

        return await self._hop.write(work)

    async def note_used(self, used: Mapping[str, datetime]) -> None:
        """Remember when keys were last used; never turns a time back, and raises no revision."""
        row = ProviderKeyRow

        def work(session: Session) -> None:
            for key_id, at in used.items():
                is_older = or_(row.last_used_at.is_(None), row.last_used_at < at)
                session.execute(update(row).where(row.id == key_id, is_older).values(last_used_at=at))

        await self._hop.write(work)

    async def last_used(self, provider_id: str) -> Mapping[str, datetime]:
        """Return when the provider's keys were last used, by the key's id; keys that never were are left out."""
        row = ProviderKeyRow
        wanted = select(row.id, row.last_used_at).where(row.provider_id == provider_id, row.last_used_at.is_not(None))
        return await self._hop.read(lambda session: {key_id: at for key_id, at in session.execute(wanted) if at})


def load_provider_keys(session: Session) -> ProviderKeys:
    """Return every key by its provider's id, oldest first."""
    found: dict[str, list[ProviderKey]] = {}
    for row in session.scalars(select(ProviderKeyRow).order_by(ProviderKeyRow.created_at, ProviderKeyRow.id)):
        secret = SealedSecret(**{name: getattr(row, name) for name in _SECRET})
        key = ProviderKey(**{name: getattr(row, name) for name in _OWN}, secret=secret)
        found.setdefault(row.provider_id, []).append(key)
    return MappingProxyType({provider: tuple(keys) for provider, keys in found.items()})


def _of(statement: Any, key_id: str) -> Any:
    return statement.where(ProviderKeyRow.id == key_id)


def _require_found(result: Any) -> None:
    if not result.rowcount:
        raise NotFoundError("There is no such key of a provider")


def _values(patch: KeyPatch) -> dict[str, Any]:
    own = {name: getattr(patch, name) for name in ("label", "weight", "is_active")}
    sealed = {} if patch.secret is None else structs.asdict(patch.secret)
    named = {name: value for name, value in own.items() if value is not None}
    return {**named, **sealed, "changed_by": patch.by, "changed_at": patch.at}
