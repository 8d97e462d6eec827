"""The in-memory twin of the budget store."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from router_core.budgets.escrow import Lease, Pot, adjusted, charged, ended
from router_core.ports import LeaseAnswer, LeaseAsk
from router_core.ports.budgets import NOTHING_NEWER
from router_core.types import BudgetBalance, Charge, NanoUSD

__all__ = ["MemoryBudgetStore"]

_Key = tuple[str, str]


class MemoryBudgetStore:
    """Leases budgets to the guards of one process; a :class:`BudgetStore`. Limits are those that the asks name."""

    def __init__(self) -> None:
        self._pots: dict[_Key, Pot] = {}
        self._leases: dict[str, tuple[str, _Key, Lease]] = {}
        self._recalled: set[str] = set()

    async def adjust(self, writer: str, asks: Sequence[LeaseAsk]) -> Sequence[LeaseAnswer]:
        """Do everything asked for and answer in the same order."""
        return [self._adjust(writer, ask) for ask in asks]

    async def recalled(self, writer: str) -> frozenset[str]:
        """Return the leases of ``writer`` that others wait for."""
        return frozenset(each for each in self._recalled if each in self._leases and self._leases[each][0] == writer)

    async def reclaim(self, writer: str, *, but: str = "") -> NanoUSD:
        """End the leases of ``writer``, not those that begin with ``but``; return what was left in them."""
        total = 0
        for id, (owner, key, lease) in list(self._leases.items()):
            if owner == writer and not (but and id.startswith(but)):
                self._pots[key], left = ended(self._pots[key], lease)
                del self._leases[id]
                total += left
        return total

    async def balances(
        self, keys: Collection[_Key], settled: Mapping[str, NanoUSD] = NOTHING_NEWER
    ) -> Sequence[BudgetBalance]:
        """Return the balances of pairs of budget and period; what nobody touched is left out."""
        return [self._balance(key, settled) for key in keys if key in self._pots]

    def post(self, charges: Iterable[Charge]) -> None:
        """Put ``charges`` on record."""
        for charge in charges:
            key = (charge.budget, charge.period)
            owner, _, lease = self._leases.get(charge.lease, ("", key, None))
            self._pots[key], after = charged(self._pots.get(key, Pot()), lease, charge)
            if after is not None:
                self._keep(charge.lease, owner, key, after)

    def _adjust(self, writer: str, ask: LeaseAsk) -> LeaseAnswer:
        key = (ask.budget.pot, ask.period)
        limit = ask.budget.limit
        found = self._leases.get(ask.lease)
        if found is None and ask.keep:
            return LeaseAnswer(lease=ask.lease, amount=0, known=self._balance(key).known, limit=limit, gone=True)
        lease = Lease() if found is None else found[2]
        pot, lease, granted = adjusted(self._pots.get(key, Pot()), lease, limit, ask)
        self._pots[key] = pot
        self._keep(ask.lease, writer, key, lease)
        self._recalled.discard(ask.lease)
        if granted < ask.need:
            self._recalled.update(id for id, (_, each, _) in self._leases.items() if each == key and id != ask.lease)
        return LeaseAnswer(lease=ask.lease, amount=lease.amount, known=self._balance(key).known, limit=limit)

    def _keep(self, id: str, owner: str, key: _Key, lease: Lease) -> None:
        if lease.is_over:
            self._leases.pop(id, None)
            self._recalled.discard(id)
        else:
            self._leases[id] = (owner, key, lease)

    def _balance(self, key: _Key, newer: Mapping[str, NanoUSD] = NOTHING_NEWER) -> BudgetBalance:
        pot = self._pots.get(key, Pot())
        leases = [(id, lease) for id, (_, each, lease) in self._leases.items() if each == key]
        settled = sum(lease.unposted(newer.get(id, 0)) for id, lease in leases)
        return BudgetBalance(
            budget=key[0], period=key[1], spent=pot.spent, leased=pot.leased, settled=settled, overage=pot.overage
        )
