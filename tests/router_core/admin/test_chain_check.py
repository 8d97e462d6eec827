"""Verifying the chains on an operator's word: one at a time, its outcome told and on record."""

import threading
from collections.abc import Callable

import pytest

from router_core.admin.action_trail import ActionTrail
from router_core.admin.chain_check import ChainCheck, ChainVerdict
from router_core.audit.verifier import ChainReport
from router_core.errors import ForbiddenError, OverloadedError
from router_core.security.memory_action_log import MemoryActionLog
from router_core.types import Principal
from tests.support.fake_clock import FakeClock

ANALYST = Principal(kind="person", id="u1", name="ann@x.example", role="analyst", accounts=())
VIEWER = Principal(kind="person", id="u2", name="vi@x.example", role="viewer", accounts=())
REPORT = ChainReport(writer="w", rows=4_000, last_seq=4_000, vouched_seq=4_000, end_known=True, fault=None)


class Auditor:
    """Checks two chunks of rows; waits before the second until told to ``go``."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.go = threading.Event()
        self.runs = 0

    def verify(self, seen: Callable[[int], None]) -> ChainVerdict:
        self.runs += 1
        seen(2_000)
        assert self.go.wait(10)
        if self.error is not None:
            raise self.error
        seen(2_000)
        return ChainVerdict((REPORT,), ())


class Desk:
    """A check and everything behind it."""

    def __init__(self, error: Exception | None = None) -> None:
        clock = FakeClock()
        self.log = MemoryActionLog()
        self.trail = ActionTrail(self.log, clock)
        self.auditor = Auditor(error)
        self.check = ChainCheck(self.auditor, self.trail, clock)

    async def finish(self) -> None:
        self.auditor.go.set()
        task = self.check._task
        assert task is not None
        await task
        await self.trail.flush()


async def test_one_check_runs_at_a_time_and_its_outcome_is_on_record() -> None:
    desk = Desk()
    first = await desk.check.start(ANALYST)
    again = await desk.check.start(ANALYST)
    assert first.running
    assert again.started == first.started
    await desk.finish()
    state = desk.check.state
    assert (desk.auditor.runs, state.running, state.rows) == (1, False, 4_000)
    assert state.verdict is not None
    assert state.verdict.sound
    (act,) = await desk.log.recent(10)
    assert (act.action, act.actor, act.detail["rows"], act.detail["sound"]) == (
        "audit.verified", "ann@x.example", 4_000, True,
    )  # fmt: skip


async def test_who_may_not_export_may_not_start_one() -> None:
    desk = Desk()
    with pytest.raises(ForbiddenError):
        await desk.check.start(VIEWER)
    assert not desk.check.state.running


async def test_a_store_that_fails_is_told_and_another_check_can_be_made() -> None:
    desk = Desk(OverloadedError("The store is busy"))
    await desk.check.start(ANALYST)
    await desk.finish()
    assert desk.check.state.error == "The store is busy"
    desk.auditor.error = None
    await desk.check.start(ANALYST)
    await desk.finish()
    assert desk.check.state.verdict is not None


async def test_the_end_of_the_process_ends_the_check() -> None:
    desk = Desk()
    await desk.check.start(ANALYST)
    desk.auditor.go.set()
    await desk.check.close()
    assert not desk.check.state.running
