"""``/api/admin/health`` and ``/api/admin/actions``: the health board, and what operators did."""

from typing import get_args

from msgspec import Struct

from router_core.api.call import Call
from router_core.api.documents import read_query
from router_core.errors import ValidationError
from router_core.types import HealthWindow, OperatorAction

__all__ = ["ActionList", "list_actions", "report_board", "report_dependencies"]

DEFAULT_WINDOW: HealthWindow = "1h"
DEFAULT_ACTIONS = 100
_WINDOWS: dict[str, HealthWindow] = {window: window for window in get_args(HealthWindow)}


class ActionList(Struct, frozen=True):
    """What operators did, newest first."""

    actions: list[OperatorAction]


async def report_board(call: Call) -> None:
    """Answer with the health board over ``?window=15m|1h|24h``."""
    window = _WINDOWS.get(read_query(call, {"window": DEFAULT_WINDOW})["window"])
    if window is None:
        raise ValidationError(f"window must be one of {', '.join(_WINDOWS)}", field="window")
    await call.answer(call.deps.operations.health(window, call.principal))


async def report_dependencies(call: Call) -> None:
    """Answer with what the answering process stands on, the worst first."""
    read_query(call, {})
    await call.answer(call.deps.operations.dependencies(call.principal))


async def list_actions(call: Call) -> None:
    """Answer with the newest actions, ``?limit=`` of them."""
    limit = read_query(call, {"limit": str(DEFAULT_ACTIONS)})["limit"]
    if not (limit.isascii() and limit.isdigit() and len(limit) <= 6):
        raise ValidationError("limit must be a whole number", field="limit")
    await call.answer(ActionList(list(await call.deps.operations.recent_actions(int(limit), call.principal))))
