"""``/api/admin/leases``: what processes hold of budgets, and the end of a lease that nobody will end."""

from msgspec import Struct

from router_core.admin.lease_desk import LeaseView
from router_core.api.call import Call
from router_core.api.documents import read_nothing, read_query

__all__ = ["LeaseList", "list_leases", "write_off_lease"]


class LeaseList(Struct, frozen=True, rename="camel"):
    """Leases, those that ended longest ago first; amounts in nano-dollars."""

    leases: list[LeaseView]


async def list_leases(call: Call) -> None:
    """Answer with the leases whose ends come first."""
    read_query(call, {})
    await call.answer(LeaseList(list(await call.deps.money.leases.list(call.principal))))


async def write_off_lease(call: Call) -> None:
    """Give what a dead process held back to its budget."""
    await read_nothing(call)
    await call.answer(await call.deps.money.leases.write_off(call.parameter("id"), call.principal))
