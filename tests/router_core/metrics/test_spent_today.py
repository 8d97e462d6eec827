"""What was spent since a moment, also while the store cannot be read."""

from datetime import UTC, datetime, timedelta

from router_core.errors import OverloadedError
from router_core.metrics.live import LiveMetrics
from router_core.metrics.memory_store import MemoryMetricsStore
from router_core.metrics.overlay import PendingEvents
from router_core.types import NanoUSD
from tests.support.fake_clock import FakeClock
from tests.support.record_events import event

EVENING = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
MIDNIGHT = datetime(2026, 3, 2, tzinfo=UTC)


class LostStore(MemoryMetricsStore):
    """Answers until it is ``lost``."""

    lost = False

    async def cost_since(self, moment: datetime) -> NanoUSD:
        if self.lost:
            raise OverloadedError("The store is out of reach")
        return await super().cost_since(moment)


async def test_yesterdays_money_is_not_todays_while_the_store_is_out_of_reach() -> None:
    store = LostStore(EVENING - timedelta(days=1))
    store.add(event(timestamp=EVENING, cost=5_000))
    live = LiveMetrics(store, PendingEvents(), FakeClock(start=EVENING), lambda: (0, 0))
    assert await live.spent_since(MIDNIGHT - timedelta(days=1)) == 5_000
    store.lost = True
    assert await live.spent_since(MIDNIGHT - timedelta(days=1)) == 5_000
    assert await live.spent_since(MIDNIGHT) == 0
