"""Leases of budgets: whatever many processes do, and however they die, nobody spends what is not there."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from msgspec import structs

from db.engine import make_engine
from db.hop import StoreHop
from router_core.budgets.guard import LeasedBudget
from router_core.errors import OverloadedError, PaymentRequiredError
from router_core.ports import BudgetStore, LeaseAnswer, LeaseAsk
from router_core.types import BudgetBook, Charge
from tests.support.budget_worlds import PAYER, ROW, BudgetWorld, budget, guard_over, memory_world, sql_world, topped_up

POT = "account:acme:daily"


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def world(request: pytest.FixtureRequest) -> Iterator[BudgetWorld]:
    if request.param == "memory":
        yield memory_world()
        return
    hop = StoreHop(make_engine(request.getfixturevalue(f"{request.param}_url")))
    yield sql_world(hop)
    hop.close()


def ask(limit: int | None, lease: str = "n1-1", **changes: object) -> LeaseAsk:
    fields = {"keep": 0, "settled": 0, "need": 0, "demand": 0} | changes
    return LeaseAsk(
        lease=lease, budget=budget(limit), period="2026-03-01", ends_at=memory_world().clock.utcnow(),
        **fields,  # type: ignore[arg-type]
    )  # fmt: skip


async def _only(world: BudgetWorld, period: str = "2026-03-01") -> tuple[int, int, int, int]:
    (found,) = await world.store.balances([(POT, period)])
    return (found.spent, found.leased, found.settled, found.overage)


async def test_money_is_leased_spent_and_put_on_record(world: BudgetWorld) -> None:
    (answer,) = await world.store.adjust("w1", [ask(1_000, need=100, demand=300)])
    assert (answer.amount, answer.known, answer.limit, answer.gone) == (300, 0, 1_000, False)
    assert await _only(world) == (0, 300, 0, 0)
    (answer,) = await world.store.adjust("w1", [ask(1_000, keep=300, settled=120)])
    assert (answer.amount, answer.known) == (300, 120)
    await world.post([Charge("n1-1", POT, "2026-03-01", 100), Charge("n1-1", POT, "2026-03-01", 20)])
    assert await _only(world) == (120, 180, 0, 0)
    (answer,) = await world.store.adjust("w1", [ask(1_000, keep=120, settled=120, close=True)])
    assert answer.amount == 120
    assert await _only(world) == (120, 0, 0, 0)


async def test_a_lease_is_closed_when_its_last_charge_is_on_record(world: BudgetWorld) -> None:
    await world.store.adjust("w1", [ask(1_000, need=100, demand=100)])
    await world.store.adjust("w1", [ask(1_000, keep=100, settled=100, close=True)])
    assert await _only(world) == (0, 100, 100, 0)
    await world.post([Charge("n1-1", POT, "2026-03-01", 100)])
    assert await _only(world) == (100, 0, 0, 0)
    (answer,) = await world.store.adjust("w1", [ask(1_000, keep=100, settled=100)])
    assert answer.gone


async def test_nothing_is_granted_beyond_the_limit_and_others_are_asked_to_give_back(world: BudgetWorld) -> None:
    await world.store.adjust("w1", [ask(1_000, need=900, demand=900)])
    (answer,) = await world.store.adjust("w2", [ask(1_000, lease="n2-1", need=200, demand=400)])
    assert answer.amount == 0
    assert await world.store.recalled("w1") == {"n1-1"}
    assert await world.store.recalled("w2") == frozenset()
    await world.store.adjust("w1", [ask(1_000, keep=300, settled=300)])
    assert await world.store.recalled("w1") == frozenset()
    (answer,) = await world.store.adjust("w2", [ask(1_000, lease="n2-1", need=200, demand=400)])
    assert (answer.amount, answer.known) == (400, 300)


async def test_the_limit_itself_may_be_spent_and_not_one_more(world: BudgetWorld) -> None:
    (answer,) = await world.store.adjust("w1", [ask(700, need=7, demand=7_000)])
    assert answer.amount == 700
    (answer,) = await world.store.adjust("w2", [ask(700, lease="n2-1", need=1, demand=1)])
    assert answer.amount == 0


async def test_what_no_lease_covers_is_declared_as_overage(world: BudgetWorld) -> None:
    await world.store.adjust("w1", [ask(1_000, need=100, demand=100)])
    await world.post([Charge("n1-1", POT, "2026-03-01", 130, 30), Charge("lost", POT, "2026-03-01", 5)])
    assert await _only(world) == (135, 0, 0, 35)


async def test_what_no_lease_covers_counts_from_when_it_is_told_and_once(world: BudgetWorld) -> None:
    await world.store.adjust("w1", [ask(1_000, need=100, demand=100)])
    (told,) = await world.store.adjust("w1", [ask(1_000, keep=100, settled=100, beyond=850)])
    assert told.known == 950
    (answer,) = await world.store.adjust("w2", [ask(1_000, lease="n2-1", need=60, demand=60)])
    assert (answer.amount, answer.known) == (0, 950)
    (answer,) = await world.store.adjust("w2", [ask(1_000, lease="n2-1", need=50, demand=50)])
    assert answer.amount == 50
    await world.post([Charge("n1-1", POT, "2026-03-01", 950, 850)])
    assert await _only(world) == (950, 50, 0, 850)
    (told,) = await world.store.adjust("w1", [ask(1_000, keep=100, settled=100, beyond=850, close=True)])
    assert told.known == 950
    assert await _only(world) == (950, 50, 0, 850)


async def test_a_lease_that_is_closed_stays_until_its_overage_is_on_record(world: BudgetWorld) -> None:
    await world.store.adjust("w1", [ask(1_000, need=100, demand=100)])
    await world.post([Charge("n1-1", POT, "2026-03-01", 100)])
    await world.store.adjust("w1", [ask(1_000, keep=100, settled=100, beyond=850, close=True)])
    assert await _only(world) == (100, 0, 850, 0)
    await world.post([Charge("n1-1", POT, "2026-03-01", 850, 850)])
    assert await _only(world) == (950, 0, 0, 850)


async def test_a_call_that_cost_more_than_was_held_ends_everybodys_money_before_it_is_on_record(
    world: BudgetWorld,
) -> None:
    book = BudgetBook([budget(1_000)])
    first, second = guard_over(world, book), guard_over(world, book, "n2", "w2")
    held = await first.hold(PAYER, ROW, 10, 0.0)
    charges = held.settle(5_000)
    assert charges[0].overage > 0
    with pytest.raises(PaymentRequiredError):
        await first.hold(PAYER, ROW, 10, 0.0)
    await first.look_round()
    with pytest.raises(PaymentRequiredError):
        await second.hold(PAYER, ROW, 10, 0.0)
    await world.post(charges)
    (found,) = await world.store.balances([(POT, "2026-03-01")])
    assert (found.spent, found.settled) == (5_000, 0)


async def test_after_a_cut_of_the_limit_refusals_name_what_everybody_spent(world: BudgetWorld) -> None:
    shelf = [BudgetBook([budget(10**9)])]
    guard = LeasedBudget(world.store, lambda: shelf[0], world.clock, writer="w1", node="n1")
    await world.post((await guard.hold(PAYER, ROW, 10**6, 0.0)).settle(10**6))
    await world.post([Charge("", POT, "2026-03-01", 7 * 10**6)])
    shelf[0] = BudgetBook([budget(10**6)])
    await guard.look_round()
    with pytest.raises(PaymentRequiredError, match=r"Current: \$0\.008, Request: \$0\.001, Limit: \$0\.001"):
        await guard.hold(PAYER, ROW, 10**6, 0.0)
    trips = guard.trips
    await guard.look_round()
    assert guard.trips == trips, "an answer is enough until the limit moves again"


async def test_money_of_a_top_up_that_came_and_went_between_two_looks_is_given_back(world: BudgetWorld) -> None:
    """The store knows of it before the process does, and grants out of it."""
    shelf = [BudgetBook([budget(100)])]
    guard = LeasedBudget(world.store, lambda: shelf[0], world.clock, writer="w1", node="n1")
    (await guard.hold(PAYER, ROW, 100, 0.0)).settle(0)
    approved = await topped_up(world, 10_000, 3_600.0)
    await guard.look_round()
    held = [await guard.hold(PAYER, ROW, 60, 0.0) for _ in range(2)]
    await world.topups.change(structs.replace(approved, state="ended", ends_at=world.clock.utcnow()), "approved")
    shelf[0] = BudgetBook([budget(100)])
    await guard.look_round()
    with pytest.raises(PaymentRequiredError):
        await guard.hold(PAYER, ROW, 101, 0.0)
    with pytest.raises(OverloadedError):
        await guard.hold(PAYER, ROW, 10, 0.0)
    assert await _only(world) == (0, 120, 0, 0)
    assert len(held) == 2


class Hesitant:
    """A store whose answers are on their way until ``go`` is set."""

    def __init__(self, inner: BudgetStore) -> None:
        self._inner = inner
        self.asked, self.go = asyncio.Event(), asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def adjust(self, writer: str, asks: Sequence[LeaseAsk]) -> Sequence[LeaseAnswer]:
        answers = await self._inner.adjust(writer, asks)
        self.asked.set()
        await self.go.wait()
        return answers


async def test_an_answer_that_was_on_its_way_when_the_limit_was_cut_brings_no_money(world: BudgetWorld) -> None:
    shelf, store = [BudgetBook([budget(1_000)])], Hesitant(world.store)
    guard = LeasedBudget(store, lambda: shelf[0], world.clock, writer="w1", node="n1")
    waiting = asyncio.create_task(guard.hold(PAYER, ROW, 600, 0.0))
    await store.asked.wait()
    shelf[0] = BudgetBook([budget(100)])
    with pytest.raises(PaymentRequiredError):
        await guard.hold(PAYER, ROW, 600, 0.0)
    store.go.set()
    with pytest.raises(PaymentRequiredError):
        await waiting
    await guard.look_round()
    assert await _only(world) == (0, 0, 0, 0)


async def test_a_budget_that_binds_nobody_only_counts(world: BudgetWorld) -> None:
    await world.post([Charge("", POT, "2026-03-01", 130)])
    assert await _only(world) == (130, 0, 0, 0)


async def test_what_a_dead_process_held_comes_back_but_not_its_successors(world: BudgetWorld) -> None:
    await world.store.adjust("w1", [ask(1_000, need=100, demand=100)])
    await world.store.adjust("w1", [ask(1_000, lease="n2-1", need=50, demand=50)])
    await world.post([Charge("n1-1", POT, "2026-03-01", 30)])
    assert await world.store.reclaim("w1", but="n2") == 70
    assert await _only(world) == (30, 50, 0, 0)
    assert await world.store.reclaim("w9") == 0


async def test_a_share_of_the_rest_is_leased_ahead_and_shrinks_as_the_limit_nears(world: BudgetWorld) -> None:
    (first,) = await world.store.adjust("w1", [ask(16_000, need=10, demand=10, ahead=True)])
    assert first.amount == 1_000
    (tail,) = await world.store.adjust("w2", [ask(1_100, lease="n2-1", need=10, demand=20, ahead=True)])
    assert tail.amount == 20


async def test_the_balances_of_very_many_budgets_are_read_at_once(world: BudgetWorld) -> None:
    await world.store.adjust("w1", [ask(1_000, need=10, demand=10)])
    wanted = [(f"account:a{number}:daily", "2026-03-01") for number in range(20_000)]
    (found,) = await world.store.balances([*wanted, (POT, "2026-03-01")])
    assert (found.budget, found.leased) == (POT, 10)
