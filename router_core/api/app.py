"""All paths of the HTTP interface, each with its permission."""

from collections.abc import Mapping
from typing import Final

from starlette.types import Receive, Scope, Send

from router_core.api.admin import ADMIN_PATHS
from router_core.api.admin_topups import ask_topup, list_topups
from router_core.api.anthropic_compatible.messages import answer_messages, count_tokens
from router_core.api.budget import report_budget, report_usage
from router_core.api.compatible.models import list_models, show_model
from router_core.api.console import answer_call, greet_console, note_visit, stream_call
from router_core.api.deps import ApiDeps, ApiLimits, DepsSource
from router_core.api.endpoint import Action, Endpoint
from router_core.api.health import report_health, report_life, report_readiness
from router_core.api.llm import answer_prompt, explain_route
from router_core.api.metrics import report_metrics, reset_metrics
from router_core.api.openai_compatible.chat import answer_chat
from router_core.api.openai_compatible.embeddings import answer_embeddings
from router_core.api.openai_compatible.responses import answer_response
from router_core.api.paths import PathPatterns
from router_core.api.prometheus import expose_metrics
from router_core.api.reference import ApiDescription
from router_core.clock import SystemClock
from router_core.security.permissions import PUBLIC

__all__ = ["KEY_ROUTES", "SIGN_IN", "ApiApplication", "ApiDeps", "ApiLimits", "DepsSource"]

SIGN_IN: Final = "/auth/login"
"""Where a console elsewhere has its key vouch for its visitors' addresses."""

_DESCRIPTION: Final = ApiDescription(lambda: PATHS)

PATHS: Mapping[str, Mapping[str, Action]] = {
    "/api/llm": {"POST": Action("llm.call", answer_prompt, once=True)},
    "/api/llm/route": {"POST": Action("llm.route", explain_route)},
    "/api/llm/budget": {"GET": Action("usage.read", report_budget)},
    "/api/llm/budget/requests": {"GET": Action("topups.read", list_topups), "POST": Action("topups.ask", ask_topup)},
    "/api/llm/usage": {"GET": Action("usage.read", report_usage)},
    "/api/llm/metrics": {"GET": Action("metrics.read", report_metrics)},
    "/api/llm/metrics/reset": {"POST": Action("metrics.reset", reset_metrics)},
    "/metrics": {"GET": Action(PUBLIC, expose_metrics)},
    "/api/llm/health": {"GET": Action(PUBLIC, report_health)},
    "/livez": {"GET": Action(PUBLIC, report_life)},
    "/readyz": {"GET": Action(PUBLIC, report_readiness)},
    "/api/openapi.json": {"GET": Action(PUBLIC, _DESCRIPTION.answer_document)},
    "/api/docs": {"GET": Action(PUBLIC, _DESCRIPTION.answer_page)},
    "/api/console/hello": {"GET": Action(PUBLIC, greet_console)},
    "/api/console/visit": {"POST": Action("console.use", note_visit, touches=False)},
    "/api/console/calls/{call}": {"POST": Action("console.use", answer_call, touches=False, shows_secrets=True)},
    "/api/console/streams/{call}": {"POST": Action("console.use", stream_call, touches=False, shows_secrets=True)},
    "/v1/chat/completions": {"POST": Action("llm.call", answer_chat, once=True)},
    "/v1/messages": {"POST": Action("llm.call", answer_messages, once=True)},
    "/v1/messages/count_tokens": {"POST": Action("llm.call", count_tokens)},
    "/v1/responses": {"POST": Action("llm.call", answer_response, once=True)},
    "/v1/embeddings": {"POST": Action("llm.call", answer_embeddings, once=True)},
    "/v1/models": {"GET": Action("llm.call", list_models)},
    "/v1/models/{model}": {"GET": Action("llm.call", show_model)},
    **ADMIN_PATHS,
}

_OPEN: Final = frozenset({"/metrics"})
"""Public to some, and to others with a key."""

KEY_ROUTES: Final = frozenset(
    path
    for path, actions in PATHS.items()
    if path in _OPEN or any(action.permission not in (PUBLIC, "console.use") for action in actions.values())
) | {SIGN_IN}
"""What a key can be limited to."""


class ApiApplication:
    """The whole HTTP interface as one ASGI application: paths match exactly, every other path is a JSON 404.

    A path may hold parameters, such as ``{id}``, each a whole segment.
    ``deps`` may be a source that is asked at each request, for servers that make them later.
    Raises ``ValueError`` when a path declares no known permission.
    """

    __slots__ = ("_endpoints", "_nowhere", "_patterns", "_templates")

    def __init__(self, deps: ApiDeps | DepsSource, paths: Mapping[str, Mapping[str, Action]] = PATHS) -> None:
        source: DepsSource = deps if callable(deps) else lambda: deps
        clock = SystemClock()
        made = {path: Endpoint(path, actions, source, clock) for path, actions in paths.items()}
        self._templates = {path: endpoint for path, endpoint in made.items() if "{" in path}
        self._endpoints = {path: endpoint for path, endpoint in made.items() if path not in self._templates}
        self._patterns = PathPatterns(self._templates)
        self._nowhere = Endpoint("", {}, source, clock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request. Raises ``ValueError`` for other kinds of connection."""
        if scope["type"] != "http":
            raise ValueError(f"the API serves no {scope['type']} connections")
        endpoint = self._endpoints.get(scope["path"]) or self._matched(scope)
        await endpoint(scope, receive, send)

    def _matched(self, scope: Scope) -> Endpoint:
        found = self._patterns.match(scope)
        if found is None:
            return self._nowhere
        template, scope["path_params"] = found
        return self._templates[template]
