"""The in-memory twin of the budget store."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime

from msgspec import Struct, structs

from router_core.budgets.escrow import Lease, Pot, adjusted, charged, ended
from router_core.errors import NotFoundError
from router_core.ports import LeaseAnswer, LeaseAsk, LeaseRecord
from router_core.ports.budgets import NOTHING_NEWER
from router_core.ports.keeping import refuse
from router_core.types import BudgetBalance, Charge, NanoUSD

__all__ = ["MemoryBudgetStore"]

_Key = tuple[str, str]


class _Kept(Struct, frozen=True):
    """A lease, whose it is and until when."""

    writer: str
    key: _Key
    lease: Lease
    ends_at: datetime


def _nothing(pot: str) -> NanoUSD:  # noqa: ARG001 - asked for every pot
    return 0


class MemoryBudgetStore:
    """Leases budgets to the guards of one process; a :class:`BudgetStore` and a :class:`LeaseRegister`.

    Limits are those that the asks name, and on top what ``topped_up`` says of a pot at the moment.
    """

    def __init__(self, topped_up: Callable[[str], NanoUSD] = _nothing) -> None:
        self._topped_up = topped_up
        self._pots: dict[_Key, Pot] = {}
        self._leases: dict[str, _Kept] = {}
        self._recalled: set[str] = set()

    async def adjust(self, writer: str, asks: Sequence[LeaseAsk]) -> Sequence[LeaseAnswer]:
        """Do everything asked for and answer in the same order."""
        return [self._adjust(writer, ask) for ask in asks]

    async def recalled(self, writer: str) -> frozenset[str]:
        """Return the leases of ``writer`` that others wait for."""
        return frozenset(
            each for each in self._recalled if each in self._leases and self._leases[each].writer == writer
        )

    async def reclaim(self, writer: str, *, but: str = "") -> NanoUSD:
        """End the leases of ``writer``, not those that begin with ``but``; return what was left in them."""
        dead = [id for id, each in self._leases.items() if each.writer == writer and not (but and id.startswith(but))]
        return sum(self._end(id) for id in dead)

    async def balances(
        self, keys: Collection[_Key], settled: Mapping[str, NanoUSD] = NOTHING_NEWER
    ) -> Sequence[BudgetBalance]:
        """Return the balances of pairs of budget and period; what nobody touched is left out."""
        return [self._balance(key, settled) for key in keys if key in self._pots]

    async def leases(self, limit: int) -> Sequence[LeaseRecord]:
        """Return the leases whose ends come first."""
        found = [_record(id, each) for id, each in self._leases.items()]
        return sorted(found, key=lambda each: (each.ends_at, each.id))[:limit]

    async def lease(self, lease_id: str) -> LeaseRecord | None:
        """Return one lease."""
        found = self._leases.get(lease_id)
        return None if found is None else _record(lease_id, found)

    async def write_off(self, lease_id: str, ended_before: datetime) -> NanoUSD:
        """End a lease that nobody will end; return what was left in it."""
        found = self._leases.get(lease_id)
        if found is None:
            raise NotFoundError("There is no such lease")
        refuse(found.ends_at >= ended_before, "id", "names a lease that has not been over for long enough")
        return self._end(lease_id)

    def post(self, charges: Iterable[Charge]) -> None:
        """Put ``charges`` on record."""
        for charge in charges:
            key = (charge.budget, charge.period)
            held = self._leases.get(charge.lease)
            self._pots[key], after = charged(self._pots.get(key, Pot()), None if held is None else held.lease, charge)
            if held is not None and after is not None:
                self._keep(charge.lease, structs.replace(held, lease=after))

    def _adjust(self, writer: str, ask: LeaseAsk) -> LeaseAnswer:
        key = (ask.budget.pot, ask.period)
        base = ask.budget.limit
        limit = None if base is None else base + self._topped_up(ask.budget.pot)
        found = self._leases.get(ask.lease)
        if found is None and ask.keep:
            return LeaseAnswer(lease=ask.lease, amount=0, known=self._balance(key).known, limit=limit, gone=True)
        lease = Lease() if found is None else found.lease
        others = sum(each.lease.uncovered for id, each in self._leases.items() if each.key == key and id != ask.lease)
        pot, lease, granted = adjusted(self._pots.get(key, Pot()), lease, limit, ask, others)
        self._pots[key] = pot
        self._keep(ask.lease, _Kept(writer, key, lease, ask.ends_at.astimezone(UTC)))
        self._recalled.discard(ask.lease)
        if granted < ask.need:
            self._recalled.update(id for id, each in self._leases.items() if each.key == key and id != ask.lease)
        return LeaseAnswer(lease=ask.lease, amount=lease.amount, known=self._balance(key).known, limit=limit)

    def _keep(self, id: str, kept: _Kept) -> None:
        if kept.lease.is_over:
            self._leases.pop(id, None)
            self._recalled.discard(id)
        else:
            self._leases[id] = kept

    def _end(self, id: str) -> NanoUSD:
        kept = self._leases.pop(id)
        self._recalled.discard(id)
        self._pots[kept.key], left = ended(self._pots[kept.key], kept.lease)
        return left

    def _balance(self, key: _Key, newer: Mapping[str, NanoUSD] = NOTHING_NEWER) -> BudgetBalance:
        pot = self._pots.get(key, Pot())
        leases = [(id, each.lease) for id, each in self._leases.items() if each.key == key]
        settled = sum(lease.unposted(newer.get(id, 0)) for id, lease in leases)
        return BudgetBalance(
            budget=key[0], period=key[1], spent=pot.spent, leased=pot.leased, settled=settled, overage=pot.overage
        )


def _record(id: str, kept: _Kept) -> LeaseRecord:
    return LeaseRecord(
        id=id, budget=kept.key[0], period=kept.key[1], writer=kept.writer,
        held=kept.lease.amount - kept.lease.posted, ends_at=kept.ends_at,
    )  # fmt: skip
