"""Versions of the configuration, and drafts of the next one."""

from collections.abc import Sequence
from typing import Protocol

from router_core.types import Authorship, ConfigDraft, ConfigLine, Configuration, ConfigVersion

__all__ = ["ConfigDrafts", "ConfigVersions"]


class ConfigVersions(Protocol):
    """Keeps every version that was ever in force; each change of the configuration adds one in its own transaction."""

    async def apply(self, configuration: Configuration, base: int, by: Authorship, restored: int | None = None) -> int:
        """Put ``configuration`` in force, all or nothing; return the revision that holds it.

        What is in force already adds no version. Raises :class:`ConflictError` when a version
        newer than ``base`` is in force, :class:`ValidationError` for what no store can keep.
        """
        ...

    async def page(self, before: int | None, limit: int) -> Sequence[ConfigLine]:
        """Return at most ``limit`` versions older than revision ``before``, newest first."""
        ...

    async def find(self, revision: int | None = None) -> ConfigVersion | None:
        """Return the version that was in force at ``revision``, the newest for None; None before the first, and for
        a revision that has not come yet.
        """
        ...


class ConfigDrafts(Protocol):
    """Keeps one draft for each person."""

    async def draft(self, person_id: str) -> ConfigDraft | None:
        """Return the person's draft."""
        ...

    async def keep_draft(self, person_id: str, draft: ConfigDraft) -> None:
        """Keep ``draft`` in place of the person's last one."""
        ...

    async def drop_draft(self, person_id: str) -> bool:
        """Forget the person's draft; return whether there was one."""
        ...
