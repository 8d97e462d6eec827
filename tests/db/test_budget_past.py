"""A limit that is set in the middle of its period knows what was spent before, on every scope."""

from datetime import timedelta

import pytest
from msgspec import structs

from db.hop import StoreHop
from db.records.money import add_usage
from db.stores import SqlBudgetSettings, SqlBudgetStore
from db.stores.budget_past import count_past
from router_core.types import Budget, BudgetScope, Charge, RequestEvent
from tests.support.budget_worlds import sql_world
from tests.support.fake_clock import START, FakeClock
from tests.support.record_events import event

WHOLE = Budget(id="b1", scope="installation", target="", period="monthly", limit=1_000)
DAY = WHOLE.pot.replace("monthly", "daily")


async def _use(hop: StoreHop, *events: RequestEvent) -> None:
    await hop.write(lambda session: add_usage(session, events))


async def _spent(hop: StoreHop, pot: str, period: str) -> int:
    balances = await SqlBudgetStore(hop, FakeClock()).balances([(pot, period)])
    return sum(each.spent for each in balances)


async def test_a_first_limit_counts_what_its_period_cost_and_not_what_was_before(store_hop: StoreHop) -> None:
    month, day = f"{START:%Y-%m}", START.date().isoformat()
    first = START.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    await _use(
        store_hop, event(1, timestamp=START, cost=300), event(2, timestamp=first, cost=20),
        event(3, timestamp=first - timedelta(seconds=1), cost=5_000),
    )  # fmt: skip
    settings = SqlBudgetSettings(store_hop, FakeClock())
    await settings.put_budget(WHOLE)
    await settings.put_budget(structs.replace(WHOLE, id="b2", period="daily"))
    assert await _spent(store_hop, WHOLE.pot, month) == 320
    assert await _spent(store_hop, DAY, day) == (300 if START.date() > first.date() else 320)


@pytest.mark.parametrize(("scope", "target"), [("provider", "a"), ("use_case", "draft"), ("key", "k1")])
async def test_only_what_the_target_spent_is_counted(store_hop: StoreHop, scope: BudgetScope, target: str) -> None:
    mine = event(1, timestamp=START, cost=300)
    others = structs.replace(mine.principal, id="k2")
    await _use(
        store_hop, mine, event(2, timestamp=START, cost=70, provider="b", use_case="chat", principal=others)
    )  # fmt: skip
    limit = structs.replace(WHOLE, scope=scope, target=target)
    await store_hop.write(lambda session: count_past(session, limit, START))
    assert await _spent(store_hop, limit.pot, f"{START:%Y-%m}") == 300


async def test_what_a_pot_knows_already_is_never_lost_or_counted_twice(store_hop: StoreHop) -> None:
    settings, month = SqlBudgetSettings(store_hop, FakeClock()), f"{START:%Y-%m}"
    await settings.put_budget(WHOLE)
    await sql_world(store_hop).post([Charge("", WHOLE.pot, month, 450)])
    await _use(store_hop, event(1, timestamp=START, cost=400))
    await settings.put_budget(structs.replace(WHOLE, limit=2_000))
    await settings.drop_budget("b1")
    await settings.put_budget(structs.replace(WHOLE, id="b3"))
    assert await _spent(store_hop, WHOLE.pot, month) == 450


async def test_an_accounts_pot_counts_from_its_first_request_and_is_left_alone(store_hop: StoreHop) -> None:
    await _use(store_hop, event(1, timestamp=START, cost=400))
    limit = structs.replace(WHOLE, scope="account", target="acme")
    await store_hop.write(lambda session: count_past(session, limit, START))
    assert await _spent(store_hop, limit.pot, f"{START:%Y-%m}") == 0


@pytest.mark.parametrize(("scope", "target", "counted"), [("key", "k1", 700), ("provider", "a", 300)])
async def test_a_limit_that_is_set_again_counts_anew_except_a_providers(
    store_hop: StoreHop, scope: BudgetScope, target: str, counted: int
) -> None:
    limit = structs.replace(WHOLE, scope=scope, target=target)
    await _use(store_hop, event(1, timestamp=START, cost=300))
    await store_hop.write(lambda session: count_past(session, limit, START))
    await _use(store_hop, event(2, timestamp=START, cost=400))
    await store_hop.write(lambda session: count_past(session, limit, START, again=True))
    assert await _spent(store_hop, limit.pot, f"{START:%Y-%m}") == counted
