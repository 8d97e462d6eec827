"""Every version of the configuration on SQL, each written in the transaction that put it in force."""

import zlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from msgspec import json, structs
from sqlalchemy import select
from sqlalchemy.orm import Session

from db.config_models import StoredVersion
from db.hop import StoreHop
from db.models import ConfigState
from db.stores.config_rows import load_configuration, replace_configuration
from db.stores.revisions import next_revision
from router_core.clock import Clock
from router_core.configuration.documents import document_of
from router_core.errors import ConflictError
from router_core.types import Authorship, ConfigLine, Configuration, ConfigVersion

__all__ = ["SqlConfigVersions", "note_version", "packed", "refuse_overtaken", "unpacked"]

NEW_SECTIONS: Final[Mapping[str, Any]] = {"toolServers": {}}
_LINE = (
    StoredVersion.revision,
    StoredVersion.at,
    StoredVersion.actor,
    StoredVersion.note,
    StoredVersion.base,
    StoredVersion.restored,
)


class SqlConfigVersions:
    """Keeps every version of the configuration; a :class:`ConfigVersions`."""

    def __init__(self, hop: StoreHop, clock: Clock) -> None:
        self._hop = hop
        self._clock = clock

    async def apply(self, configuration: Configuration, base: int, by: Authorship, restored: int | None = None) -> int:
        """Put ``configuration`` in force, all or nothing; return the revision that holds it.

        What is in force already adds no version. Raises :class:`ConflictError` when a version newer than ``base`` is
        in force, :class:`ValidationError` for what cannot be stored.
        """
        now = self._clock.utcnow()

        def work(session: Session) -> int:
            # Locked before anything is read: of several who come from one base, one is first.
            held = session.scalars(select(ConfigState).with_for_update()).one()
            document = document_of(configuration)
            if document_of(load_configuration(session)) == document:
                return held.revision
            newest = refuse_overtaken(session, base)
            revision = next_revision(session, now)
            replace_configuration(session, configuration, now)
            _add(session, newest, document, revision=revision, at=now, by=by, restored=restored)
            return revision

        return await self._hop.write(work)

    async def page(self, before: int | None, limit: int) -> Sequence[ConfigLine]:
        """Return at most ``limit`` versions older than revision ``before``, newest first."""
        statement = select(*_LINE).order_by(StoredVersion.revision.desc()).limit(limit)
        if before is not None:
            statement = statement.where(StoredVersion.revision < before)
        return await self._hop.read(
            lambda session: [ConfigLine(**row) for row in session.execute(statement).mappings()]
        )

    async def find(self, revision: int | None = None) -> ConfigVersion | None:
        """Return the version that was in force at ``revision``, the newest for None; None before the first, and for
        a revision that has not come yet.
        """

        def work(session: Session) -> ConfigVersion | None:
            if revision is not None and revision > session.scalars(select(ConfigState.revision)).one():
                return None
            found = _newest(session, revision)
            return None if found is None else _version(found)

        return await self._hop.read(work)


def note_version(session: Session, revision: int, now: datetime, by: Authorship) -> None:
    """Write what is in force now down as version ``revision``, unless it is what the last version says."""
    session.flush()
    document = document_of(load_configuration(session))
    last = _newest(session)
    if last is None or _document(last) != document:
        _add(session, last, document, revision=revision, at=now, by=by)


def refuse_overtaken(session: Session, base: int | None) -> StoredVersion | None:
    """Return the newest version. Raises :class:`ConflictError` when it is newer than ``base``, None for whatever."""
    newest = _newest(session)
    if base is not None and newest is not None and newest.revision > base:
        raise ConflictError("The configuration was changed by somebody else", revision=newest.revision)
    return newest


def packed(document: Mapping[str, Any]) -> bytes:
    """Return a document as it is stored."""
    return zlib.compress(json.encode(document))


def unpacked(data: bytes) -> dict[str, Any]:
    """Return a stored document."""
    found: dict[str, Any] = json.decode(zlib.decompress(data))
    return found


def _document(row: StoredVersion) -> dict[str, Any]:
    """Return a version's document; what there was not yet when it was written is empty."""
    return {**NEW_SECTIONS, **unpacked(row.document)}


def _newest(session: Session, at: int | None = None) -> StoredVersion | None:
    statement = select(StoredVersion).order_by(StoredVersion.revision.desc()).limit(1)
    if at is not None:
        statement = statement.where(StoredVersion.revision <= at)
    return session.scalars(statement).one_or_none()


def _add(
    session: Session,
    last: StoredVersion | None,
    document: Mapping[str, Any],
    *,
    revision: int,
    at: datetime,
    by: Authorship,
    restored: int | None = None,
) -> None:
    session.add(
        StoredVersion(
            revision=revision, at=at, actor=by.actor, note=by.note, base=0 if last is None else last.revision,
            restored=restored, document=packed(document),
        )
    )  # fmt: skip


def _version(row: StoredVersion) -> ConfigVersion:
    names = [each.name for each in structs.fields(ConfigLine)]
    return ConfigVersion(**{name: getattr(row, name) for name in names}, document=_document(row))
