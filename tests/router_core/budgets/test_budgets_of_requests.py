"""Budgets seen from the router: who is refused, who is served by somebody cheaper, and what is charged to whom."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from router_core.budgets.guard import LeasedBudget
from router_core.budgets.memory_store import MemoryBudgetStore
from router_core.errors import OverloadedError, PaymentRequiredError
from router_core.ports import LeaseAnswer, LeaseAsk
from router_core.types import Budget, BudgetBook, BudgetMode, BudgetScope, DefaultBudgets, Payer, ProviderConfig
from tests.support.budget_worlds import PAYER, ROW, BudgetWorld, budget, guard_over, memory_world
from tests.support.core_fakes import CoreRig, answer, ask, provider, rig, service

CHEAP = provider("cheap", model="gpt-4o-mini", use_cases=("legal",))
DEAR = provider("dear", model="gpt-4o", use_cases=("legal",))
POT = "account:acme:daily"
# Ten tokens written cost 6,000 nano-dollars with the cheap model and 100,000 with the dear one.
ASK: dict[str, Any] = {"max_tokens": 10, "prompt": "hi", "use_case": "legal"}


def desk_with(
    *budgets: Budget, rows: tuple[ProviderConfig, ...] = (DEAR, CHEAP), defaults: DefaultBudgets | None = None
) -> CoreRig:
    store = MemoryBudgetStore()
    desk = rig(list(rows))
    book = BudgetBook(budgets, defaults=defaults)
    guard = LeasedBudget(store, lambda: book, desk.clock, writer="w", node="n")
    desk.router._budget = guard
    for each in (DEAR, CHEAP):
        desk.adapters.always(each.name, answer(input_tokens=4, output_tokens=10))
    return desk


def limit(amount: int | None, scope: BudgetScope = "account", target: str = "acme", **changes: object) -> Budget:
    return budget(amount, scope=scope, target=target, **changes)


async def test_a_hard_budget_refuses_what_does_not_fit_before_any_call() -> None:
    desk = desk_with(limit(50_000))
    with pytest.raises(PaymentRequiredError) as refused:
        await desk.router.complete(ask(**ASK), service("acme"))
    assert str(refused.value).startswith("Daily budget exceeded. Current: $0.00, Request: $0.0001")
    assert refused.value.budget_status is not None
    assert refused.value.budget_status["dailyBudget"] == 0.00005
    assert desk.adapters.calls == []
    assert desk.events.only.error_code == "PAYMENT_REQUIRED"
    assert desk.events.only.charges == ()


@pytest.mark.parametrize(("mode", "calls"), [("hard", 1), ("downgrade", 2)])
async def test_a_refused_request_says_which_budget_refused_it_and_how_far_that_was_spent(
    mode: BudgetMode, calls: int
) -> None:
    desk = desk_with(limit(1_000, mode=mode))
    with pytest.raises(PaymentRequiredError) as refused:
        await desk.router.complete(ask(**ASK), service("acme"))
    found = desk.events.only.refused
    assert {(each.budget, each.period, each.mode, each.limit, each.spent) for each in found} == {
        (POT, "2026-03-01", mode, 1_000, 0)
    }
    assert [each.asked > 1_000 for each in found] == [True] * calls
    assert refused.value.context.keys() == {"budgetStatus"}


async def test_a_downgrade_budget_lets_a_cheaper_candidate_serve() -> None:
    desk = desk_with(limit(50_000, mode="downgrade"))
    response = await desk.router.complete(ask(**ASK), service("acme"))
    assert (response.provider, desk.adapters.called) == ("cheap", ["cheap"])
    (charge,) = [each for each in desk.events.only.charges if each.budget == POT]
    assert (charge.amount, charge.period, charge.overage) == (desk.events.only.cost, "2026-03-01", 0)


async def test_a_prompt_that_reads_somewhat_more_than_was_estimated_stays_within_what_is_held() -> None:
    desk = desk_with(limit(10**9))
    estimated = desk.router.route(ask(**ASK), service("acme")).estimated_input_tokens
    desk.adapters.always("dear", answer(input_tokens=estimated + estimated // 5 + 12, output_tokens=10))
    await desk.router.complete(ask(**ASK), service("acme"))
    (charge,) = [each for each in desk.events.only.charges if each.budget == POT]
    assert (charge.amount, charge.overage) == (desk.events.only.cost, 0)


async def test_a_call_says_what_it_used_and_by_which_price_it_was_charged() -> None:
    desk = desk_with(limit(10**9))
    await desk.router.complete(ask(**ASK), service("acme"))
    (call,) = desk.events.only.decision.attempts
    assert (call.usage, call.price) == (desk.events.only.usage, "fixed:gpt-4o")
    assert desk.events.only.price == "fixed:gpt-4o"


async def test_a_downgrade_budget_that_nobody_fits_refuses() -> None:
    desk = desk_with(limit(1_000, mode="downgrade"))
    with pytest.raises(PaymentRequiredError):
        await desk.router.complete(ask(**ASK), service("acme"))
    assert desk.adapters.calls == []


async def test_a_soft_budget_counts_and_refuses_nobody() -> None:
    desk = desk_with(limit(1, mode="soft"))
    await desk.router.complete(ask(**ASK), service("acme"))
    assert next(each.budget for each in desk.events.only.charges if each.lease == "") == POT


async def test_a_spent_provider_is_passed_over() -> None:
    desk = desk_with(limit(10, "provider", "dear"))
    assert (await desk.router.complete(ask(**ASK), service("acme"))).provider == "cheap"
    (refused,) = desk.events.only.refused
    assert (refused.budget, refused.limit) == ("provider:dear:daily", 10)


async def test_a_request_that_nobody_refuses_names_no_budget() -> None:
    desk = desk_with(limit(10**9))
    await desk.router.complete(ask(**ASK), service("acme"))
    assert desk.events.only.refused == ()


@pytest.mark.parametrize(
    ("scope", "target"), [("installation", ""), ("account", "acme"), ("key", "key-acme"), ("use_case", "legal")]
)
async def test_every_scope_holds_for_whom_it_names_and_for_nobody_else(scope: BudgetScope, target: str) -> None:
    desk = desk_with(limit(10, scope, target))
    with pytest.raises(PaymentRequiredError):
        await desk.router.complete(ask(**ASK), service("acme"))
    if scope in ("account", "key"):
        await desk.router.complete(ask(**ASK), service("globex"))


async def test_all_budgets_are_held_or_none() -> None:
    desk = desk_with(limit(10**9), limit(10, "key", "key-acme", id="k"))
    with pytest.raises(PaymentRequiredError):
        await desk.router.complete(ask(**ASK), service("acme"))
    guard = desk.router._budget
    assert isinstance(guard, LeasedBudget)
    assert all(each.held == 0 for each in guard._slices.values())


async def test_a_model_without_a_price_is_refused_where_a_budget_holds() -> None:
    odd = provider("odd", model="gpt-99", use_cases=("legal",))
    desk = desk_with(limit(10**12), rows=(odd,))
    with pytest.raises(PaymentRequiredError, match="No price is known for gpt-99") as refused:
        await desk.router.complete(ask(**ASK), service("acme"))
    status = refused.value.budget_status
    assert status is not None
    assert status["dailyBudget"] == 1_000
    assert status["monthlyUsed"] is None, "what binds nothing is not known here"
    assert desk.events.only.unpriced == (("gpt-99", "odd"),)


async def test_a_model_without_a_price_is_passed_over_for_one_with_a_price_and_noted() -> None:
    odd = provider("odd", model="gpt-99", use_cases=("legal",))
    desk = desk_with(limit(10**12), rows=(odd, CHEAP))
    response = await desk.router.complete(ask(**ASK), service("acme"))
    assert (response.provider, desk.adapters.called) == ("cheap", ["cheap"])
    assert desk.events.only.unpriced == (("gpt-99", "odd"),)


async def test_accounts_without_budgets_have_the_default_ones() -> None:
    desk = desk_with(defaults=DefaultBudgets(daily=10, monthly=None))
    with pytest.raises(PaymentRequiredError, match="Daily budget exceeded"):
        await desk.router.complete(ask(**ASK), service("anybody"))


async def test_a_failed_call_is_paid_by_what_it_cost_and_the_next_one_by_itself() -> None:
    desk = desk_with(limit(10**9))
    first = answer(input_tokens=4, output_tokens=10)
    desk.adapters.script("dear", first)
    await desk.router.complete(ask(**ASK), service("acme"))
    event = desk.events.only
    assert sum(each.amount for each in event.charges if each.budget == POT) == event.cost
    assert [each.cost_nano for each in event.decision.attempts] == [event.cost]


# --- the guard itself ----------------------------------------------------------------------------------------------


class SickStore(MemoryBudgetStore):
    """A store that is ``down`` when told so."""

    down = False

    async def adjust(self, writer: str, asks: Sequence[LeaseAsk]) -> Sequence[LeaseAnswer]:
        if self.down:
            raise OverloadedError("The store cannot be reached")
        return await super().adjust(writer, asks)


async def test_while_the_store_is_down_the_slice_is_used_up_and_then_it_is_503_and_never_402() -> None:
    world = memory_world()
    store = SickStore()
    guard = guard_over(BudgetWorld(store, world.post, world.clock, world.topups), BudgetBook([budget(160_000)]))
    (await guard.hold(PAYER, ROW, 100, 1.0)).settle(100)
    store.down = True
    left = next(iter(guard._slices.values())).free // 100
    for _ in range(left):
        (await guard.hold(PAYER, ROW, 100, 1.0)).settle(100)
    assert left >= 50
    with pytest.raises(OverloadedError):
        await guard.hold(PAYER, ROW, 100, 1.0)
    store.down = False
    (await guard.hold(PAYER, ROW, 100, 1.0)).settle(100)


async def test_while_the_store_is_down_who_finds_the_slice_held_by_others_waits_for_what_comes_back() -> None:
    world = memory_world()
    store = SickStore()
    guard = guard_over(BudgetWorld(store, world.post, world.clock, world.topups), BudgetBook([budget(160_000)]))
    (await guard.hold(PAYER, ROW, 100, 1.0)).settle(100)
    store.down = True
    whole = next(iter(guard._slices.values())).free
    held = await guard.hold(PAYER, ROW, whole, 1.0)
    waiting = asyncio.create_task(guard.hold(PAYER, ROW, 100, 1.0))
    await asyncio.sleep(0)
    held.settle(50)
    assert (await waiting).settle(100)
    held = await guard.hold(PAYER, ROW, whole - 150, 1.0)
    with pytest.raises(OverloadedError):
        await guard.hold(PAYER, ROW, 100, 1.0)


async def test_many_that_wait_share_one_trip_to_the_store() -> None:
    world = memory_world()
    guard = guard_over(world, BudgetBook([budget(10**9)]))
    holds = await asyncio.gather(*(guard.hold(PAYER, ROW, 100, 1.0) for _ in range(64)))
    assert len(holds) == 64
    assert guard.trips <= 2


async def test_in_steady_state_the_store_is_asked_at_most_once_in_fifty_requests() -> None:
    world = memory_world()
    guard = guard_over(world, BudgetBook([budget(10**12), budget(10**13, id="m", period="monthly")]))
    for _ in range(5_000):
        (await guard.hold(PAYER, ROW, 50_000, 1.0)).settle(30_000)
    await asyncio.sleep(0)
    assert guard.trips <= 5_000 / 50


async def test_when_only_calls_in_flight_hold_the_rest_it_is_503_with_a_hint() -> None:
    world = memory_world()
    guard = guard_over(world, BudgetBook([budget(100)]))
    held = await guard.hold(PAYER, ROW, 80, 1.0)
    with pytest.raises(OverloadedError, match="held by requests in flight") as busy:
        await guard.hold(PAYER, ROW, 80, 1.0)
    assert busy.value.retry_after_ms == 1_000
    held.settle(20)
    (await guard.hold(PAYER, ROW, 80, 1.0)).settle(80)
    with pytest.raises(PaymentRequiredError) as spent:
        await guard.hold(PAYER, ROW, 1, 1.0)
    assert str(spent.value).endswith("Current: $0.0000001, Request: $0.000000001, Limit: $0.0000001")


async def test_a_raised_limit_counts_at_once() -> None:
    world = memory_world()
    shelf = [BudgetBook([budget(100)])]
    guard = LeasedBudget(world.store, lambda: shelf[0], world.clock, writer="w", node="n")
    (await guard.hold(PAYER, ROW, 100, 1.0)).settle(100)
    with pytest.raises(PaymentRequiredError):
        await guard.hold(PAYER, ROW, 1, 1.0)
    shelf[0] = BudgetBook([budget(200)])
    (await guard.hold(PAYER, ROW, 1, 1.0)).settle(1)


async def test_a_new_day_begins_with_the_whole_limit() -> None:
    world = memory_world()
    guard = guard_over(world, BudgetBook([budget(100)]))
    (await guard.hold(PAYER, ROW, 100, 1.0)).settle(100)
    world.clock.advance(12 * 3600 - 0.001)
    with pytest.raises(PaymentRequiredError):
        await guard.hold(PAYER, ROW, 1, 1.0)
    world.clock.advance(0.002)
    charge, *_ = (await guard.hold(PAYER, ROW, 100, 1.0)).settle(100)
    assert charge.period == "2026-03-02"


async def test_what_a_call_cost_beyond_its_bound_is_overage_only_where_the_slice_has_no_room() -> None:
    world = memory_world()
    guard = guard_over(world, BudgetBook([budget(100)]))
    hold = await guard.hold(PAYER, ROW, 60, 1.0)
    charge, *_ = hold.settle(130)
    assert (charge.amount, charge.overage) == (130, 70)
    await world.post([charge])
    (found,) = await world.store.balances([(POT, "2026-03-01")])
    assert (found.spent, found.overage, found.leased) == (130, 70, 0)


async def test_different_keys_share_the_slice_of_their_account() -> None:
    world = memory_world()
    guard = guard_over(world, BudgetBook([budget(1_600)]))
    for key in ("a", "b", "c"):
        (await guard.hold(Payer("acme", key, "general"), ROW, 10, 1.0)).settle(10)
    assert guard.trips == 1


async def test_a_limit_that_is_set_during_a_day_counts_what_was_spent_before() -> None:
    world = memory_world()
    shelf = [BudgetBook(defaults=DefaultBudgets(daily=100))]
    guard = LeasedBudget(world.store, lambda: shelf[0], world.clock, writer="w", node="n")
    (await guard.hold(PAYER, ROW, 60, 1.0)).settle(60)
    shelf[0] = BudgetBook([budget(70)], defaults=DefaultBudgets(daily=100))
    await guard.look_round()
    with pytest.raises(PaymentRequiredError, match=r"Current: \$0\.00000006"):
        await guard.hold(PAYER, ROW, 11, 1.0)
    (await guard.hold(PAYER, ROW, 10, 1.0)).settle(10)


async def test_of_several_limits_on_the_same_the_tightest_decides() -> None:
    world = memory_world()
    guard = guard_over(world, BudgetBook([budget(100), budget(50, id="s", mode="soft"), budget(20, id="t")]))
    (await guard.hold(PAYER, ROW, 20, 1.0)).settle(20)
    with pytest.raises(PaymentRequiredError, match=r"Limit: \$0\.00000002$"):
        await guard.hold(PAYER, ROW, 1, 1.0)
