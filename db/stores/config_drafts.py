"""Drafts of the configuration on SQL."""

from sqlalchemy import delete
from sqlalchemy.orm import Session

from db.config_models import StoredDraft
from db.hop import StoreHop
from db.stores.config_history import packed, unpacked
from db.stores.lookups import found_by_id
from router_core.types import ConfigDraft

__all__ = ["SqlConfigDrafts"]


class SqlConfigDrafts:
    """Keeps one draft for each person; a :class:`ConfigDrafts`."""

    def __init__(self, hop: StoreHop) -> None:
        self._hop = hop

    async def draft(self, person_id: str) -> ConfigDraft | None:
        """Return the person's draft."""
        return await found_by_id(self._hop, StoredDraft, person_id, _draft)

    async def keep_draft(self, person_id: str, draft: ConfigDraft) -> None:
        """Keep ``draft`` in place of the person's last one."""

        def work(session: Session) -> None:
            session.merge(
                StoredDraft(
                    person_id=person_id, base=draft.base, note=draft.note, saved_at=draft.saved_at,
                    document=packed(draft.document),
                )
            )  # fmt: skip

        await self._hop.write(work)

    async def drop_draft(self, person_id: str) -> bool:
        """Forget the person's draft; return whether there was one."""

        def work(session: Session) -> bool:
            statement = delete(StoredDraft).where(StoredDraft.person_id == person_id)
            return session.scalar(statement.returning(StoredDraft.person_id)) is not None

        return await self._hop.write(work)


def _draft(row: StoredDraft) -> ConfigDraft:
    return ConfigDraft(base=row.base, note=row.note, saved_at=row.saved_at, document=unpacked(row.document))
