"""The part of the description that operators use."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from router_core.admin.treasury import BudgetOrder
from router_core.admin.views import UpstreamView
from router_core.api.admin_audit import AuditAnswer
from router_core.api.admin_breakers import BreakerList, BreakerOrder
from router_core.api.admin_budgets import AlertList, BudgetDropped, BudgetList
from router_core.api.admin_drills import DrillList
from router_core.api.admin_export import CONTENT_TYPES
from router_core.api.admin_health import ActionList
from router_core.api.admin_stats import RetentionAnswer, StatsAnswer
from router_core.api.admin_use_cases import PolicyChange, UseCaseList
from router_core.api.audit_query import FILTER_NAMES
from router_core.api.budget import BudgetAnswer, UsageAnswer
from router_core.api.metrics import MetricsAnswer, ResetAnswer, describe_parameters
from router_core.api.openapi_topups import TOPUP_TYPES, topup_paths
from router_core.types import AuditDetail, Budget, Drill, DrillOrder, HealthReport, UpstreamState, UseCasePolicy

__all__ = ["ADMIN_TYPES", "admin_paths"]

Schema = Mapping[str, Any]

ADMIN_TYPES: tuple[type, ...] = (
    BreakerList, BreakerOrder, UpstreamState, UpstreamView, DrillList, Drill, DrillOrder, HealthReport, ActionList,
    BudgetList, Budget, BudgetOrder, BudgetDropped, AlertList, BudgetAnswer, UsageAnswer,
    UseCaseList, UseCasePolicy, PolicyChange, AuditAnswer, AuditDetail, MetricsAnswer, ResetAnswer, StatsAnswer,
    RetentionAnswer, *TOPUP_TYPES,
)  # fmt: skip


def admin_paths(schema: Callable[[type], Schema], errors: Mapping[str, Any]) -> dict[str, Any]:
    """Return the operators' paths; ``schema`` refers to a type, ``errors`` are the answers that say what was wrong."""

    def act(summary: str, answer: type, body: type | None = None, query: Iterable[Schema] = ()) -> dict[str, Any]:
        made = {
            "summary": summary,
            "parameters": list(query),
            "responses": {"200": {"description": "Success", "content": _json(schema(answer))}, **errors},
        }
        return made if body is None else {**made, "requestBody": {"required": True, "content": _json(schema(body))}}

    window = _query("window", {"type": "string", "enum": ["15m", "1h", "24h"], "default": "1h"})
    limit = _query("limit", {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100})
    paths = {
        "/api/admin/breakers": {"get": act("Every upstream and its circuit breaker", BreakerList)},
        "/api/admin/breakers/{id}/reset": {"post": act("Reset a breaker", UpstreamState, BreakerOrder)},
        "/api/admin/breakers/{id}/open": {"post": act("Force a breaker open", UpstreamState, BreakerOrder)},
        "/api/admin/breakers/{id}/close": {"post": act("Force a breaker closed", UpstreamState, BreakerOrder)},
        "/api/admin/drills": {
            "get": act("What each drill did", DrillList),
            "post": act("Start a drill", Drill, DrillOrder),
        },
        "/api/admin/drills/{id}/stop": {"post": act("Stop a drill", Drill)},
        "/api/admin/budgets": {
            "get": act("Every budget and how it stands", BudgetList),
            "put": act("Set a budget", Budget, BudgetOrder),
        },
        "/api/admin/budgets/{id}": {"delete": act("Remove a budget", BudgetDropped)},
        **topup_paths(act),
        "/api/admin/alerts": {"get": act("The newest alerts of budgets", AlertList, query=[limit])},
        "/api/llm/budget": {"get": act("The budgets of the caller's account", BudgetAnswer)},
        "/api/llm/usage": {"get": act("What the caller's account spent", UsageAnswer)},
        "/api/admin/health": {"get": act("The health board", HealthReport, query=[window])},
        "/api/admin/actions": {"get": act("What operators did", ActionList, query=[limit])},
        "/api/llm/metrics": {
            "get": act("Figures since the last reset, or over a window", MetricsAnswer, query=describe_parameters())
        },
        "/api/llm/metrics/reset": {"post": act("Begin to count anew", ResetAnswer)},
        "/api/admin/stats": {"get": act("How the recorder is doing", StatsAnswer)},
        "/api/admin/retention": {"get": act("How long tables are kept", RetentionAnswer)},
        "/api/admin/audit": {"get": act("The audit log", AuditAnswer, query=_audit_query())},
        "/api/admin/audit/export": {"get": _export()},
        "/api/admin/audit/{id}": {"get": act("One row of the audit log", AuditDetail)},
        "/api/admin/use-cases": {"get": act("How use cases are served", UseCaseList)},
        "/api/admin/use-cases/{name}/policy": {
            "put": act("Set how a use case is served", PolicyChange, UseCasePolicy),
            "delete": act("Serve a use case by default", PolicyChange),
        },
    }
    return {path: _with_parameters(path, actions) for path, actions in paths.items()}


def _with_parameters(path: str, actions: dict[str, dict[str, Any]]) -> dict[str, Any]:
    names = [piece[1:-1] for piece in path.split("/") if piece.startswith("{")]
    own = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]
    return {method: {**action, "parameters": [*own, *action["parameters"]]} for method, action in actions.items()}


def _export() -> dict[str, Any]:
    form = _query("format", {"type": "string", "enum": list(CONTENT_TYPES), "default": "csv"})
    content = {each.decode().partition(";")[0]: {"schema": {"type": "string"}} for each in CONTENT_TYPES.values()}
    rows = {"description": "The rows, oldest first, as they were at one moment", "content": content}
    return {
        "summary": "Export the audit log",
        "parameters": [form, *_audit_filters()],
        "responses": {"200": rows},
    }


def _audit_query() -> list[dict[str, Any]]:
    limit = _query("limit", {"type": "integer", "minimum": 1, "maximum": 200, "default": 50})
    return [*_audit_filters(), limit, _query("cursor", {"type": "string"}), _query("oldest", {"type": "boolean"})]


def _audit_filters() -> list[dict[str, Any]]:
    moments = [_query(name, {"type": "string", "format": "date-time"}) for name in ("from", "to")]
    return [*moments, *(_query(name, {"type": "string", "maxLength": 200}) for name in FILTER_NAMES)]


def _query(name: str, schema: Schema) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "schema": dict(schema)}


def _json(schema: Schema) -> dict[str, Any]:
    return {"application/json": {"schema": dict(schema)}}
