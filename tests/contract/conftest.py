"""Every store port, in memory and on both databases: one suite for all three."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass

import pytest

from db.engine import make_engine
from db.hop import StoreHop
from db.queries.spending import SqlSpendReader
from db.queries.usage import SqlUsageReader
from db.records.event_store import SqlEventStore
from router_core.audit.signatures import ChainSigner
from router_core.budgets.memory_spending import MemorySpending
from router_core.budgets.memory_usage import MemoryUsage
from router_core.ports import EventBatch, SpendReader, UsageReader
from router_core.types import RequestEvent
from tests.support.fake_clock import FakeClock
from tests.support.limiter_kinds import LimiterRig, memory_rig, redis_rig
from tests.support.store_kinds import Stores, memory_stores, sql_stores


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def stores(request: pytest.FixtureRequest) -> Iterator[Stores]:
    """All stores of one kind, empty but for the standard configuration."""
    if request.param == "memory":
        yield memory_stores()
        return
    hop = StoreHop(make_engine(request.getfixturevalue(f"{request.param}_url")))
    yield sql_stores(hop)
    hop.close()


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.redis)])
async def limiter_rig(request: pytest.FixtureRequest) -> AsyncIterator[LimiterRig]:
    """A limiter of one kind, with every bucket full."""
    if request.param == "memory":
        yield memory_rig()
        return
    async with redis_rig(request.getfixturevalue("redis_server")) as rig:
        yield rig


@dataclass(frozen=True)
class Books:
    """What reads spending and usage, and the record that they read."""

    spending: SpendReader
    usage: UsageReader
    record: Callable[[Sequence[RequestEvent]], Awaitable[object]]


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def books(request: pytest.FixtureRequest) -> Iterator[Books]:
    """An empty record of one kind."""
    if request.param == "memory":
        spending, usage = MemorySpending(), MemoryUsage()

        async def keep(events: Sequence[RequestEvent]) -> None:
            for each in events:
                spending.record(each)
                usage.record(each)

        yield Books(spending, usage, keep)
        return
    hop = StoreHop(make_engine(request.getfixturevalue(f"{request.param}_url")))
    store = SqlEventStore(hop, FakeClock(), ChainSigner(b"k" * 32))

    async def apply(events: Sequence[RequestEvent]) -> None:
        await store.apply(EventBatch(writer="w", events=tuple(events)))

    yield Books(SqlSpendReader(hop), SqlUsageReader(hop), apply)
    hop.close()
