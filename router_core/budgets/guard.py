"""Holds money for calls in slices that this process leased: exact over any number of processes, at memory's speed."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from msgspec import Struct

from router_core.budgets.periods import PeriodSpan, period_at
from router_core.budgets.refusals import dollars, exceeded, unpriced
from router_core.budgets.slices import Purse, Slice, SliceHold
from router_core.clock import Clock
from router_core.errors import OverloadedError
from router_core.monitor import DependencyMonitor
from router_core.ports import BudgetStore
from router_core.types import Budget, BudgetBook, NanoUSD, Payer, ProviderConfig

__all__ = ["LeasePolicy", "LeasedBudget"]

_MOST_PURSES = 20_000
_RETRY_MS = 1_000
_BUSY = "What is left of the budget is held by requests in flight"
_UNREACHABLE = "Budgets cannot be checked right now"
_FAR = timedelta(days=1)

_log = logging.getLogger(__name__)


class LeasePolicy(Struct, frozen=True, kw_only=True):
    """Seconds. A lease lasts ``lifetime`` and is renewed when less than ``renew`` of it is left.

    Who finds the rest of a budget held by others waits ``patience`` at most, and looks again every ``look``. What is
    recalled is given back within ``tick``, in a process that was idle for ``rest`` within ``slow_tick``.
    """

    lifetime: float = 600.0
    renew: float = 300.0
    patience: float = 1.0
    look: float = 0.05
    tick: float = 0.25
    slow_tick: float = 1.0
    rest: float = 5.0


class LeasedBudget:
    """A :class:`BudgetGuard` over a :class:`BudgetStore`. It belongs to one event loop; :meth:`run` is its task.

    ``book`` hands out the budgets in force, ``trips`` counts what was asked of the store. ``writer`` is the name of
    this process's journal, which a successor may take over; the names of its leases begin with ``node``, which is this
    process's alone.
    """

    def __init__(
        self,
        store: BudgetStore,
        book: Callable[[], BudgetBook],
        clock: Clock,
        *,
        writer: str,
        node: str,
        policy: LeasePolicy | None = None,
    ) -> None:
        self._store = store
        self._book = book
        self._clock = clock
        self._writer = writer
        self._node = node
        self._opened = 0
        self._policy = policy or LeasePolicy()
        self._known_book = book()
        self._purses: dict[tuple[Payer, str], Purse] = {}
        self._slices: dict[tuple[str, str], Slice] = {}
        self._asking: dict[Slice, bool] = {}
        self._turn = asyncio.Lock()
        self._batches = 0
        self._failure: OverloadedError | None = None
        self._ahead: set[asyncio.Task[None]] = set()
        self._closing = False
        self.trips = 0
        self.monitor = DependencyMonitor(
            "leases", "The leasing of budgets", clock, works="What is leased already can be spent, to the nano-dollar.",
            lost="Requests that need more money than is leased are refused with 503.", patience=2,
        )  # fmt: skip

    # --- on the path of a request ----------------------------------------------------------------------------------

    async def hold(self, payer: Payer, provider: ProviderConfig, bound: NanoUSD | None, patience: float) -> SliceHold:
        """Hold ``bound`` nano-dollars in every budget that applies.

        Raises :class:`PaymentRequiredError` when what is spent leaves no room, or when ``bound`` is None and a budget
        binds; :class:`OverloadedError` when only holds and other processes stand in the way, or the store is down.
        """
        purse = self._purse(payer, provider)
        if not purse.slices:
            return SliceHold(purse, bound or 0)
        if bound is None:
            raise unpriced(provider.model, purse.slices)
        if not purse.take(bound, self._clock.now()):
            give_up = self._clock.now() + min(patience, self._policy.patience)
            while not await self._taken(purse, bound, give_up):
                purse = self._purse(payer, provider)
        for each in purse.slices:
            if each.amount - each.settled - each.held < each.low and not each.asked:
                self._fetch_ahead(each)
        return SliceHold(purse, bound)

    async def _taken(self, purse: Purse, bound: NanoUSD, give_up: float) -> bool:
        """Fetch money and hold ``bound`` of it; wait a little where others have it. Return whether it is held."""
        spent_out = purse.exhausted(bound)
        if spent_out is not None:
            raise exceeded(spent_out, bound, purse.slices)
        failure: OverloadedError | None = None
        try:
            await self._ask_for(purse, bound)
        except OverloadedError as error:
            failure = error
        now = self._clock.now()
        if purse.take(bound, now):
            return True
        # What calls in flight hold here comes back by itself, without the store.
        if failure is not None and (now >= give_up or not any(each.held for each in purse.slices)):
            raise failure
        if purse.exhausted(bound) is not None:
            return False
        if now >= give_up:
            raise OverloadedError(_BUSY, retry_after_ms=_RETRY_MS)
        await self._clock.sleep(self._policy.look)
        return purse.take(bound, self._clock.now())

    async def _ask_for(self, purse: Purse, bound: NanoUSD) -> None:
        """Have the next batch ask for ``bound``; those who wait together share one."""
        now = self._clock.now()
        for each in purse.slices:
            if each.free < bound or now >= each.ends or each.tight:
                each.want(bound)
            self._asking[each] = each.tight or self._asking.get(each, False)
        ticket = self._batches + 1
        async with self._turn:
            if self._batches < ticket:
                await self._batch()
            if self._failure is not None:
                raise OverloadedError(_UNREACHABLE, retry_after_ms=_RETRY_MS)

    def _fetch_ahead(self, low: Slice) -> None:
        low.asked = low.ahead = True
        self._asking.setdefault(low, False)
        task = asyncio.create_task(self._take_turn())
        self._ahead.add(task)
        task.add_done_callback(self._ahead.discard)

    async def _take_turn(self) -> None:
        async with self._turn:
            if self._asking:
                await self._batch()

    # --- in the background -----------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Renew leases and give back what others wait for, until cancelled."""
        while True:
            await self._clock.sleep(self._pause())
            try:
                await self.look_round()
            except Exception as error:  # noqa: BLE001 - a task that ends would renew no lease any more
                self.monitor.failed(error)
            else:
                self.monitor.worked()

    def settled(self) -> dict[str, NanoUSD]:
        """Return what this process spent out of each of its leases, to the moment."""
        return {each.lease: each.settled for each in list(self._slices.values())}

    async def reclaim(self, writer: str) -> None:
        """End what a dead process held under the name ``writer``; everything in its journal is on record."""
        left = await self._store.reclaim(writer, but=self._node)
        if left:
            _log.warning("%s held by %s are back in their budgets", dollars(left), writer)

    async def close(self) -> None:
        """Give back everything that is not held or spent."""
        self._closing = True
        for each in self._slices.values():
            self._asking[each] = True
        await self._take_turn()

    async def look_round(self) -> None:
        """Renew what runs out, give back what others wait for, tell of overruns. Raises :class:`OverloadedError`."""
        if not self._slices:
            return
        recalled = await self._store.recalled(self._writer)
        book, now, moment = self._book(), self._clock.now(), self._clock.utcnow()
        if book is not self._known_book:
            self._adopt(book)
        for each in list(self._slices.values()):
            topped_up = book.topped_up(each.budget.pot, moment)
            if each.topped_up != topped_up:
                each.limited_by(each.budget, topped_up)
            idle = self._is_done(each, now, moment) and not each.held
            unwanted = each.free > 0 and (each.tight or self._is_done(each, now, moment))
            if each.lease in recalled or idle or unwanted:
                self._asking[each] = True
            elif each.moved or each.untold or each.ends - now < self._policy.renew:
                self._asking.setdefault(each, False)
        await self._take_turn()

    def _pause(self) -> float:
        newest = max((each.used_at for each in self._slices.values()), default=0.0)
        return self._policy.tick if self._clock.now() - newest < self._policy.rest else self._policy.slow_tick

    def _is_done(self, old: Slice, now: float, moment: datetime) -> bool:
        return self._closing or moment >= old.span.end or now - old.used_at > self._policy.lifetime

    # --- inside ----------------------------------------------------------------------------------------------------

    async def _batch(self) -> None:
        """Ask the store for everything that is wanted, in one go; in :attr:`_failure` is whether it could not be."""
        self._batches += 1
        asking, self._asking = self._asking, {}
        now, moment = self._clock.now(), self._clock.utcnow()
        ends = now + self._policy.lifetime
        ends_at = moment + timedelta(seconds=self._policy.lifetime)
        asks = [
            each.ask(ends_at, give_back=back, close=back and not each.held and self._is_done(each, now, moment))
            for each, back in asking.items()
        ]
        try:
            self.trips += 1
            answers = await self._store.adjust(self._writer, asks)
        except OverloadedError as error:
            self._failure = error
            self.monitor.failed(error)
            for each in asking:
                each.low = 0
            return
        finally:
            for each in asking:
                each.asked = False
        self._failure = None
        for each, ask, answer in zip(asking, asks, answers, strict=True):
            each.answered(ask, answer, ends)
            if ask.close or answer.gone:
                self._drop(each)

    def _drop(self, gone: Slice) -> None:
        """Have no more to do with a lease; holds in it end on their own."""
        self._slices.pop((gone.budget.pot, gone.span.key), None)
        self._purses.clear()

    def _purse(self, payer: Payer, provider: ProviderConfig) -> Purse:
        book = self._book()
        if book is not self._known_book:
            self._adopt(book)
        key = (payer, provider.name)
        purse = self._purses.get(key)
        moment = self._clock.utcnow()
        if purse is None or moment >= purse.until:
            if len(self._purses) >= _MOST_PURSES:
                self._purses.clear()
            purse = self._purses[key] = self._filled(
                [*book.of_payer(payer), *book.of("provider", provider.name)], moment
            )
        return purse

    def _adopt(self, book: BudgetBook) -> None:
        moment = self._clock.utcnow()
        for each in self._slices.values():
            each.limited_by(_deciding(each.budget, book), book.topped_up(each.budget.pot, moment))
        self._known_book = book
        self._purses.clear()

    def _filled(self, budgets: Iterable[Budget], moment: datetime) -> Purse:
        slices: list[Slice] = []
        counted: list[tuple[str, str]] = []
        until = moment + _FAR
        for budget in _tightest(budgets).values():
            span = period_at(budget.period, budget.timezone, moment)
            until = min(until, span.end)
            if not budget.binds:
                counted.append((budget.pot, span.key))
                continue
            running = self._known_book.running(budget.pot, moment)
            until = min([until, *(each.ends_at for each in running)])
            slices.append(self._slice(budget, span, sum(each.amount for each in running)))
        return Purse(slices, counted, until)

    def _slice(self, budget: Budget, span: PeriodSpan, topped_up: NanoUSD) -> Slice:
        key = (budget.pot, span.key)
        found = self._slices.get(key)
        if found is None:
            self._opened += 1
            lease = f"{self._node}-{self._opened}"
            found = self._slices[key] = Slice(budget, span, lease, self._clock.now(), topped_up)
            return found
        found.limited_by(budget, topped_up)
        return found


def _tightest(budgets: Iterable[Budget]) -> dict[str, Budget]:
    """Return for each pot the budget that decides: the one that binds with the smallest limit, else any."""
    found: dict[str, Budget] = {}
    for each in budgets:
        before = found.get(each.pot)
        if before is None or (each.binds and (not before.binds or (each.limit or 0) < (before.limit or 0))):
            found[each.pot] = each
    return found


def _deciding(budget: Budget, book: BudgetBook) -> Budget | None:
    """Return what decides by now where ``budget`` did."""
    there = book.of_account(budget.target) if budget.scope == "account" else book.of(budget.scope, budget.target)
    return _tightest(there).get(budget.pot)
