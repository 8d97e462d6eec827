"""Whatever processes hold, settle, give back, and however they die: nobody spends what is not there."""

import asyncio
import shutil
import tempfile
from collections import Counter
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from msgspec import structs

from db.engine import make_engine
from db.hop import StoreHop
from router_core.budgets.guard import LeasedBudget, LeasePolicy
from router_core.budgets.slices import SliceHold
from router_core.errors import OverloadedError, PaymentRequiredError
from router_core.types import BudgetBalance, BudgetBook, BudgetPeriod, Charge, TopUp
from tests.support.budget_worlds import PAYER, ROW, BudgetWorld, budget, memory_world, sql_world

T = TypeVar("T")
PROCESSES = 3
LIMIT = 1_000
DAY_S = 86_400.0
# Who waits looks three times, not twenty: that is enough for everything that can happen.
POLICY = LeasePolicy(look=0.4)
AMOUNTS = st.integers(1, 40) | st.integers(1, 400)


@dataclass
class Process:
    """One process: its guard, the holds that are open, and what its journal holds that is not on record.

    ``topups`` are those of the configuration that it has; it may be behind.
    """

    guard: LeasedBudget
    writer: str
    shelf: list[BudgetBook]
    topups: tuple[TopUp, ...]
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
        self.topups: tuple[TopUp, ...] = ()
        self.asked = 0
        self.book = self._book()
        self.made = 0
        self.live = [self._process() for _ in range(PROCESSES)]
        self.dead: list[Process] = []
        self.overage: Counter[tuple[str, str]] = Counter()
        self.charged: Counter[tuple[str, str]] = Counter()

    def make_world(self) -> BudgetWorld:
        return memory_world()

    def _book(self) -> BudgetBook:
        limits = [budget(self.limit), budget(4 * self.limit, id="m", period="monthly")]
        return BudgetBook(limits, topups=self.topups)

    def _process(self) -> Process:
        self.made += 1
        writer, shelf = f"w{self.made}", [self.book]
        guard = LeasedBudget(
            self.world.store, lambda: shelf[0], self.world.clock, writer=writer, node=f"n{self.made}", policy=POLICY
        )
        return Process(guard, writer, shelf, self.topups)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    # --- what happens ----------------------------------------------------------------------------------------------

    @rule(place=st.integers(0, PROCESSES - 1), bound=AMOUNTS)
    def hold(self, place: int, bound: int) -> None:
        process, before = self.live[place], dict(self._today())
        try:
            held = self.run(process.guard.hold(PAYER, ROW, bound, 1.0))
        except PaymentRequiredError:
            assert any(self._spent(key) + bound > limit for key, limit in self._known(process)), "a false 402"
        except OverloadedError:
            for each in self.live:
                self.run(each.guard.look_round())
            try:
                held = self.run(process.guard.hold(PAYER, ROW, bound, 1.0))
            except (PaymentRequiredError, OverloadedError):
                assert any(self._taken(key) + bound > limit for key, limit in self._known(process)), "a false refusal"
            else:
                process.open.append((held, bound))
        else:
            if process.topups == self.topups:
                self._fits(bound, before)
            process.open.append((held, bound))

    @rule(bound=st.sampled_from((100, 350)))
    def fill(self, bound: int) -> None:
        """Everybody takes what there is, so that ends and cuts find a full pot."""
        for place in [*range(PROCESSES)] * 3:
            self.hold(place, bound)

    @precondition(lambda self: any(each.open for each in self.live))
    @rule(data=st.data(), share=st.sampled_from((0.0, 0.3, 1.0, 1.0, 1.7)))
    def settle(self, data: st.DataObject, share: float) -> None:
        process = data.draw(st.sampled_from([each for each in self.live if each.open]))
        self._settle(process, data.draw(st.integers(0, len(process.open) - 1)), share)

    def _settle(self, process: Process, place: int, share: float) -> None:
        held, bound = process.open.pop(place)
        charges = held.settle(int(bound * share))
        for each in charges:
            self.overage[each.budget, each.period] += each.overage
        process.journal.extend(charges)
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
            self._follow(each)
            self.run(each.guard.look_round())

    @rule(
        amount=st.sampled_from((50, 700)),
        seconds=st.sampled_from((0.5, 1.5, 30.0, 500.0, 1.5 * DAY_S)),
        period=st.sampled_from(("daily", "monthly")),
    )
    def top_up(self, amount: int, seconds: float, period: BudgetPeriod) -> None:
        """Somebody's request is approved; processes learn of it when they follow."""
        self.asked += 1
        now = self.world.clock.utcnow()
        asked = TopUp(
            id=f"t{self.asked}", scope="account", target="acme", period=period, amount=amount, reason="launch",
            ends_at=now + timedelta(seconds=seconds), asked_at=now, asked_by="ann", asked_by_id="u1",
        )  # fmt: skip
        made = structs.replace(asked, state="approved", decided_at=now)
        self.run(self.world.topups.add(asked))
        self.run(self.world.topups.change(made, "pending"))
        self.topups = (*self.topups, made)
        self.book = self._book()

    @rule(share=st.sampled_from((0.0, 0.3, 0.9)), period=st.sampled_from(("daily", "monthly")))
    def burst(self, share: float, period: BudgetPeriod) -> None:
        """A top-up is known to all and used to the last; most calls cost less than was held; then its time is up."""
        self.top_up(700, 30.0, period)
        self.nobody_spends_what_is_not_there()
        for each in self.live:
            self._follow(each)
        self.fill(350)
        self.nobody_spends_what_is_not_there()
        for process in self.live:
            while process.open:
                self._settle(process, 0, share)
        self.world.clock.advance(30.0)

    @precondition(lambda self: self._running())
    @rule(data=st.data())
    def end_early(self, data: st.DataObject) -> None:
        found = data.draw(st.sampled_from(self._running()))
        ended = structs.replace(found, state="ended", ends_at=self.world.clock.utcnow())
        self.run(self.world.topups.change(ended, "approved"))
        self.topups = tuple(each for each in self.topups if each.id != found.id)
        self.book = self._book()

    @rule(place=st.integers(0, PROCESSES - 1))
    def follow(self, place: int) -> None:
        self._follow(self.live[place])

    @rule()
    def two_seconds_pass(self) -> None:
        """By then every process has followed and looked round: what is beyond the limit is spent, or held by calls."""
        while self.dead:
            self.recover()
        self.world.clock.advance(2.0)
        for each in self.live:
            self._follow(each)
            self.run(each.guard.look_round())
        for key, limit, found in self._balances():
            assert found.spent + found.leased - found.overage <= max(limit, self._taken(key)), f"{found} over {limit}"

    # --- what must hold --------------------------------------------------------------------------------------------

    @invariant()
    def nobody_spends_what_is_not_there(self) -> None:
        for key, limit, found in self._balances():
            now = found.spent + found.leased - found.overage
            # After a cut or the end of a top-up what is spent and held stays, and nothing is added to it.
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

    def _fits(self, bound: int, before: Mapping[tuple[str, str], int]) -> None:
        """Who knows of every top-up holds nothing beyond the limit, whatever has ended; overage was declared."""
        for key, limit in self._today():
            spent = self._spent(key) - self.overage[key]
            assert spent + bound <= max(limit, before.get(key, 0)), f"{bound} held beyond {limit} of {key}"

    def _follow(self, process: Process) -> None:
        process.shelf[0], process.topups = self.book, self.topups

    def _running(self) -> list[TopUp]:
        return [each for each in self.topups if each.runs_at(self.world.clock.utcnow())]

    def _today(self, topups: Sequence[TopUp] | None = None) -> list[tuple[tuple[str, str], int]]:
        """Return each pot of today and its limit now, as the store knows it, or as who knows of ``topups``."""
        moment = self.world.clock.utcnow()
        today = moment.date().isoformat()
        pots = [("account:acme:daily", today, self.limit), ("account:acme:monthly", today[:7], 4 * self.limit)]
        running = [each for each in (self.topups if topups is None else topups) if each.runs_at(moment)]
        return [
            ((pot, period), limit + sum(each.amount for each in running if each.pot == pot))
            for pot, period, limit in pots
        ]

    def _known(self, process: Process) -> list[tuple[tuple[str, str], int]]:
        """Return the limits that ``process`` may go by: its own, or the store's where that is less."""
        stored = dict(self._today())
        return [(key, min(limit, stored[key])) for key, limit in self._today(process.topups)]

    def _balances(self) -> list[tuple[tuple[str, str], int, BudgetBalance]]:
        limits = dict(self._today())
        found = self.run(self.world.store.balances(list(limits)))
        return [((each.budget, each.period), limits[each.budget, each.period], each) for each in found]

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
    run_state_machine_as_test(Budgets, settings=settings(max_examples=100, stateful_step_count=50, deadline=None))


def test_budgets_hold_on_a_real_store(migrated_sqlite: Path) -> None:
    StoredBudgets.template = migrated_sqlite
    run_state_machine_as_test(StoredBudgets, settings=settings(max_examples=8, stateful_step_count=40, deadline=None))
