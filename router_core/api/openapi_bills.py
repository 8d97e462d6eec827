"""The part of the description that is about what was spent and saved."""

from collections.abc import Callable, Mapping
from typing import Any, get_args

from router_core.admin.bills import MOST_DAYS
from router_core.api.admin_bills import DEFAULT_DAYS, OutlookList
from router_core.cost.bill_reading import MOST_BILL_BYTES
from router_core.cost.reconciliation import DEFAULT_TOLERANCE, Reconciliation
from router_core.cost.savings import Savings
from router_core.ports import UsageBy

__all__ = ["BILL_TYPES", "bill_paths"]

Schema = Mapping[str, Any]

BILL_TYPES: tuple[type, ...] = (Reconciliation, Savings, OutlookList)


def bill_paths(schema: Callable[[type], Schema], errors: Mapping[str, Any]) -> dict[str, Any]:
    """Return the paths; ``schema`` refers to a type, ``errors`` are the answers that say what was wrong."""

    def act(summary: str, answer: type, *query: Schema) -> dict[str, Any]:
        content = {"application/json": {"schema": dict(schema(answer))}}
        return {
            "summary": summary,
            "parameters": [{"in": "query", "required": False, **each} for each in query],
            "responses": {"200": {"description": "Success", "content": content}, **errors},
        }

    tolerance = {"type": "number", "minimum": 0, "maximum": 100, "default": float(DEFAULT_TOLERANCE)}
    days = {"type": "integer", "minimum": 1, "maximum": MOST_DAYS, "default": int(DEFAULT_DAYS)}
    by = {"type": "string", "enum": list(get_args(UsageBy)), "default": "provider"}
    suppose = {"type": "string", "description": "Dollars a month, for names without a monthly budget"}
    bill = {
        "required": True,
        "description": "A provider's usage export; a wrong line is named under `error.faults`",
        "content": {"text/csv": {"schema": {"type": "string", "maxLength": MOST_BILL_BYTES}}},
    }
    compare = act("Compare a bill with the record", Reconciliation, {"name": "tolerance", "schema": tolerance})
    return {
        "/api/admin/usage/reconcile": {"post": {**compare, "requestBody": bill}},
        "/api/admin/savings": {"get": act("What was saved", Savings, {"name": "days", "schema": days})},
        "/api/admin/outlook": {
            "get": act(
                "What will be spent", OutlookList, {"name": "by", "schema": by}, {"name": "suppose", "schema": suppose}
            )
        },
    }
