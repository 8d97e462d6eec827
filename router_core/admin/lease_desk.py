"""The facade of leases: the money that processes hold, and the end of a lease whose process never comes back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from msgspec import Struct

from router_core.admin.action_trail import ActionTrail
from router_core.admin.acts import act_of
from router_core.clock import Clock
from router_core.errors import NotFoundError
from router_core.ports import LeaseRecord, LeaseRegister
from router_core.ports.keeping import refuse
from router_core.security.permissions import require
from router_core.types import NanoUSD, OperatorAction, Principal

__all__ = ["LeaseDesk", "LeaseParts", "LeaseView", "WrittenOff"]

MOST_LISTED = 1_000
# Beyond the end of a lease its last call may still be under way for a whole request, and be told of a little later.
GRACE_S = 30.0


class LeaseView(Struct, frozen=True, kw_only=True, rename="camel"):
    """A lease; ``overdue_s`` is how many seconds ago it ended, None while it has not.

    It ``may_be_written_off`` once that is longer than a request may take, and 30 s.
    """

    lease: LeaseRecord
    overdue_s: float | None
    may_be_written_off: bool


class WrittenOff(Struct, frozen=True, kw_only=True, rename="camel"):
    """A lease that is no more, and the nano-dollars that are back in their budget."""

    id: str
    given_back: NanoUSD


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseParts:
    """What :class:`LeaseDesk` works on; ``request_timeout`` in seconds is how long a request may take."""

    register: LeaseRegister
    trail: ActionTrail
    request_timeout: float
    clock: Clock


class LeaseDesk:
    """What admins see and do about leases. Raises :class:`ForbiddenError` for everybody else."""

    __slots__ = ("_parts",)

    def __init__(self, parts: LeaseParts) -> None:
        self._parts = parts

    async def list(self, person: Principal) -> Sequence[LeaseView]:
        """Return the leases whose ends come first, so those that are overdue lead."""
        require(person, "leases.read")
        now, before = self._parts.clock.utcnow(), self._written_off_before()
        found = await self._parts.register.leases(MOST_LISTED)
        return [_view(each, now, before) for each in found]

    async def write_off(self, lease_id: str, person: Principal) -> WrittenOff:
        """Give what a dead process held back to its budget; what is posted of it later is declared as overage.

        Raises :class:`NotFoundError`, and :class:`ValidationError` while the process may still come back.
        """
        require(person, "leases.write_off")
        found, before = await self._parts.register.lease(lease_id), self._written_off_before()
        if found is None:
            raise NotFoundError("There is no such lease")
        refuse(found.ends_at >= before, "id", "names a lease that has not been over for long enough")
        await self._parts.trail.require(self._act(found, person))
        return WrittenOff(id=lease_id, given_back=await self._parts.register.write_off(lease_id, before))

    def _written_off_before(self) -> datetime:
        return self._parts.clock.utcnow() - timedelta(seconds=self._parts.request_timeout + GRACE_S)

    def _act(self, lease: LeaseRecord, person: Principal) -> OperatorAction:
        scope, _, rest = lease.budget.partition(":")
        return act_of(
            person, "lease.written_off", lease.id, self._parts.clock,
            detail={"budget": lease.budget, "period": lease.period, "writer": lease.writer},
            before={"held": lease.held, "endsAt": lease.ends_at.isoformat()}, after={"held": 0},
            account_id=rest.rpartition(":")[0] if scope == "account" else None,
        )  # fmt: skip


def _view(lease: LeaseRecord, now: datetime, before: datetime) -> LeaseView:
    overdue = (now - lease.ends_at).total_seconds()
    return LeaseView(lease=lease, overdue_s=overdue if overdue > 0 else None, may_be_written_off=lease.ends_at < before)
