"""The part of a budget that this process holds in one period: reserved from and settled in memory."""

from collections.abc import Sequence
from datetime import datetime

from router_core.budgets.periods import PeriodSpan
from router_core.ports import LeaseAnswer, LeaseAsk
from router_core.types import Budget, Charge, NanoUSD

__all__ = ["Purse", "Slice", "SliceHold"]

# Below this part of what was granted the next slice is fetched, while requests go on.
LOW_SHARE = 2
# A slice of fewer requests than this is one near the limit: it is not fetched ahead.
LEAST_AHEAD = 8


class Slice:
    """A lease and what became of it. Nano-dollars; ``ends`` is the clock reading after which nothing is held in it.

    ``least`` and ``demand`` are the smallest hold that waits for money, and all that wait together; ``unit`` is the
    last one that waited. Below ``low`` the next slice is fetched ahead, unless it was ``asked`` for already.
    ``limit`` is the one that holds now, as the store last said or as somebody has moved it since; ``topped_up`` is what
    top-ups add to the budget's own. Since it moved, a slice is ``tight``: what is free goes back before anything more
    is held, until the store grants again. ``beyond`` is what calls cost that it did not cover.
    """

    __slots__ = (
        "_asked_at", "_moves", "_reported", "_seen", "_told", "ahead", "amount", "asked", "beyond", "budget", "demand",
        "ends", "held", "known", "lease", "least", "limit", "low", "settled", "span", "tight", "topped_up", "unit",
        "used_at",
    )  # fmt: skip

    def __init__(self, budget: Budget, span: PeriodSpan, lease: str, now: float, topped_up: NanoUSD = 0) -> None:
        self.budget = budget
        self.span = span
        self.lease = lease
        self.topped_up = topped_up
        self.limit = (budget.limit or 0) + topped_up
        self.tight = False
        self._moves = self._asked_at = self._seen = 0
        self.amount = self.settled = self.held = 0
        self.known = self._reported = 0
        self.beyond = self._told = 0
        self.least = self.demand = self.low = 0
        self.unit = 1
        self.ahead = self.asked = False
        self.ends = self.used_at = now

    @property
    def free(self) -> NanoUSD:
        """What may still be held."""
        return self.amount - self.settled - self.held

    def limited_by(self, budget: Budget | None, topped_up: NanoUSD) -> None:
        """Take what decides from now on: ``budget``, None for none, and what is added to its limit."""
        before = (self.budget.id, self.budget.mode, self.topped_up, self.limit)
        self.budget, self.topped_up = budget or self.budget, topped_up
        self.limit = (self.budget.limit or 0) + topped_up
        # The store may have granted by a limit of which this process never heard, and which is over by now.
        if budget is None or before != (budget.id, budget.mode, topped_up, self.limit):
            self.tight = True
            self._moves += 1

    @property
    def moved(self) -> bool:
        """Whether the limit has moved since the store was last asked and answered: what is known is old."""
        return self._seen != self._moves

    def want(self, bound: NanoUSD) -> None:
        """A hold of ``bound`` waits."""
        self.least = bound if not self.least else min(self.least, bound)
        self.demand += bound
        self.unit = max(1, bound)
        self.ahead = True

    def spent(self) -> NanoUSD:
        """Return all that is known to be spent, by whomever."""
        return self.known + self.settled - self._reported + self.untold

    @property
    def untold(self) -> NanoUSD:
        """What calls cost beyond the slice and the store was not told yet."""
        return self.beyond - self._told

    def settle(self, bound: NanoUSD, actual: NanoUSD) -> NanoUSD:
        """Turn a hold into what was really spent; return the part that is not covered."""
        self.held -= bound
        covered = min(actual, max(0, self.free))
        self.settled += covered
        self.beyond += actual - covered
        return actual - covered

    def ask(self, ends_at: datetime, *, give_back: bool = False, close: bool = False) -> LeaseAsk:
        """Return what to ask of the store. What is given back is gone at once, whatever comes of it; who waits for
        money from now on is in the next ask.
        """
        free = max(0, self.free)
        if give_back:
            self.amount -= free
            free = 0
        need = max(0, self.least - free)
        ask = LeaseAsk(
            lease=self.lease,
            budget=self.budget,
            period=self.span.key,
            keep=self.amount,
            settled=self.settled,
            ends_at=ends_at,
            need=need,
            demand=max(need, self.demand - free),
            beyond=self.beyond,
            ahead=self.ahead,
            close=close,
        )
        self.least = self.demand = 0
        self.ahead = False
        self._asked_at = self._moves
        return ask

    def answered(self, ask: LeaseAsk, answer: LeaseAnswer, ends: float) -> None:
        """Take what the store granted for ``ask``. An answer from before the last move says nothing about the limit,
        and what it brings is not held until the store grants again.
        """
        granted = answer.amount - ask.keep
        self.amount = answer.amount
        self.known, self._reported, self._told = answer.known, ask.settled, ask.beyond
        self.ends = ends
        self._seen = self._asked_at
        if not self.moved:
            self.limit = answer.limit if answer.limit is not None else self.limit
            self.tight = self.tight and granted <= 0
        if ask.ahead:
            self.low = granted // LOW_SHARE if granted >= LEAST_AHEAD * self.unit else 0


class Purse:
    """Every slice that one kind of request is held in, and the budgets that only count it; valid before ``until``."""

    __slots__ = ("counted", "slices", "until")

    def __init__(self, slices: Sequence[Slice], counted: Sequence[tuple[str, str]], until: datetime) -> None:
        self.slices = tuple(slices)
        self.counted = tuple(counted)
        self.until = until

    def take(self, bound: NanoUSD, now: float) -> bool:
        """Hold ``bound`` in every slice, or in none; return whether it is held."""
        for each in self.slices:
            if each.amount - each.settled - each.held < bound or now >= each.ends or each.tight:
                return False
        for each in self.slices:
            each.held += bound
            each.used_at = now
        return True

    def exhausted(self, bound: NanoUSD) -> Slice | None:
        """Return a slice whose budget is spent too far for ``bound``, whoever gives back what."""
        return next((each for each in self.slices if each.spent() + bound > each.limit), None)


class SliceHold:
    """Money held for one call in every slice of a purse; a :class:`Hold`."""

    __slots__ = ("_bound", "_closed", "_purse")

    def __init__(self, purse: Purse, bound: NanoUSD) -> None:
        self._purse = purse
        self._bound = bound
        self._closed = False

    @property
    def holds(self) -> tuple[Charge, ...]:
        """What is charged, to whom, should nobody ever learn how the call ended."""
        bound = self._bound
        held = [Charge(each.lease, each.budget.pot, each.span.key, bound) for each in self._purse.slices]
        held.extend([Charge("", budget, period, bound) for budget, period in self._purse.counted])
        return tuple(held)

    def settle(self, actual: NanoUSD) -> tuple[Charge, ...]:
        """Post what was really spent; return what is charged, to whom."""
        if self._closed:
            return ()
        self._closed = True
        bound = self._bound
        if not actual:
            for each in self._purse.slices:
                each.settle(bound, 0)
            return ()
        charges = [
            Charge(each.lease, each.budget.pot, each.span.key, actual, each.settle(bound, actual))
            for each in self._purse.slices
        ]
        charges.extend([Charge("", budget, period, actual) for budget, period in self._purse.counted])
        return tuple(charges)
