"""``/api/admin/topups`` and ``/api/llm/budget/requests``: more money for a while, asked for and decided."""

from msgspec import Struct

from router_core.admin.topups import TopUpApproval, TopUpOrder, TopUpView
from router_core.api.call import Call
from router_core.api.documents import read_document, read_nothing, read_query

__all__ = ["TopUpDenial", "TopUpList", "approve_topup", "ask_topup", "deny_topup", "end_topup", "list_topups",
           "withdraw_topup"]  # fmt: skip


class TopUpList(Struct, frozen=True, rename="camel"):
    """Those that wait first, then those that run, newest first; amounts in nano-dollars."""

    top_ups: list[TopUpView]


class TopUpDenial(Struct, frozen=True, forbid_unknown_fields=True):
    """Why a request is turned down."""

    note: str


async def list_topups(call: Call) -> None:
    """Answer with the top-ups that the caller may see."""
    read_query(call, {})
    await call.answer(TopUpList(list(await call.deps.money.topups.list(call.principal))))


async def ask_topup(call: Call) -> None:
    """Ask for more money."""
    order: TopUpOrder = await read_document(call, TopUpOrder)
    await call.answer(await call.deps.money.topups.ask(order, call.principal))


async def approve_topup(call: Call) -> None:
    """Let a request run."""
    approval: TopUpApproval = await read_document(call, TopUpApproval)
    await call.answer(await call.deps.money.topups.approve(call.parameter("id"), approval, call.principal))


async def deny_topup(call: Call) -> None:
    """Turn a request down."""
    denial: TopUpDenial = await read_document(call, TopUpDenial)
    await call.answer(await call.deps.money.topups.deny(call.parameter("id"), denial.note, call.principal))


async def withdraw_topup(call: Call) -> None:
    """Take back the caller's own request."""
    await read_nothing(call)
    await call.answer(await call.deps.money.topups.withdraw(call.parameter("id"), call.principal))


async def end_topup(call: Call) -> None:
    """End a top-up before its time."""
    await read_nothing(call)
    await call.answer(await call.deps.money.topups.end(call.parameter("id"), call.principal))
