"""Budget stores of every kind behind one face, and budgets to hold money in."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

from msgspec import structs
from sqlalchemy.orm import Session

from db.hop import StoreHop
from db.records.budgets import post_charges
from db.stores.budgets import SqlBudgetStore
from db.stores.topups import SqlTopUpStore
from router_core.budgets.guard import LeasedBudget
from router_core.budgets.memory_store import MemoryBudgetStore
from router_core.budgets.memory_topups import MemoryTopUps
from router_core.ports import BudgetStore, TopUpStore
from router_core.types import Budget, BudgetBook, Charge, Payer, TopUp
from tests.support.core_fakes import provider
from tests.support.fake_clock import FakeClock
from tests.support.record_events import event

__all__ = ["PAYER", "ROW", "BudgetWorld", "Poster", "budget", "guard_over", "memory_world", "sql_world", "topped_up"]

PAYER = Payer("acme", None, "general")
ROW = provider("row")


class Poster(Protocol):
    """Puts charges on record, as the recorder does."""

    async def __call__(self, charges: Iterable[Charge]) -> None: ...


@dataclass(frozen=True)
class BudgetWorld:
    """A store of leases, the record that charges go to, and the top-ups that the store counts."""

    store: BudgetStore
    post: Poster
    clock: FakeClock
    topups: TopUpStore


def memory_world() -> BudgetWorld:
    clock = FakeClock()
    topups = MemoryTopUps(clock)
    store = MemoryBudgetStore(topups.topped_up)

    async def post(charges: Iterable[Charge]) -> None:
        store.post(charges)

    return BudgetWorld(store, post, clock, topups)


def sql_world(hop: StoreHop) -> BudgetWorld:
    clock = FakeClock()

    async def post(charges: Iterable[Charge]) -> None:
        finished, now = event(1, charges=tuple(charges)), clock.utcnow()

        def work(session: Session) -> None:
            post_charges(session, [finished], now)

        await hop.write(work)

    return BudgetWorld(SqlBudgetStore(hop, clock), post, clock, SqlTopUpStore(hop, clock))


def budget(limit: int | None, **changes: Any) -> Budget:
    """Return the daily hard budget ``b`` of acme, unless changed."""
    plain = Budget(id="b", scope="account", target="acme", period="daily", limit=limit)
    return Budget(**{field: changes.get(field, getattr(plain, field)) for field in plain.__struct_fields__})


def guard_over(world: BudgetWorld, book: BudgetBook, node: str = "n1", writer: str = "w1") -> LeasedBudget:
    """Return the guard of one process."""
    return LeasedBudget(world.store, lambda: book, world.clock, writer=writer, node=node)


async def topped_up(world: BudgetWorld, amount: int, seconds: float) -> TopUp:
    """Have a top-up of acme's day approved, so that the store knows it for ``seconds``."""
    now = world.clock.utcnow()
    asked = TopUp(
        id="t1", scope="account", target="acme", period="daily", amount=amount, reason="launch",
        ends_at=now + timedelta(seconds=seconds), asked_at=now, asked_by="ann", asked_by_id="u1",
    )  # fmt: skip
    made = structs.replace(asked, state="approved", decided_at=now)
    await world.topups.add(asked)
    await world.topups.change(made, "pending")
    return made
