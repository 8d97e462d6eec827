"""Leases as operators see them: written off only when their process can no longer come back, never counted twice."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest

from db.engine import make_engine
from db.hop import StoreHop
from db.stores import SqlLeaseRegister
from router_core.budgets.memory_store import MemoryBudgetStore
from router_core.errors import NotFoundError, ValidationError
from router_core.ports import LeaseAsk, LeaseRecord, LeaseRegister
from router_core.types import Charge
from tests.support.budget_worlds import BudgetWorld, budget, memory_world, sql_world
from tests.support.fake_clock import START

POT, DAY = "account:acme:daily", START.date().isoformat()
LATER = START + timedelta(seconds=600)


@dataclass(frozen=True)
class Desk:
    """A store of leases and the register that tells of them."""

    world: BudgetWorld
    register: LeaseRegister


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def desk(request: pytest.FixtureRequest) -> Iterator[Desk]:
    if request.param == "memory":
        world = memory_world()
        assert isinstance(world.store, MemoryBudgetStore)
        yield Desk(world, world.store)
        return
    hop = StoreHop(make_engine(request.getfixturevalue(f"{request.param}_url")))
    stored = sql_world(hop)
    yield Desk(stored, SqlLeaseRegister(hop, stored.clock))
    hop.close()


async def _lease(desk: Desk, id: str, amount: int, seconds: float = 600.0) -> None:
    ends = START + timedelta(seconds=seconds)
    ask = LeaseAsk(
        lease=id, budget=budget(1_000), period=DAY, keep=0, settled=0, ends_at=ends, need=amount, demand=amount
    )
    await desk.world.store.adjust(f"writer of {id}", [ask])


async def _pot(desk: Desk) -> tuple[int, int, int]:
    (found,) = await desk.world.store.balances([(POT, DAY)])
    return found.spent, found.leased, found.overage


async def test_leases_are_told_of_with_what_is_left_in_them_first_ends_first(desk: Desk) -> None:
    await _lease(desk, "n1-1", 300, seconds=900)
    await _lease(desk, "n2-1", 200)
    await desk.world.post([Charge("n2-1", POT, DAY, 50)])
    expected = [
        LeaseRecord(id="n2-1", budget=POT, period=DAY, writer="writer of n2-1", held=150, ends_at=LATER),
        LeaseRecord(
            id="n1-1", budget=POT, period=DAY, writer="writer of n1-1", held=300, ends_at=START + timedelta(seconds=900)
        ),
    ]
    assert list(await desk.register.leases(10)) == expected
    assert list(await desk.register.leases(1)) == expected[:1]
    assert await desk.register.lease("n1-1") == expected[1]
    assert await desk.register.lease("n9-1") is None
    assert await desk.register.lease("\x00") is None


async def test_a_lease_that_is_written_off_gives_back_what_is_not_on_record(desk: Desk) -> None:
    await _lease(desk, "n1-1", 300)
    await desk.world.post([Charge("n1-1", POT, DAY, 120)])
    assert await desk.register.write_off("n1-1", LATER + timedelta(microseconds=1)) == 180
    assert await _pot(desk) == (120, 0, 0)
    assert await desk.register.leases(10) == []
    with pytest.raises(NotFoundError):
        await desk.register.write_off("n1-1", LATER + timedelta(days=1))


async def test_a_lease_that_has_not_been_over_for_long_enough_stays(desk: Desk) -> None:
    await _lease(desk, "n1-1", 300)
    with pytest.raises(ValidationError, match="long enough") as refused:
        await desk.register.write_off("n1-1", LATER)
    assert refused.value.field == "id"
    assert await _pot(desk) == (0, 300, 0)


async def test_what_is_posted_of_it_later_is_declared_as_overage_and_its_process_is_told_that_it_is_gone(
    desk: Desk,
) -> None:
    await _lease(desk, "n1-1", 300)
    await desk.register.write_off("n1-1", LATER + timedelta(days=1))
    await desk.world.post([Charge("n1-1", POT, DAY, 70)])
    assert await _pot(desk) == (70, 0, 70)
    back = LeaseAsk(lease="n1-1", budget=budget(1_000), period=DAY, keep=300, settled=70, ends_at=LATER)
    (answer,) = await desk.world.store.adjust("writer of n1-1", [back])
    assert (answer.gone, answer.amount) == (True, 0)
    assert await _pot(desk) == (70, 0, 70)
