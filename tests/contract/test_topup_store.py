"""Top-ups: kept, decided once, part of the configuration while they are approved, counted by whoever leases money."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from msgspec import structs

from db.engine import make_engine
from db.hop import StoreHop
from db.stores import SqlBudgetStore, SqlConfigStore, SqlTopUpStore
from router_core.budgets.memory_settings import MemoryBudgetSettings
from router_core.budgets.memory_store import MemoryBudgetStore
from router_core.budgets.memory_topups import MemoryTopUps
from router_core.errors import NotFoundError, ValidationError
from router_core.ports import BudgetStore, LeaseAsk, TopUpStore
from router_core.types import BudgetBook, DefaultBudgets, TopUp
from tests.support.budget_worlds import budget
from tests.support.fake_clock import START, FakeClock

POT = "account:acme:daily"
DAY = START.date().isoformat()


@dataclass(frozen=True)
class Shelf:
    """Top-ups, the configuration that reads them, and the store that leases money by them."""

    topups: TopUpStore
    read: Callable[[], Awaitable[BudgetBook]]
    leases: BudgetStore
    clock: FakeClock


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def shelf(request: pytest.FixtureRequest) -> Iterator[Shelf]:
    clock, defaults = FakeClock(), DefaultBudgets(daily=1_000)
    if request.param == "memory":
        topups = MemoryTopUps(clock)
        settings = MemoryBudgetSettings(defaults, topups)

        async def read_memory() -> BudgetBook:
            return settings.book()

        yield Shelf(topups, read_memory, MemoryBudgetStore(topups.topped_up), clock)
        return
    hop = StoreHop(make_engine(request.getfixturevalue(f"{request.param}_url")))
    config = SqlConfigStore(hop, clock, defaults)

    async def read_stored() -> BudgetBook:
        return (await config.load()).budgets

    yield Shelf(SqlTopUpStore(hop, clock), read_stored, SqlBudgetStore(hop, clock), clock)
    hop.close()


def asked(id: str = "t1", **changes: object) -> TopUp:
    plain = TopUp(
        id=id, scope="account", target="acme", period="daily", amount=500, reason="launch",
        ends_at=START + timedelta(hours=2), asked_at=START, asked_by="ann", asked_by_id="u1",
    )  # fmt: skip
    return structs.replace(plain, **changes)


def approved(topup: TopUp, at: datetime = START) -> TopUp:
    return structs.replace(topup, state="approved", decided_at=at, decided_by="ada", note="fine")


async def _granted(shelf: Shelf, lease: str, demand: int, **changes: object) -> tuple[int, int | None]:
    """Lease up to ``demand`` of a budget that is nobody's own; return what came of it and what the limit was."""
    limits = budget(1_000, id="default", **changes)
    ask = LeaseAsk(
        lease=lease, budget=limits, period=DAY, keep=0, settled=0, ends_at=shelf.clock.utcnow(), need=1, demand=demand
    )
    (answer,) = await shelf.leases.adjust("w1", [ask])
    return answer.amount, answer.limit


async def test_a_request_is_kept_as_it_was_made_and_moves_no_limit(shelf: Shelf) -> None:
    await shelf.topups.add(asked())
    assert await shelf.topups.one("t1") == asked()
    assert await shelf.topups.one("t2") is None
    assert await shelf.topups.one("\x00") is None
    assert (await shelf.read()).topped_up(POT, START) == 0
    assert await _granted(shelf, "n1-1", 2_000) == (1_000, 1_000)


async def test_what_is_approved_adds_to_the_limit_until_it_ends(shelf: Shelf) -> None:
    for id, amount, hours in (("t1", 500, 2), ("t2", 70, 1)):
        topup = asked(id, amount=amount, ends_at=START + timedelta(hours=hours))
        await shelf.topups.add(topup)
        await shelf.topups.change(approved(topup), "pending")
    book = await shelf.read()
    moments = [START + timedelta(minutes=each) for each in (0, 59, 60, 119, 120)]
    assert [book.topped_up(POT, each) for each in moments] == [570, 570, 500, 500, 0]
    assert book.topped_up("account:acme:monthly", START) == 0
    assert await _granted(shelf, "n1-1", 5_000) == (1_570, 1_570)
    shelf.clock.advance(2 * 3600.0)
    assert await _granted(shelf, "n2-1", 1) == (0, 1_000)


async def test_a_limit_that_is_none_stays_none(shelf: Shelf) -> None:
    await shelf.topups.add(asked())
    await shelf.topups.change(approved(asked()), "pending")
    ask = LeaseAsk(lease="n1-1", budget=budget(None, id="x"), period=DAY, keep=0, settled=0, ends_at=START)
    (answer,) = await shelf.leases.adjust("w1", [ask])
    assert answer.limit is None


async def test_a_top_up_that_is_ended_early_counts_no_more(shelf: Shelf) -> None:
    await shelf.topups.add(asked())
    await shelf.topups.change(approved(asked()), "pending")
    ended = structs.replace(approved(asked()), state="ended", ended_by="ada", ends_at=START)
    await shelf.topups.change(ended, "approved")
    assert await shelf.topups.one("t1") == ended
    assert (await shelf.read()).topped_up(POT, START) == 0
    assert await _granted(shelf, "n1-1", 5_000) == (1_000, 1_000)


async def test_it_is_decided_once_whoever_comes_second_is_told(shelf: Shelf) -> None:
    await shelf.topups.add(asked())
    await shelf.topups.change(structs.replace(asked(), state="denied", note="no"), "pending")
    with pytest.raises(ValidationError, match="denied by now") as refused:
        await shelf.topups.change(approved(asked()), "pending")
    assert refused.value.field == "state"
    found = await shelf.topups.one("t1")
    assert found is not None
    assert (found.state, found.note) == ("denied", "no")
    with pytest.raises(NotFoundError):
        await shelf.topups.change(approved(asked("t9")), "pending")


@pytest.mark.parametrize("amount", [0, -1, 10**15 + 1])
async def test_an_amount_that_cannot_be_is_refused_by_name(shelf: Shelf, amount: int) -> None:
    with pytest.raises(ValidationError) as refused:
        await shelf.topups.add(asked(amount=amount))
    assert refused.value.field == "amount"
    assert await shelf.topups.recent(None, 10) == []


async def test_those_that_wait_come_first_then_those_that_run_then_the_rest_newest_first(shelf: Shelf) -> None:
    rows = {
        "over": asked("over", ends_at=START + timedelta(seconds=1), asked_at=START + timedelta(seconds=9)),
        "runs": asked("runs"),
        "old": asked("old", asked_at=START - timedelta(days=1)),
        "new": asked("new"),
        "other": asked("other", scope="key", target="k1", asked_at=START + timedelta(seconds=5)),
    }
    for row in rows.values():
        await shelf.topups.add(row)
    for id in ("over", "runs"):
        await shelf.topups.change(approved(rows[id]), "pending")
    shelf.clock.advance(10.0)
    assert [each.id for each in await shelf.topups.recent(None, 10)] == ["other", "new", "old", "runs", "over"]
    assert [each.id for each in await shelf.topups.recent([("account", "acme")], 2)] == ["new", "old"]
    assert [each.id for each in await shelf.topups.recent([("key", "k1"), ("key", "k2")], 10)] == ["other"]
    assert await shelf.topups.recent([], 10) == []
