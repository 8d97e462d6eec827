"""Money that is asked for on top of a budget, and leases that nobody will end."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from router_core.types import BudgetScope, NanoUSD, TopUp, TopUpState

__all__ = ["LeaseRecord", "LeaseRegister", "TopUpStore"]


class TopUpStore(Protocol):
    """Keeps top-ups; those that are approved are part of the configuration until they end."""

    async def add(self, topup: TopUp) -> None:
        """Store a new request. Raises :class:`ValidationError` for a value that is not allowed."""
        ...

    async def change(self, topup: TopUp, was: TopUpState) -> None:
        """Store what became of a top-up that is in the state ``was``; every process follows where limits move.

        Raises :class:`ValidationError` about ``state`` when it is in another by now: then somebody else decided.
        """
        ...

    async def one(self, topup_id: str) -> TopUp | None:
        """Return the top-up with that id."""
        ...

    async def recent(self, of: Collection[tuple[BudgetScope, str]] | None, limit: int) -> Sequence[TopUp]:
        """Return top-ups ``of`` these scopes and targets, None for all: those that wait, those that run, the others;
        newest first.
        """
        ...


class LeaseRecord(Struct, frozen=True, kw_only=True, rename="camel"):
    """A part of a pot in the hands of the process that writes the journal ``writer``; ``held`` in nano-dollars is what
    of it is not on record.
    """

    id: str
    budget: str
    period: str
    writer: str
    held: NanoUSD
    ends_at: datetime


class LeaseRegister(Protocol):
    """Tells of leases, and ends one that nobody will end."""

    async def leases(self, limit: int) -> Sequence[LeaseRecord]:
        """Return the leases whose ends come first."""
        ...

    async def lease(self, lease_id: str) -> LeaseRecord | None:
        """Return one lease."""
        ...

    async def write_off(self, lease_id: str, ended_before: datetime) -> NanoUSD:
        """End a lease; return what was left in it. What is posted of it later is overage.

        Raises :class:`NotFoundError`, and :class:`ValidationError` unless its end was before ``ended_before``.
        """
        ...
