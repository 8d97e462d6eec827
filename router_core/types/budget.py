"""Limits on money: who is limited, in which calendar period, and what a request has charged to whom."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Literal

from msgspec import Struct

from router_core.types.money import NanoUSD

__all__ = [
    "DEFAULT_THRESHOLDS",
    "Budget",
    "BudgetBalance",
    "BudgetBook",
    "BudgetMode",
    "BudgetPeriod",
    "BudgetScope",
    "Charge",
    "DefaultBudgets",
    "Payer",
    "SpentOut",
    "TopUp",
    "TopUpState",
]

BudgetScope = Literal["installation", "account", "key", "use_case", "provider"]
BudgetPeriod = Literal["daily", "monthly"]
BudgetMode = Literal["hard", "soft", "downgrade"]
TopUpState = Literal["pending", "approved", "denied", "withdrawn", "ended"]

DEFAULT_THRESHOLDS = (50, 80, 90, 100)
NO_ZONES: MappingProxyType[str, str] = MappingProxyType({})


class Budget(Struct, frozen=True, kw_only=True):
    """What ``target`` may spend in every period of its calendar: an id of an account or key, or a name.

    ``limit`` is in nano-dollars, None for no limit. A ``hard`` budget refuses what does not fit, a ``downgrade`` one
    lets a cheaper candidate serve, a ``soft`` one only counts and raises alerts. ``thresholds`` are percentages.
    """

    id: str
    scope: BudgetScope
    target: str
    period: BudgetPeriod
    limit: NanoUSD | None
    mode: BudgetMode = "hard"
    timezone: str = "UTC"
    thresholds: tuple[int, ...] = DEFAULT_THRESHOLDS
    version: int = 1

    @property
    def pot(self) -> str:
        """What is spent by whom in which kind of period: the same for every limit on it, own or default."""
        return f"{self.scope}:{self.target}:{self.period}"

    @property
    def binds(self) -> bool:
        """Whether it can refuse anything."""
        return self.limit is not None and self.mode != "soft"


class DefaultBudgets(Struct, frozen=True, kw_only=True):
    """What holds for an account in a period for which it has no budget of its own; None is no limit.

    ``timezone`` is the calendar of what belongs to no account.
    """

    daily: NanoUSD | None = None
    monthly: NanoUSD | None = None
    thresholds: tuple[int, ...] = DEFAULT_THRESHOLDS
    timezone: str = "UTC"

    def of(self, account_id: str, period: BudgetPeriod, timezone: str) -> Budget:
        """Return the default budget of an account."""
        return Budget(
            id=f"default:{account_id}:{period}",
            scope="account",
            target=account_id,
            period=period,
            limit=self.daily if period == "daily" else self.monthly,
            timezone=timezone,
            thresholds=self.thresholds,
        )


class TopUp(Struct, frozen=True, kw_only=True, rename="camel"):
    """Money that somebody asked for on top of every limit of a pot, until ``ends_at``; ``amount`` in nano-dollars.

    An approved one runs until it ends; when it is ended early, ``ends_at`` is that moment. ``decided_by`` approved,
    denied or withdrew it, ``ended_by`` ended it before its time.
    """

    id: str
    scope: BudgetScope
    target: str
    period: BudgetPeriod
    amount: NanoUSD
    reason: str
    ends_at: datetime
    asked_at: datetime
    asked_by: str
    asked_by_id: str
    state: TopUpState = "pending"
    decided_at: datetime | None = None
    decided_by: str = ""
    note: str = ""
    ended_by: str = ""

    @property
    def pot(self) -> str:
        """Whose money it is, as :attr:`Budget.pot` names it."""
        return f"{self.scope}:{self.target}:{self.period}"

    def runs_at(self, moment: datetime) -> bool:
        """Say whether it adds to limits at ``moment``, once it is approved."""
        return self.state == "approved" and moment < self.ends_at


class Payer(Struct, frozen=True):
    """Whose budgets a request counts against; ``key_id`` is None when no API key was used."""

    account_id: str | None
    key_id: str | None
    use_case: str


class Charge(Struct, frozen=True):
    """Nano-dollars that a request counts against one budget's pot, in one period.

    ``lease`` is what the money was held in, empty for a budget that binds nobody. ``overage`` is the part of
    ``amount`` that went beyond what was held.
    """

    lease: str
    budget: str
    period: str
    amount: NanoUSD
    overage: NanoUSD = 0


class SpentOut(Struct, frozen=True, kw_only=True):
    """A budget's pot that refused a call in one period, and how its budget decides.

    Nano-dollars: of ``limit``, top-ups included, ``spent`` was gone, and the call might have cost ``asked``.
    """

    budget: str
    period: str
    mode: BudgetMode
    limit: NanoUSD
    spent: NanoUSD
    asked: NanoUSD


class BudgetBalance(Struct, frozen=True, kw_only=True):
    """A pot in one period. Nano-dollars: ``spent`` is on record, ``settled`` is spent and soon on record,
    ``leased`` is in the hands of processes (what is settled included), ``overage`` what went beyond what was held.
    """

    budget: str
    period: str
    spent: NanoUSD = 0
    leased: NanoUSD = 0
    settled: NanoUSD = 0
    overage: NanoUSD = 0
    since: datetime | None = None

    @property
    def known(self) -> NanoUSD:
        """Everything that is known to be spent."""
        return self.spent + self.settled


class BudgetBook:
    """All budgets at one revision, found by whom they limit; ``zones`` are calendars of accounts.

    The limit that holds at a moment is the budget's own and the ``topups`` of its pot that run then.
    """

    __slots__ = ("_by_target", "_defaults", "_topups", "_zones", "budgets")

    def __init__(
        self,
        budgets: Iterable[Budget] = (),
        *,
        defaults: DefaultBudgets | None = None,
        zones: Mapping[str, str] = NO_ZONES,
        topups: Iterable[TopUp] = (),
    ) -> None:
        self.budgets = tuple(budgets)
        self._defaults = defaults or DefaultBudgets()
        self._zones = zones
        self._by_target: dict[tuple[BudgetScope, str], list[Budget]] = {}
        for budget in self.budgets:
            self._by_target.setdefault((budget.scope, budget.target), []).append(budget)
        self._topups: dict[str, list[TopUp]] = {}
        for topup in topups:
            self._topups.setdefault(topup.pot, []).append(topup)

    def of_payer(self, payer: Payer) -> list[Budget]:
        """Return what limits ``payer``, whoever the provider is."""
        found = [*self.of("installation", ""), *self.of("use_case", payer.use_case)]
        if payer.account_id is not None:
            found.extend(self.of_account(payer.account_id))
        if payer.key_id is not None:
            found.extend(self.of("key", payer.key_id))
        return found

    def of_account(self, account_id: str) -> list[Budget]:
        """Return an account's own budgets, and the default ones for periods without."""
        own = self.of("account", account_id)
        periods = {budget.period for budget in own}
        zone = self.zone_of(account_id)
        missing: list[BudgetPeriod] = [each for each in ("daily", "monthly") if each not in periods]
        return [*own, *(self._defaults.of(account_id, each, zone) for each in missing)]

    def of(self, scope: BudgetScope, target: str) -> list[Budget]:
        """Return what was set for one target."""
        return self._by_target.get((scope, target), [])

    def running(self, pot: str, moment: datetime) -> list[TopUp]:
        """Return the top-ups that add to every limit of ``pot`` at ``moment``."""
        return [each for each in self._topups.get(pot, ()) if each.runs_at(moment)]

    def topped_up(self, pot: str, moment: datetime) -> NanoUSD:
        """Return what they add together, in nano-dollars."""
        return sum(each.amount for each in self.running(pot, moment))

    def zone_of(self, account_id: str) -> str:
        """Return the calendar of an account."""
        return self._zones.get(account_id, self._defaults.timezone)
