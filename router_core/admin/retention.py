"""Retention: every hour what is too old goes, and what went is on record."""

import logging
from collections.abc import Sequence
from typing import Final, Protocol

from router_core.admin.action_trail import ActionTrail
from router_core.clock import Clock, new_ulid
from router_core.errors import LLMError
from router_core.types import OperatorAction, RetentionReport, RetentionRule

__all__ = ["RetentionJob", "RetentionStore", "retention_act"]

INTERVAL_S: Final = 3_600.0
FIRST_PAUSE_S: Final = 60.0

_log = logging.getLogger(__name__)


class RetentionStore(Protocol):
    """Removes old rows."""

    async def count(self, rule: RetentionRule) -> RetentionReport:
        """Return how many rows a run would remove."""
        ...

    async def run(self, rule: RetentionRule) -> RetentionReport:
        """Remove what is too old."""
        ...


class RetentionJob:
    """Applies the rules once an hour. ``last`` is what the last run did, by table."""

    def __init__(self, rules: Sequence[RetentionRule], store: RetentionStore, trail: ActionTrail, clock: Clock) -> None:
        self.rules = tuple(rules)
        self.last: dict[str, RetentionReport] = {}
        self._store = store
        self._trail = trail
        self._clock = clock

    async def run(self) -> None:
        """Run until cancelled, through outages of the store too."""
        pause = FIRST_PAUSE_S
        while True:
            await self._clock.sleep(pause)
            pause = INTERVAL_S
            try:
                await self.run_once()
            except LLMError as error:
                _log.warning("retention waits for the store: %s", error)

    async def run_once(self) -> list[RetentionReport]:
        """Apply every rule; return what each did. Raises :class:`OverloadedError` while the store is out of reach."""
        return [await self._apply(rule) for rule in self.rules]

    async def _apply(self, rule: RetentionRule) -> RetentionReport:
        planned = await self._store.count(rule)
        if planned.removed:
            # Before anything goes: a detail that is gone without a record of it is taken for tampering.
            await self._trail.require(retention_act(planned, self._clock, "system"))
            planned = await self._store.run(rule)
            _log.info("retention removed %d rows of %s", planned.removed, rule.table)
        self.last[rule.table] = planned
        return planned


def retention_act(report: RetentionReport, clock: Clock, actor: str) -> OperatorAction:
    """Return the record of what a run is about to remove."""
    before = "" if report.before is None else report.before.isoformat()
    return OperatorAction(
        id=new_ulid(clock),
        at=clock.utcnow(),
        actor=actor,
        actor_id="",
        role=None,
        action="retention.pruned",
        target=report.table,
        detail={"table": report.table, "before": before, "rows": report.removed, "days": report.days},
    )
