"""What is in force, what a document asks for instead, and what is to be said about it."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from typing import Any

from router_core.admin.configuration_views import Review
from router_core.clock import Clock, new_ulid
from router_core.configuration.changes import changes_between
from router_core.configuration.checks import check_configuration
from router_core.configuration.documents import configuration_of, document_of
from router_core.configuration.reading import read_configuration
from router_core.configuration.renaming import with_names_carried
from router_core.configuration.upstream_rule import UpstreamRule
from router_core.ports import AccountStore, ConfigSource
from router_core.types import Configuration

__all__ = ["Reviewed", "Reviewer"]

# The review, what is wanted unless it is wrong, and the revision that it was held to.
Reviewed = tuple[Review, Configuration | None, int]


class Reviewer:
    """Reads and judges documents, in a thread: a large one would hold up requests."""

    def __init__(
        self,
        stored: ConfigSource,
        refresh: Callable[[], Awaitable[object]],
        accounts: AccountStore,
        upstreams: UpstreamRule,
        clock: Clock,
    ) -> None:
        self._stored = stored
        self._refresh = refresh
        self._accounts = accounts
        self._upstreams = upstreams
        self._clock = clock

    def new_id(self) -> str:
        """Return an id for a row."""
        return new_ulid(self._clock)

    async def now(self) -> tuple[Configuration, int]:
        """Return what is in force in the store, and the revision at which it was so."""
        await self._refresh()
        snapshot = self._stored.snapshot()
        return configuration_of(snapshot), snapshot.revision

    async def review(self, document: Any) -> Reviewed:
        """Return what is to be said about ``document`` over what is in force."""
        current, revision = await self.now()
        wanted, findings = await asyncio.to_thread(read_configuration, document, current, self.new_id)
        if wanted is None:
            return Review(valid=False, findings=tuple(findings), changes=(), revision=revision), None, revision
        return await self.judge(current, wanted, revision)

    async def judge(self, current: Configuration, wanted: Configuration, revision: int) -> Reviewed:
        """Return what is to be said about ``wanted`` in the place of ``current``."""
        accounts = {each.id for each in await self._accounts.list()}
        return await asyncio.to_thread(self._judged, current, wanted, accounts, revision)

    def _judged(
        self, current: Configuration, wanted: Configuration, accounts: Collection[str], revision: int
    ) -> Reviewed:
        wanted = with_names_carried(current, wanted)
        findings = check_configuration(wanted, accounts, self._upstreams, current)
        valid = all(each.severity != "error" for each in findings)
        changes = changes_between(document_of(current), document_of(wanted)) if valid else ()
        review = Review(valid=valid, findings=findings, changes=changes, revision=revision)
        return review, wanted if valid else None, revision
