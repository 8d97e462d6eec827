"""The arithmetic of leased money, apart from any store. Amounts are nano-dollars.

A budget in one period has a pot; processes hold leases of it. Whatever is asked for, ``spent + leased`` stays within
the limit, except by what is declared as overage. (O'Neil, "The Escrow Transactional Method", 1986.)
"""

from msgspec import Struct, structs

from router_core.ports import LeaseAsk
from router_core.types import Charge, NanoUSD

__all__ = ["SHARES", "Lease", "Pot", "adjusted", "charged", "ended", "grant"]

# A process takes this part of what is left to go on with, so that many processes find something.
SHARES = 16


class Pot(Struct, frozen=True, kw_only=True):
    """What all processes together did to a budget in one period."""

    spent: NanoUSD = 0
    leased: NanoUSD = 0
    overage: NanoUSD = 0


class Lease(Struct, frozen=True, kw_only=True):
    """Money in the hands of one process: of ``amount``, ``posted`` is on record and ``settled`` spent.

    Only its process changes ``amount``, only the record ``posted``; the difference is what the pot counts as leased.
    What calls cost ``beyond`` it is overage, as soon as it is on record: ``beyond_posted``.
    """

    amount: NanoUSD = 0
    posted: NanoUSD = 0
    settled: NanoUSD = 0
    beyond: NanoUSD = 0
    beyond_posted: NanoUSD = 0
    closed: bool = False

    @property
    def is_over(self) -> bool:
        """Whether nothing more can come of it."""
        return self.closed and self.posted >= self.amount and not self.uncovered

    @property
    def uncovered(self) -> NanoUSD:
        """What is spent beyond it and not on record yet: neither spent nor leased, to the pot."""
        return max(0, self.beyond - self.beyond_posted)

    def unposted(self, settled: NanoUSD = 0) -> NanoUSD:
        """Return what is spent and not on record yet, where its process may know of ``settled`` by now."""
        return max(0, max(settled, self.settled) - self.posted) + self.uncovered


def grant(room: NanoUSD, ask: LeaseAsk) -> NanoUSD:
    """Return what a process gets out of ``room``: enough for those who wait, and a share to go on with.

    The share shrinks as the limit nears, down to exactly what is needed.
    """
    if room <= 0 or room < ask.need or not (ask.need or ask.ahead):
        return 0
    share = room // SHARES if ask.ahead else 0
    goal = max(ask.demand, share)
    goal = min(room, goal)
    if ask.need:
        # What is no use to the next request would only have to be called back.
        goal -= goal % ask.need
    return goal


def adjusted(
    pot: Pot, lease: Lease, limit: NanoUSD | None, ask: LeaseAsk, uncovered: NanoUSD = 0
) -> tuple[Pot, Lease, NanoUSD]:
    """Return pot and lease after ``ask``, and what was granted. Nothing is granted without a limit.

    ``uncovered`` is what other leases of the pot did not cover.
    """
    kept = max(min(ask.keep, lease.amount), lease.posted)
    given_back = lease.amount - kept
    told = structs.replace(
        lease, amount=kept, settled=max(ask.settled, lease.settled), beyond=max(ask.beyond, lease.beyond),
        closed=ask.close,
    )  # fmt: skip
    room = 0 if limit is None else limit - pot.spent - pot.leased + given_back - told.uncovered - uncovered
    granted = 0 if ask.close else grant(room, ask)
    return (
        structs.replace(pot, leased=pot.leased - given_back + granted),
        structs.replace(told, amount=kept + granted),
        granted,
    )


def charged(pot: Pot, lease: Lease | None, charge: Charge) -> tuple[Pot, Lease | None]:
    """Return pot and lease after ``charge`` is on record; what the lease does not cover is declared as overage."""
    if not charge.lease:
        return structs.replace(pot, spent=pot.spent + charge.amount), lease
    covered = 0 if lease is None else min(charge.amount - charge.overage, lease.amount - lease.posted)
    after = Pot(
        spent=pot.spent + charge.amount,
        leased=pot.leased - covered,
        overage=pot.overage + charge.amount - covered,
    )
    if lease is None:
        return after, None
    beyond_posted = lease.beyond_posted + charge.overage
    return after, structs.replace(lease, posted=lease.posted + covered, beyond_posted=beyond_posted)


def ended(pot: Pot, lease: Lease) -> tuple[Pot, NanoUSD]:
    """Return the pot without ``lease``, whose process is dead and on record to the end, and what was left in it."""
    left = lease.amount - lease.posted
    return structs.replace(pot, leased=pot.leased - left), left
