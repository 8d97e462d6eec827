"""The polling configuration source: it follows the store, and survives without it."""

import asyncio
import logging
from collections.abc import Iterator

import pytest

from db.config_source import PollingConfigSource
from db.errors import StoreUnreachableError
from db.hop import StoreHop
from db.stores import SqlConfigStore
from router_core.configuration.memory_store import MemoryConfigStore
from router_core.security.memory_stores import MemoryAccountStore
from router_core.types import Flags
from tests.support.core_fakes import standard_providers
from tests.support.fake_clock import FakeClock


class StepClock(FakeClock):
    """A clock whose sleepers wait until the test lets them go, one poll at a time."""

    def __init__(self) -> None:
        super().__init__()
        self._gate = asyncio.Semaphore(0)
        self._asleep = asyncio.Semaphore(0)

    async def sleep(self, seconds: float) -> None:
        self._asleep.release()
        await self._gate.acquire()
        await super().sleep(seconds)

    async def one_poll(self) -> None:
        """Let the poller run from its sleep to its next one."""
        self._gate.release()
        await self.settled()

    async def settled(self) -> None:
        """Wait until the poller sleeps."""
        await asyncio.wait_for(self._asleep.acquire(), timeout=10)


class FlakyStore(MemoryConfigStore):
    """A store that can be away, or broken."""

    fault: Exception | None = None

    async def revision(self) -> int:
        if self.fault is not None:
            raise self.fault
        return await super().revision()


@pytest.fixture
def flaky() -> FlakyStore:
    return FlakyStore(MemoryAccountStore(), standard_providers())


@pytest.fixture
def quiet_logs(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    with caplog.at_level(logging.INFO, logger="router_core.monitor"):
        yield caplog


async def test_a_change_in_the_store_is_seen_at_the_next_poll(store_hop: StoreHop) -> None:
    clock = StepClock()
    store = SqlConfigStore(store_hop, clock)
    source = PollingConfigSource(store, clock)
    assert await source.refresh()
    before = source.snapshot()
    task = asyncio.create_task(source.run())
    await clock.settled()
    await clock.one_poll()
    assert source.snapshot() is before
    await store.set_flags(Flags(llm=False))
    await clock.one_poll()
    task.cancel()
    assert source.snapshot().revision == 2
    assert not source.snapshot().flags.llm
    assert before.flags.llm
    assert clock.waits == [1.0, 1.0]


@pytest.mark.parametrize("fault", [StoreUnreachableError("The store cannot be reached"), RuntimeError("a bug")])
async def test_without_the_store_the_last_snapshot_stays_and_the_change_of_state_is_logged_once(
    flaky: FlakyStore, quiet_logs: pytest.LogCaptureFixture, fault: Exception
) -> None:
    clock = StepClock()
    source = PollingConfigSource(flaky, clock)
    await source.refresh()
    before = source.snapshot()
    task = asyncio.create_task(source.run())
    await clock.settled()
    flaky.fault = fault
    for _ in range(3):
        await clock.one_poll()
    assert source.snapshot() is before
    state = source.monitor.state()
    assert (state.state, state.failures, state.outages) == ("down", 3, 1)
    flaky.fault = None
    await flaky.set_flags(Flags(openai=False))
    for _ in range(2):
        await clock.one_poll()
    task.cancel()
    assert source.monitor.word == "up"
    assert not source.snapshot().flags.openai
    assert [record.levelname for record in quiet_logs.records] == ["WARNING", "INFO"]


async def test_a_refresh_by_hand_says_that_the_store_is_away(flaky: FlakyStore) -> None:
    flaky.fault = StoreUnreachableError("The store cannot be reached")
    with pytest.raises(StoreUnreachableError):
        await PollingConfigSource(flaky, FakeClock()).refresh()
