"""Alerts of budgets: each threshold once for each period and limit, whoever crosses it."""

from datetime import datetime, timedelta

from msgspec import structs

from db.hop import StoreHop
from db.stores.budget_settings import SqlBudgetSettings
from router_core.ports import LeaseAsk
from router_core.types import Charge, TopUp
from tests.support.budget_worlds import BudgetWorld, budget, sql_world
from tests.support.fake_clock import FakeClock
from tests.support.record_events import event

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


async def _top_up(world: BudgetWorld, amount: int, begins: datetime, ends: datetime) -> None:
    asked = TopUp(
        id=f"t{amount}", scope="account", target="acme", period="daily", amount=amount, reason="launch", ends_at=ends,
        asked_at=begins, asked_by="ann", asked_by_id="u1",
    )  # fmt: skip
    await world.topups.add(asked)
    await world.topups.change(structs.replace(asked, state="approved", decided_at=begins), "pending")


async def test_thresholds_are_of_the_limit_with_its_top_up_while_it_ran_even_when_that_is_posted_later(
    store_hop: StoreHop,
) -> None:
    """All requests of this world began at one moment; what counts is whether the top-up ran then."""
    world, settings = sql_world(store_hop), SqlBudgetSettings(store_hop, FakeClock())
    began = event(1).timestamp - timedelta(milliseconds=event(1).latency_ms)
    await _know(world, 1_000)
    await _top_up(world, 1_000, began, began + timedelta(microseconds=1))
    await _top_up(world, 77, began - timedelta(hours=1), began)
    await world.post([Charge("", POT, DAY, 1_000)])
    assert [(each.threshold, each.limit) for each in await settings.alerts(10)] == [(50, 2_000)]
