"""All routes of the HTTP interface, each with its permission."""

from collections.abc import Mapping

from starlette.routing import BaseRoute, Route

from router_core.api.deps import ApiDeps, ApiLimits, DepsSource
from router_core.api.endpoint import Action, Endpoint
from router_core.api.health import report_health, report_life, report_readiness
from router_core.api.llm import answer_prompt, explain_route
from router_core.api.openapi import describe_api
from router_core.clock import SystemClock
from router_core.security.permissions import PUBLIC

__all__ = ["ApiDeps", "ApiLimits", "DepsSource", "api_routes"]

PATHS: Mapping[str, Mapping[str, Action]] = {
    "/api/llm": {"POST": Action("llm.call", answer_prompt)},
    "/api/llm/route": {"POST": Action("llm.route", explain_route)},
    "/api/llm/health": {"GET": Action(PUBLIC, report_health)},
    "/livez": {"GET": Action(PUBLIC, report_life)},
    "/readyz": {"GET": Action(PUBLIC, report_readiness)},
    "/api/openapi.json": {"GET": Action(PUBLIC, describe_api)},
}
# Every other path below these answers in JSON too, and no slash or dot trick reaches a route: paths match exactly.
NOWHERE = ("/api", "/api/{rest:path}", "/v1", "/v1/{rest:path}")


def api_routes(deps: ApiDeps | DepsSource, paths: Mapping[str, Mapping[str, Action]] = PATHS) -> list[BaseRoute]:
    """Return the routes, to be put before any catch-all route of the server.

    ``deps`` may be a source that is asked at each request, for servers that make them after their routes.
    Raises ``ValueError`` when a route declares no known permission.
    """
    source: DepsSource = deps if callable(deps) else lambda: deps
    clock = SystemClock()
    missing: Mapping[str, Mapping[str, Action]] = {path: {} for path in NOWHERE}
    return [Route(path, Endpoint(actions, source, clock)) for path, actions in {**paths, **missing}.items()]
