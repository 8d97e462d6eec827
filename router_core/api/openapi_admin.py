"""The part of the description that operators use."""

from collections.abc import Callable, Mapping
from typing import Any

from router_core.admin.cache_desk import CachePurged, PurgeOrder
from router_core.admin.views import UpstreamView
from router_core.api.admin_audit import AuditAnswer
from router_core.api.admin_breakers import BreakerList, BreakerOrder
from router_core.api.admin_cache import MatchList
from router_core.api.admin_drills import DrillList
from router_core.api.admin_export import CONTENT_TYPES
from router_core.api.admin_health import ActionList
from router_core.api.admin_nodes import NodeList
from router_core.api.admin_stats import RetentionAnswer, StatsAnswer
from router_core.api.admin_use_cases import PolicyChange, UseCaseList
from router_core.api.audit_query import FILTER_NAMES
from router_core.api.metrics import MetricsAnswer, ResetAnswer, describe_parameters
from router_core.api.openapi_config import CONFIG_TYPES, config_paths
from router_core.api.openapi_console import CONSOLE_TYPES, console_paths
from router_core.api.openapi_encryption import ENCRYPTION_TYPES, encryption_paths
from router_core.api.openapi_keys import KEY_TYPES, key_paths
from router_core.api.openapi_limits import LIMIT_TYPES, limit_paths
from router_core.api.openapi_money import MONEY_TYPES, money_paths
from router_core.api.openapi_people import PEOPLE_TYPES, people_paths
from router_core.api.openapi_provider_keys import PROVIDER_KEY_TYPES, provider_key_paths
from router_core.api.openapi_shapes import Schema, Shapes, period_query, query, with_path_parameters
from router_core.api.openapi_tools import TOOL_TYPES, tool_paths
from router_core.types import (
    AuditDetail,
    CacheMatch,
    CacheReport,
    DependencyReport,
    Drill,
    DrillOrder,
    HealthReport,
    UpstreamState,
    UseCasePolicy,
)

__all__ = ["ADMIN_TYPES", "admin_paths"]

ADMIN_TYPES: tuple[type, ...] = (
    BreakerList, BreakerOrder, UpstreamState, UpstreamView, DrillList, Drill, DrillOrder, HealthReport, ActionList,
    DependencyReport, UseCaseList, UseCasePolicy, PolicyChange, AuditAnswer, AuditDetail, MetricsAnswer, ResetAnswer,
    StatsAnswer, RetentionAnswer, NodeList, CacheReport, CachePurged, PurgeOrder, CacheMatch, MatchList,
    *CONSOLE_TYPES, *MONEY_TYPES, *LIMIT_TYPES, *KEY_TYPES, *PEOPLE_TYPES, *CONFIG_TYPES, *ENCRYPTION_TYPES,
    *PROVIDER_KEY_TYPES, *TOOL_TYPES,
)  # fmt: skip


def admin_paths(schema: Callable[[type], Schema], errors: Mapping[str, Any]) -> dict[str, Any]:
    """Return the operators' paths; ``schema`` refers to a type, ``errors`` are the answers that say what was wrong."""
    shapes = Shapes(schema, errors)
    act = shapes.act
    window = query("window", {"type": "string", "enum": ["15m", "1h", "24h"], "default": "1h"})
    limit = query("limit", {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100})
    revision = query("revision", {"type": "integer", "minimum": 0})
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
        "/api/admin/health": {"get": act("The health board", HealthReport, query=[window])},
        "/api/admin/dependencies": {"get": act("What the answering process stands on", DependencyReport)},
        "/api/admin/nodes": {"get": act("The processes that serve from this store", NodeList)},
        "/api/admin/actions": {"get": act("What operators did", ActionList, query=[limit])},
        "/api/llm/metrics": {
            "get": act("Figures since the last reset, or over a window", MetricsAnswer, query=describe_parameters())
        },
        "/api/llm/metrics/reset": {"post": act("Begin to count anew", ResetAnswer)},
        "/api/admin/cache": {"get": act("How the cache of answers is doing", CacheReport)},
        "/api/admin/cache/matches": {"get": act("Questions answered with the answer to a similar one", MatchList)},
        "/api/admin/cache/matches/{id}/wrong": {"post": act("Serve the answer of a match no more", CacheMatch)},
        "/api/admin/cache/purge": {"post": act("Serve nothing more of what is kept", CachePurged, PurgeOrder)},
        "/api/admin/stats": {"get": act("How the recorder is doing", StatsAnswer)},
        "/api/admin/retention": {"get": act("How long tables are kept", RetentionAnswer)},
        "/api/admin/audit": {"get": act("The audit log", AuditAnswer, query=_audit_query())},
        "/api/admin/audit/export": {"get": _export(shapes)},
        "/api/admin/audit/{id}": {"get": act("One row of the audit log", AuditDetail)},
        **console_paths(shapes),
        **provider_key_paths(shapes),
        **tool_paths(shapes),
        **money_paths(shapes),
        **limit_paths(shapes),
        **people_paths(shapes),
        **key_paths(shapes),
        **config_paths(shapes),
        **encryption_paths(shapes),
        "/api/admin/use-cases": {"get": act("How use cases are served", UseCaseList)},
        "/api/admin/use-cases/{name}/policy": {
            "put": act("Set how a use case is served", PolicyChange, UseCasePolicy, query=[revision]),
            "delete": act("Serve a use case by default", PolicyChange, query=[revision]),
        },
    }
    return {path: with_path_parameters(path, actions) for path, actions in paths.items()}


def _export(shapes: Shapes) -> dict[str, Any]:
    form = query("format", {"type": "string", "enum": list(CONTENT_TYPES), "default": "csv"})
    kinds = [each.decode().partition(";")[0] for each in CONTENT_TYPES.values()]
    what = "The rows, oldest first, as they were at one moment"
    return shapes.file("Export the audit log", kinds, what, [form, *_audit_filters()])


def _audit_query() -> list[dict[str, Any]]:
    limit = query("limit", {"type": "integer", "minimum": 1, "maximum": 200, "default": 50})
    return [*_audit_filters(), limit, query("cursor", {"type": "string"}), query("oldest", {"type": "boolean"})]


def _audit_filters() -> list[dict[str, Any]]:
    return [*period_query(), *(query(name, {"type": "string", "maxLength": 200}) for name in FILTER_NAMES)]
