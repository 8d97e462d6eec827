"""The part of the description that is about top-ups of budgets and about leases."""

from typing import Any

from router_core.admin.lease_desk import WrittenOff
from router_core.admin.topups import TopUpApproval, TopUpOrder
from router_core.api.admin_leases import LeaseList
from router_core.api.admin_topups import TopUpDenial, TopUpList
from router_core.api.openapi_shapes import Shapes
from router_core.types import TopUp

__all__ = ["TOPUP_TYPES", "topup_paths"]

TOPUP_TYPES: tuple[type, ...] = (TopUpList, TopUp, TopUpOrder, TopUpApproval, TopUpDenial, LeaseList, WrittenOff)


def topup_paths(shapes: Shapes) -> dict[str, Any]:
    """Return the paths."""
    act = shapes.act
    return {
        "/api/admin/topups": {
            "get": act("The top-ups that the caller may see", TopUpList),
            "post": act("Ask for more money on a budget, for a while", TopUp, TopUpOrder),
        },
        "/api/admin/topups/{id}/approve": {"post": act("Let a top-up run", TopUp, TopUpApproval)},
        "/api/admin/topups/{id}/deny": {"post": act("Turn a top-up down", TopUp, TopUpDenial)},
        "/api/admin/topups/{id}/withdraw": {"post": act("Take back the caller's own request", TopUp)},
        "/api/admin/topups/{id}/end": {"post": act("End a top-up before its time", TopUp)},
        "/api/llm/budget/requests": {
            "get": act("The top-ups of the caller's account and key", TopUpList),
            "post": act("Ask for more money on the budget of the caller's account or key", TopUp, TopUpOrder),
        },
        "/api/admin/leases": {"get": act("What processes hold of budgets", LeaseList)},
        "/api/admin/leases/{id}/write-off": {
            "post": act("Give what a dead process held back to its budget", WrittenOff)
        },
    }
