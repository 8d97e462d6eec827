"""Top-ups seen from a process: what it may hold while they run, and what it does with its slice once they end."""

import pytest
from msgspec import structs

from router_core.budgets.guard import LeasedBudget
from router_core.errors import OverloadedError, PaymentRequiredError
from router_core.types import BudgetBook
from tests.support.budget_worlds import PAYER, ROW, BudgetWorld, budget, guard_over, memory_world, topped_up
from tests.support.fake_clock import START

DAY = START.date().isoformat()
POT = ("account:acme:daily", DAY)


async def _leased(world: BudgetWorld) -> int:
    (found,) = await world.store.balances([POT])
    return found.leased


async def _ready(world: BudgetWorld) -> LeasedBudget:
    topup = await topped_up(world, 100, 60)
    return guard_over(world, BudgetBook([budget(100)], topups=[topup]))


async def test_more_may_be_held_while_it_runs_and_a_refusal_names_the_limit_of_the_moment() -> None:
    world = memory_world()
    guard = await _ready(world)
    held = await guard.hold(PAYER, ROW, 150, 1.0)
    held.settle(150)
    with pytest.raises(PaymentRequiredError, match=r"Limit: \$0.0000002$") as refused:
        await guard.hold(PAYER, ROW, 60, 1.0)
    assert refused.value.budget_status is not None
    assert refused.value.budget_status["dailyBudget"] == 2e-07
    world.clock.advance(60)
    with pytest.raises(PaymentRequiredError, match=r"Limit: \$0.0000001$"):
        await guard.hold(PAYER, ROW, 1, 1.0)


async def test_what_was_set_aside_beyond_the_limit_goes_back_at_the_end_without_anybodys_doing() -> None:
    world = memory_world()
    guard = await _ready(world)
    (await guard.hold(PAYER, ROW, 180, 1.0)).settle(10)
    assert await _leased(world) == 180
    world.clock.advance(60)
    await guard.look_round()
    assert await _leased(world) == 10


async def test_money_that_a_call_gives_back_after_the_end_is_not_held_again() -> None:
    world = memory_world()
    guard = await _ready(world)
    first, second = await guard.hold(PAYER, ROW, 90, 1.0), await guard.hold(PAYER, ROW, 110, 1.0)
    world.clock.advance(60)
    second.settle(0)
    with pytest.raises(OverloadedError):
        await guard.hold(PAYER, ROW, 20, 1.0)
    first.settle(10)
    (await guard.hold(PAYER, ROW, 90, 1.0)).settle(90)
    with pytest.raises(PaymentRequiredError):
        await guard.hold(PAYER, ROW, 1, 1.0)


async def test_who_has_not_heard_of_the_early_end_gets_nothing_beyond_the_limit() -> None:
    world = memory_world()
    topup = await topped_up(world, 100, 60)
    guard = guard_over(world, BudgetBook([budget(100)], topups=[topup]))
    await world.topups.change(structs.replace(topup, state="ended", ends_at=START), "approved")
    with pytest.raises((OverloadedError, PaymentRequiredError)):
        await guard.hold(PAYER, ROW, 101, 1.0)
    assert await guard.hold(PAYER, ROW, 100, 1.0)


async def test_all_limits_of_a_pot_move_together_and_the_tightest_still_decides() -> None:
    world = memory_world()
    topup = await topped_up(world, 100, 60)
    guard = guard_over(world, BudgetBook([budget(100), budget(20, id="t", mode="downgrade")], topups=[topup]))
    assert await guard.hold(PAYER, ROW, 120, 1.0)
    with pytest.raises(OverloadedError):
        await guard.hold(PAYER, ROW, 1, 1.0)
