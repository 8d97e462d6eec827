"""The part of the description that is about money: budgets, alerts, prices, bills."""

from typing import Any, get_args

from router_core.admin.alert_views import ChannelChange, ChannelOrder, ChannelSecret, ChannelTest, NewChannel
from router_core.admin.bills import MOST_DAYS
from router_core.admin.treasury import BudgetOrder
from router_core.api.admin_alerts import AlertList, ChannelList, ChannelRemoved, DeliveryList
from router_core.api.admin_bills import DEFAULT_DAYS, OutlookList
from router_core.api.admin_budgets import BudgetDropped, BudgetList
from router_core.api.admin_prices import PriceChange, PriceHistory, PriceList, PriceOrders, ReratingAnswer, SheetOrder
from router_core.api.budget import BudgetAnswer, UsageAnswer
from router_core.api.openapi_shapes import Shapes, period_query, query
from router_core.api.openapi_topups import TOPUP_TYPES, topup_paths
from router_core.cost.bill_reading import MOST_BILL_BYTES
from router_core.cost.reconciliation import DEFAULT_TOLERANCE, Reconciliation
from router_core.cost.savings import Savings
from router_core.ports import UsageBy
from router_core.types import AlertChannel, AlertDelivery, Budget

__all__ = ["MONEY_TYPES", "money_paths"]

MONEY_TYPES: tuple[type, ...] = (
    BudgetList, Budget, BudgetOrder, BudgetDropped, AlertList, BudgetAnswer, UsageAnswer, PriceList, PriceHistory,
    PriceOrders, PriceChange, SheetOrder, ReratingAnswer, Reconciliation, Savings, OutlookList, ChannelList,
    ChannelOrder, ChannelChange, ChannelRemoved, ChannelSecret, NewChannel, ChannelTest, AlertChannel, AlertDelivery,
    DeliveryList, *TOPUP_TYPES,
)  # fmt: skip


def money_paths(shapes: Shapes) -> dict[str, Any]:
    """Return the paths."""
    return {
        **_budget_paths(shapes),
        **topup_paths(shapes),
        **_alert_paths(shapes),
        **_price_paths(shapes),
        **_bill_paths(shapes),
    }


def _budget_paths(shapes: Shapes) -> dict[str, Any]:
    act = shapes.act
    return {
        "/api/admin/budgets": {
            "get": act("Every budget and how it stands", BudgetList),
            "put": act("Set a budget", Budget, BudgetOrder),
        },
        "/api/admin/budgets/{id}": {"delete": act("Remove a budget", BudgetDropped)},
        "/api/llm/budget": {"get": act("The budgets of the caller's account", BudgetAnswer)},
        "/api/llm/usage": {"get": act("What the caller's account spent", UsageAnswer)},
    }


def _alert_paths(shapes: Shapes) -> dict[str, Any]:
    act, one = shapes.act, "/api/admin/alerts/channels/{id}"
    limit = query("limit", {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100})
    named = [limit, query("alert", {"type": "string"}), query("channel", {"type": "string"})]
    return {
        "/api/admin/alerts": {"get": act("The newest alerts", AlertList, query=[limit])},
        "/api/admin/alerts/channels": {
            "get": act("The channels that carry alerts", ChannelList),
            "post": act("Make a channel", NewChannel, ChannelOrder),
        },
        one: {
            "put": act("Change a channel", AlertChannel, ChannelChange),
            "delete": act("Remove a channel", ChannelRemoved),
        },
        f"{one}/test": {"post": act("Send a test over a channel", ChannelTest)},
        f"{one}/secret": {"get": act("What a webhook's messages are signed with", ChannelSecret)},
        "/api/admin/alerts/deliveries": {"get": act("What became of alerts", DeliveryList, query=named)},
        "/api/admin/alerts/deliveries/{id}/retry": {"post": act("Deliver again", AlertDelivery)},
    }


def _price_paths(shapes: Shapes) -> dict[str, Any]:
    act = shapes.act
    return {
        "/api/admin/prices": {
            "get": act("What each configured provider costs", PriceList),
            "put": act("Set prices, or withdraw them", PriceChange, PriceOrders),
        },
        "/api/admin/prices/versions": {
            "get": act("Versions of prices", PriceHistory, query=[query("model", {"type": "string"})])
        },
        "/api/admin/prices/sheet": {
            "get": shapes.file("The price book as a sheet", ["text/csv"], "Every version of every price"),
            "post": act("Set the prices of a sheet", PriceChange, SheetOrder),
        },
        "/api/admin/prices/rerating": {
            "get": act("What a period would have cost by the book as it is now", ReratingAnswer, query=period_query())
        },
    }


def _bill_paths(shapes: Shapes) -> dict[str, Any]:
    act = shapes.act
    tolerance = {"type": "number", "minimum": 0, "maximum": 100, "default": float(DEFAULT_TOLERANCE)}
    days = {"type": "integer", "minimum": 1, "maximum": MOST_DAYS, "default": int(DEFAULT_DAYS)}
    by = {"type": "string", "enum": list(get_args(UsageBy)), "default": "provider"}
    suppose = {"type": "string", "description": "Dollars a month, for names without a monthly budget"}
    bill = {
        "required": True,
        "description": "A provider's usage export; a wrong line is named under `error.faults`",
        "content": {"text/csv": {"schema": {"type": "string", "maxLength": MOST_BILL_BYTES}}},
    }
    compare = act("Compare a bill with the record", Reconciliation, query=[query("tolerance", tolerance)])
    names = [query("by", by), query("suppose", suppose)]
    return {
        "/api/admin/usage/reconcile": {"post": {**compare, "requestBody": bill}},
        "/api/admin/savings": {"get": act("What was saved", Savings, query=[query("days", days)])},
        "/api/admin/outlook": {"get": act("What will be spent", OutlookList, query=names)},
    }
