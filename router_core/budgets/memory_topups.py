"""The in-memory twin of the stored top-ups."""

from collections.abc import Collection, Sequence

from router_core.clock import Clock
from router_core.errors import NotFoundError
from router_core.ports.keeping import as_kept, refuse, refuse_topup
from router_core.types import BudgetScope, NanoUSD, TopUp, TopUpState

__all__ = ["MemoryTopUps"]


class MemoryTopUps:
    """Keeps top-ups; a :class:`TopUpStore`. ``approved`` are part of the configuration, a new tuple at each change."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._rows: dict[str, TopUp] = {}
        self.approved: tuple[TopUp, ...] = ()

    async def add(self, topup: TopUp) -> None:
        """Store a new request. Raises :class:`ValidationError` for a value that is not allowed."""
        refuse_topup(topup)
        refuse(topup.id in self._rows, "id", "is already taken")
        self._rows[topup.id] = as_kept(topup)

    async def change(self, topup: TopUp, was: TopUpState) -> None:
        """Store what became of a top-up that is in the state ``was``."""
        refuse_topup(topup)
        found = self._rows.get(topup.id)
        if found is None:
            raise NotFoundError("There is no such top-up")
        refuse(found.state != was, "state", f"is {found.state} by now: somebody else has decided")
        self._rows[topup.id] = as_kept(topup)
        if "approved" in {was, topup.state}:
            self.approved = tuple(each for each in self._rows.values() if each.state == "approved")

    async def one(self, topup_id: str) -> TopUp | None:
        """Return the top-up with that id."""
        return self._rows.get(topup_id)

    async def recent(self, of: Collection[tuple[BudgetScope, str]] | None, limit: int) -> Sequence[TopUp]:
        """Return top-ups ``of`` these scopes and targets: those that wait, those that run, the others; newest first."""
        now = self._clock.utcnow()
        found = [each for each in self._rows.values() if of is None or (each.scope, each.target) in of]
        found.sort(key=lambda each: (each.asked_at, each.id), reverse=True)
        found.sort(key=lambda each: 0 if each.state == "pending" else 1 if each.runs_at(now) else 2)
        return found[:limit]

    def topped_up(self, pot: str) -> NanoUSD:
        """Return what the limits of ``pot`` are raised by at the moment."""
        now = self._clock.utcnow()
        return sum(each.amount for each in self.approved if each.pot == pot and each.runs_at(now))
