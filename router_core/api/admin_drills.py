"""``/api/admin/drills``: faults on purpose, and what users felt of them."""

from msgspec import Struct

from router_core.api.call import Call
from router_core.api.documents import read_document, read_nothing
from router_core.types import DrillOrder, DrillReport

__all__ = ["DrillList", "list_drills", "start_drill", "stop_drill"]


class DrillList(Struct, frozen=True):
    """The running drills first, then the newest."""

    drills: list[DrillReport]


async def list_drills(call: Call) -> None:
    """Answer with what each drill did."""
    await call.answer(DrillList(list(call.deps.operations.drills(call.principal))))


async def start_drill(call: Call) -> None:
    """Start a drill and answer with it."""
    order = await read_document(call, DrillOrder)
    await call.answer(await call.deps.operations.start_drill(order, call.principal))


async def stop_drill(call: Call) -> None:
    """Stop a drill and answer with it; one that is over stays as it is."""
    await read_nothing(call)
    await call.answer(await call.deps.operations.stop_drill(call.parameter("id"), call.principal))
