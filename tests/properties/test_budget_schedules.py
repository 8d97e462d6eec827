"""Whatever processes hold, settle, give back, and however they die: nobody spends what is not there."""

import asyncio
import shutil
import tempfile
from collections import Counter
from collections.abc import Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from db.engine import make_engine
from db.hop import StoreHop
from router_core.budgets.guard import LeasedBudget
from router_core.budgets.slices import SliceHold
from router_core.errors import OverloadedError, PaymentRequiredError
from router_core.types import BudgetBook, Charge
from tests.support.budget_worlds import PAYER, ROW, BudgetWorld, budget, memory_world, sql_world

T = TypeVar("T")
PROCESSES = 3
LIMIT = 1_000
DAY_S = 86_400.0
AMOUNTS = st.integers(1, 400)


@dataclass
class Process:
    """One process: its guard, the holds that are open, and what its journal holds that is not on record."""

    guard: LeasedBudget
    writer: str
    open: list[tuple[SliceHold, int]] = field(default_factory=list)
    journal: list[Charge] = field(default_factory=list)


class Budgets(RuleBasedStateMachine):
    """A day and a month of one account over several processes, on one store."""

    world: BudgetWorld

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.world = self.make_world()
        self.limit = LIMIT
        self.ceilings: Counter[tuple[str, str]] = Counter()
        self.book = self._book()
        self.made = 0
        self.live = [self._process() for _ in range(PROCESSES)]
        self.dead: list[Process] = []
        self.charged: Counter[tuple[str, str]] = Counter()

    def make_world(self) -> BudgetWorld:
        return memory_world()

    def _book(self) -> BudgetBook:
        return BudgetBook([budget(self.limit), budget(4 * self.limit, id="m", period="monthly")])

    def _process(self) -> Process:
        self.made += 1
        writer = f"w{self.made}"
        guard = LeasedBudget(self.world.store, lambda: self.book, self.world.clock, writer=writer, node=f"n{self.made}")
        return Process(guard, writer)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    # --- what happens ----------------------------------------------------------------------------------------------

    @rule(place=st.integers(0, PROCESSES - 1), bound=AMOUNTS)
    def hold(self, place: int, bound: int) -> None:
        process = self.live[place]
        try:
            held = self.run(process.guard.hold(PAYER, ROW, bound, 1.0))
        except PaymentRequiredError:
            assert any(self._spent(key) + bound > limit for key, limit in self._today()), "a false 402"
        except OverloadedError:
            for each in self.live:
                self.run(each.guard.look_round())
            try:
                held = self.run(process.guard.hold(PAYER, ROW, bound, 1.0))
            except (PaymentRequiredError, OverloadedError):
                assert any(self._taken(key) + bound > limit for key, limit in self._today()), "a false refusal"
            else:
                process.open.append((held, bound))
        else:
            process.open.append((held, bound))

    @precondition(lambda self: any(each.open for each in self.live))
    @rule(data=st.data(), share=st.sampled_from((0.0, 0.3, 1.0, 1.0, 1.7)))
    def settle(self, data: st.DataObject, share: float) -> None:
        process = data.draw(st.sampled_from([each for each in self.live if each.open]))
        held, bound = process.open.pop(data.draw(st.integers(0, len(process.open) - 1)))
        process.journal.extend(held.settle(int(bound * share)))
        assert held.settle(bound) == (), "a hold is closed once"

    @rule()
    def record(self) -> None:
        for each in self.live:
            self._post(each)

    @rule(place=st.integers(0, PROCESSES - 1))
    def look_round(self, place: int) -> None:
        self.run(self.live[place].guard.look_round())

    @rule(place=st.integers(0, PROCESSES - 1))
    def crash(self, place: int) -> None:
        """All that a process knows is gone, but for its journal: who was held for is charged in full."""
        process = self.live[place]
        for held, _ in process.open:
            process.journal.extend(held.holds)
        process.open.clear()
        self.dead.append(process)
        self.live[place] = self._process()

    @precondition(lambda self: self.dead)
    @rule()
    def recover(self) -> None:
        process = self.dead.pop(0)
        self._post(process)
        self.run(self.world.store.reclaim(process.writer))

    @rule(seconds=st.sampled_from((0.3, 350.0, 700.0)))
    def wait(self, seconds: float) -> None:
        self.world.clock.advance(seconds)

    @rule()
    def next_day(self) -> None:
        self.world.clock.advance(DAY_S)

    @rule(limit=st.sampled_from((0, 300, 1_000, 5_000)))
    def change_limit(self, limit: int) -> None:
        self.limit = limit
        self.book = self._book()
        for each in self.live:
            self.run(each.guard.look_round())

    # --- what must hold --------------------------------------------------------------------------------------------

    @invariant()
    def nobody_spends_what_is_not_there(self) -> None:
        for found in self.run(self.world.store.balances([key for key, _ in self._today()])):
            key, now = (found.budget, found.period), found.spent + found.leased - found.overage
            limit = dict(self._today())[key]
            # After a cut what is spent and held stays, and nothing is added to it.
            self.ceilings[key] = max(limit, min(self.ceilings[key] or now, now))
            assert now <= self.ceilings[key], f"{found} over {limit}"

    def teardown(self) -> None:
        for process in self.live:
            for held, bound in process.open:
                process.journal.extend(held.settle(bound))
            self._post(process)
            self.run(process.guard.close())
        while self.dead:
            self.recover()
        for found in self.run(self.world.store.balances(list(self.charged))):
            key = (found.budget, found.period)
            assert (found.spent, found.leased, found.settled) == (self.charged[key], 0, 0)
        self.loop.close()

    # --- inside ----------------------------------------------------------------------------------------------------

    def _post(self, process: Process) -> None:
        charges, process.journal = process.journal, []
        self.charged.update(_sums(charges))
        self.run(self.world.post(charges))

    def _today(self) -> list[tuple[tuple[str, str], int]]:
        today = self.world.clock.utcnow().date().isoformat()
        return [(("account:acme:daily", today), self.limit), (("account:acme:monthly", today[:7]), 4 * self.limit)]

    def _spent(self, key: tuple[str, str]) -> int:
        return self.charged[key] + sum(_sums(each.journal)[key] for each in [*self.live, *self.dead])

    def _taken(self, key: tuple[str, str]) -> int:
        """What is spent, held, or in the hands of processes that are dead and not recovered."""
        held = sum(bound for each in self.live for _, bound in each.open)
        return self._spent(key) + held + (LIMIT * len(self.dead) * 100)


def _sums(charges: list[Charge]) -> Counter[tuple[str, str]]:
    sums: Counter[tuple[str, str]] = Counter()
    for each in charges:
        sums[each.budget, each.period] += each.amount
    return sums


class StoredBudgets(Budgets):
    """The same on a real store."""

    template: ClassVar[Path]

    def make_world(self) -> BudgetWorld:
        self.folder = Path(tempfile.mkdtemp())
        shutil.copy(self.template, self.folder / "signalbox.db")
        self.hop = StoreHop(make_engine(f"sqlite:///{self.folder / 'signalbox.db'}"))
        return sql_world(self.hop)

    def teardown(self) -> None:
        super().teardown()
        self.hop.close()
        shutil.rmtree(self.folder)


def test_budgets_hold_through_every_schedule() -> None:
    run_state_machine_as_test(Budgets, settings=settings(max_examples=150, stateful_step_count=60, deadline=None))


def test_budgets_hold_on_a_real_store(migrated_sqlite: Path) -> None:
    StoredBudgets.template = migrated_sqlite
    run_state_machine_as_test(StoredBudgets, settings=settings(max_examples=8, stateful_step_count=40, deadline=None))
