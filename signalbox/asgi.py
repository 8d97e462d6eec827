"""What ``app.py`` puts together: the lifespan of the server's runtime, and the API in front of the console.

The API is served by a middleware ahead of everything else: neither Streamlit's own middleware (sessions, compression,
which would buffer streams) nor the console's gate is on its path.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

from starlette.middleware import Middleware
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from router_core.api.app import ApiApplication
from router_core.api.compatible.errors import shape_of
from router_core.api.deps import ApiDeps
from router_core.api.errors import OWN_SHAPE, error_answer
from router_core.errors import OverloadedError
from signalbox.bootstrap import Runtime, build
from signalbox.logs import configure_logs
from signalbox.loop import SERVED
from signalbox.nodes import place_of_port
from signalbox.screens.answering import ConsoleAnswers
from signalbox.screens.in_process import InProcessBackend
from signalbox.settings import load_settings
from signalbox.sign_in.served import SignInBeside
from signalbox.warm_up import ConsoleWarmUp

__all__ = [
    "ApiFirst",
    "api_application",
    "api_in_front_of",
    "api_middleware",
    "is_api_path",
    "lifespan",
    "served_runtime",
]

_API_FOLDERS: Final = ("/api/", "/v1/")
_API_PATHS: Final = frozenset({"/api", "/v1", "/livez", "/readyz", "/metrics"})


@asynccontextmanager
async def lifespan(_app: Any) -> AsyncIterator[None]:
    """Serve the runtime that ``signalbox up`` published; make one from the environment when nobody did."""
    if SERVED.current() is not None:
        yield
        return
    settings = load_settings()
    configure_logs(settings)
    runtime = await build(settings, place=place_of_port(None))
    try:
        SERVED.publish(runtime, api_application(runtime))
        runtime.readiness.open()
        yield
    finally:
        SERVED.withdraw()
        runtime.readiness.close()
        await runtime.close()


def api_application(runtime: Runtime) -> ASGIApp:
    """Return the HTTP API over ``runtime``, and the sign-in pages that consoles elsewhere use."""
    deps = ApiDeps(
        router=runtime.router,
        console=ConsoleAnswers(InProcessBackend(runtime)),
        authenticator=runtime.authenticator,
        sessions=runtime.session_gate,
        health=runtime.health,
        operations=runtime.operations,
        money=runtime.money,
        configuration=runtime.configuration,
        provider_keys=runtime.provider_keys,
        tool_servers=runtime.tool_servers,
        cache=runtime.cache_desk,
        rates=runtime.limit_desk,
        access=runtime.access,
        keys=runtime.key_desk,
        idempotency=runtime.idempotency,
        encryption=runtime.encryption,
        audit=runtime.audit,
        exporter=runtime.exporter,
        metrics=runtime.live,
        recording=runtime.recording.stats,
        caching=runtime.cache.report,
        retention=runtime.desk.retention,
        load=lambda: (runtime.router.in_flight, runtime.router.streams),
        nodes=runtime.nodes,
        started=runtime.started,
        dependencies=runtime.dependencies,
        ready=lambda: runtime.readiness.is_ready() and runtime.recording.stats().state != "blocked",
        clock=runtime.clock,
    )
    return SignInBeside(ApiApplication(deps), runtime)


def served_runtime() -> Runtime:
    """Return the runtime of this process's server. Raises ``RuntimeError`` outside its lifespan."""
    served = SERVED.current()
    if served is None:
        raise RuntimeError("no server is running in this process")
    return served.runtime


def is_api_path(path: str) -> bool:
    """Say whether ``path`` belongs to the HTTP API rather than to the console."""
    return path.startswith(_API_FOLDERS) or path in _API_PATHS


class ApiFirst:
    """Pure ASGI: hands API requests to the runtime's own routes, everything else on."""

    def __init__(self, app: ASGIApp, api: Callable[[], ASGIApp | None]) -> None:
        self._app = app
        self._api = api
        self._warm_up = ConsoleWarmUp()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or not is_api_path(scope["path"]):
            if scope["type"] != "lifespan":
                self._warm_up.begin()
            await self._app(scope, receive, send)
            return
        await (self._api() or _not_yet(scope))(scope, receive, send)


def _not_yet(scope: Scope) -> ASGIApp:
    """Return the answer to a request that comes while the server starts."""
    shape = shape_of(scope["path"], dict(scope["headers"])) or OWN_SHAPE
    told = error_answer(OverloadedError("The server is starting"), "", shape)
    headers = {name.decode(): value.decode() for name, value in told.headers}
    return Response(told.body, told.status, headers, "application/json")


def api_middleware() -> Middleware:
    """Return the middleware that serves the API; it goes first in the application's list."""
    return Middleware(ApiFirst, api=_served_api)


def api_in_front_of(program: ASGIApp) -> ASGIApp:
    """Return ``program`` with the API ahead of it, so that an API request passes through none of its layers."""
    return ApiFirst(program, _served_api)


def _served_api() -> ASGIApp | None:
    served = SERVED.current()
    return None if served is None else served.api
