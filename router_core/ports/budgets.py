"""What budgets need from outside: a guard on the path of a request, and the store that leases money to processes."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Protocol

from msgspec import Struct

from router_core.types import Budget, BudgetBalance, Charge, NanoUSD, Payer, ProviderConfig

__all__ = ["BudgetGuard", "BudgetSettings", "BudgetStore", "Hold", "LeaseAnswer", "LeaseAsk"]

NOTHING_NEWER: MappingProxyType[str, NanoUSD] = MappingProxyType({})


class Hold(Protocol):
    """Money held for one call; closed exactly once, later closes change nothing."""

    @property
    def holds(self) -> tuple[Charge, ...]:
        """What is charged, to whom, should nobody ever learn how the call ended."""
        ...

    def settle(self, actual: NanoUSD) -> tuple[Charge, ...]:
        """Post what was really spent, 0 for a call that cost nothing; return what is charged, to whom."""
        ...


class BudgetGuard(Protocol):
    """Holds an upper bound of a call's cost before it is made."""

    async def hold(self, payer: Payer, provider: ProviderConfig, bound: NanoUSD | None, patience: float) -> Hold:
        """Hold ``bound`` nano-dollars, None for a model without a price, waiting ``patience`` seconds at most.

        Raises :class:`PaymentRequiredError` when they are not there, and :class:`OverloadedError` when only other
        calls in flight have them, or the store cannot be asked.
        """
        ...


class LeaseAsk(Struct, frozen=True, kw_only=True):
    """What a process wants of a budget in one period. Amounts are nano-dollars.

    ``keep`` is what it keeps of the lease that it has: all that is settled and held, and what it does not give back.
    ``settled`` is what it has spent of it, ``beyond`` what calls cost that it did not cover. ``need`` is the least that
    helps, ``demand`` what those who wait want together, both 0 when it only gives back; ``ahead`` asks for a slice to
    go on with. With ``close`` it is done with the lease.
    """

    lease: str
    budget: Budget
    period: str
    keep: NanoUSD
    settled: NanoUSD
    ends_at: datetime
    need: NanoUSD = 0
    demand: NanoUSD = 0
    beyond: NanoUSD = 0
    ahead: bool = False
    close: bool = False


class LeaseAnswer(Struct, frozen=True, kw_only=True):
    """What came of a :class:`LeaseAsk`: the lease is ``amount`` nano-dollars now.

    ``known`` is what everybody is known to have spent, ``limit`` what the store says that it is. ``gone`` says that
    there is no such lease any more: somebody wrote it off.
    """

    lease: str
    amount: NanoUSD
    known: NanoUSD
    limit: NanoUSD | None
    gone: bool = False


class BudgetSettings(Protocol):
    """Keeps limits, as part of the configuration."""

    async def put_budget(self, budget: Budget) -> int:
        """Set a limit: a new one, or the one of that scope, target, period and mode; return the new revision.

        Raises :class:`ValidationError` for a target that does not exist and a value that is not allowed.
        """
        ...

    async def check_budget(self, budget: Budget) -> None:
        """Change nothing; raise what :meth:`put_budget` would raise."""
        ...

    async def drop_budget(self, budget_id: str) -> int:
        """Remove a limit; return the new revision. Raises :class:`NotFoundError` when there is none such."""
        ...


class BudgetStore(Protocol):
    """Leases budgets to processes: at every moment ``spent + leased <= limit + overage``, whoever asks."""

    async def adjust(self, writer: str, asks: Sequence[LeaseAsk]) -> Sequence[LeaseAnswer]:
        """Do everything asked for, in one transaction, and answer in the same order. Leases of others are recalled
        where ``need`` is not met. Raises :class:`OverloadedError` while the store is out of reach.
        """
        ...

    async def recalled(self, writer: str) -> frozenset[str]:
        """Return the leases of ``writer`` that others wait for."""
        ...

    async def reclaim(self, writer: str, *, but: str = "") -> NanoUSD:
        """End the leases of ``writer``, a dead process whose journal is in the store; return what was left in them.

        Its successor names what its own leases begin with in ``but``.
        """
        ...

    async def balances(
        self, keys: Collection[tuple[str, str]], settled: Mapping[str, NanoUSD] = NOTHING_NEWER
    ) -> Sequence[BudgetBalance]:
        """Return the balances of pairs of budget and period; what nobody touched is left out.

        ``settled`` is what the caller knows to be spent out of its own leases by now.
        """
        ...
