"""Alerts of budgets: each threshold once for each period and limit, whoever crosses it."""

from db.hop import StoreHop
from db.stores.budget_settings import SqlBudgetSettings
from router_core.ports import LeaseAsk
from router_core.types import Charge
from tests.support.budget_worlds import BudgetWorld, budget, sql_world
from tests.support.fake_clock import FakeClock

POT, DAY = "account:acme:daily", "2026-03-01"


async def _know(world: BudgetWorld, limit: int) -> None:
    """Let the store know of a limit that is nobody's own, as a process does that asks for money."""
    moment = world.clock.utcnow()
    ask = LeaseAsk(lease="n1-1", budget=budget(limit), period=DAY, keep=0, settled=0, ends_at=moment, close=True)
    await world.store.adjust("w1", [ask])


async def test_a_threshold_raises_one_alert_and_a_new_limit_arms_it_again(store_hop: StoreHop) -> None:
    world, settings = sql_world(store_hop), SqlBudgetSettings(store_hop, FakeClock())
    await _know(world, 1_000)
    await world.post([Charge("", POT, DAY, 499)])
    assert await settings.alerts(10) == []
    for _ in range(3):
        await world.post([Charge("", POT, DAY, 150)])
    found = await settings.alerts(10)
    assert sorted((each.threshold, each.limit) for each in found) == [(50, 1_000), (80, 1_000), (90, 1_000)]
    assert {each.budget for each in found} == {POT}
    await _know(world, 10_000)
    await world.post([Charge("", POT, DAY, 5_000)])
    again = await settings.alerts(10)
    assert (50, 10_000) in {(each.threshold, each.limit) for each in again}
    # The limit of before is nobody's any more: its last threshold is not crossed.
    assert len(again) == 4
