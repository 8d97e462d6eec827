"""The gate: without a valid session nothing of the console is served, pages, data and websockets alike."""

from collections.abc import Awaitable, Callable
from functools import partial
from urllib.parse import quote

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from console.policy import security_headers
from console.watched_socket import ENDED, WatchedSocket
from router_core.api.host import is_host
from router_core.clock import Clock, SystemClock
from router_core.errors import OverloadedError
from router_core.types import Principal
from signalbox.asgi import is_api_path
from signalbox.sign_in.cookies import session_token

__all__ = ["CheckSession", "ConsoleGate"]

CheckSession = Callable[[str, bool], Awaitable[Principal | None]]

OPEN_PREFIXES = ("/auth/", "/static/", "/app/static/")
OPEN_PATHS = frozenset(("/_stcore/health", "/favicon.png", "/robots.txt"))
CROSS_ORIGIN = (
    "access-control-allow-origin", "access-control-allow-methods", "access-control-allow-headers",
    "access-control-allow-credentials",
)  # fmt: skip
"""Streamlit sets these for pages of other hosts, of which the console has none."""
TRY_AGAIN = 1013
AWAY = "The store does not answer, so your session cannot be checked. Try again in a moment.\n"


class ConsoleGate:
    """Pure ASGI, because Starlette's base middleware does not see websockets.

    ``check`` gives the person behind a token and notes, when its second argument is true, that they acted.
    """

    def __init__(self, app: ASGIApp, check: CheckSession, clock: Clock | None = None) -> None:
        self._app = app
        self._clock = clock or SystemClock()
        self._check = check

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope.get("path", "")
        if scope["type"] == "lifespan" or is_api_path(path):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        else:
            await self._http(scope, receive, _guarded(scope, send))

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        if path in OPEN_PATHS or path.startswith(OPEN_PREFIXES):
            await self._app(scope, receive, send)
            return
        is_page = _wants_page(scope)
        try:
            person = await self._person(scope, touch=is_page)
        except OverloadedError:
            await PlainTextResponse(AWAY, status_code=503, headers={"retry-after": "2"})(scope, receive, send)
            return
        if person is not None:
            await self._app(scope, receive, send)
        elif is_page:
            await RedirectResponse(_login_url(scope), status_code=303)(scope, receive, send)
        else:
            await PlainTextResponse("Sign in first.\n", status_code=401)(scope, receive, send)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            person = await self._person(scope, touch=False) if _is_of_own_pages(scope) else None
            code = ENDED
        except OverloadedError:
            person, code = None, TRY_AGAIN
        if person is not None:
            await WatchedSocket(receive, send, partial(self._is_open, scope), self._clock).serve(self._app, scope)
            return
        await receive()
        await send({"type": "websocket.close", "code": code})

    async def _is_open(self, scope: Scope) -> bool:
        return await self._person(scope, touch=False) is not None

    async def _person(self, scope: Scope, *, touch: bool) -> Principal | None:
        token = session_token(scope)
        return None if token is None else await self._check(token, touch)


def _guarded(scope: Scope, send: Send) -> Send:
    host = Headers(scope=scope).get("host", "")
    guards = security_headers(host if is_host(host.encode("latin-1")) else "")
    is_sign_in = scope["path"].startswith("/auth/")

    async def with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for dropped in CROSS_ORIGIN:
                del headers[dropped]
            for name, value in guards:
                if not (is_sign_in and name in headers):  # those pages allow themselves less
                    headers[name] = value
        await send(message)

    return with_headers


def _is_of_own_pages(scope: Scope) -> bool:
    """Say whether no page of another origin opens the connection; browsers name the origin, other programs need not."""
    headers = Headers(scope=scope)
    origin = headers.get("origin")
    return origin is None or origin.lower().partition("://")[2] == headers.get("host", "").lower()


def _wants_page(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    navigates = headers.get("sec-fetch-mode", "navigate") == "navigate"
    return scope["method"] in ("GET", "HEAD") and navigates and "text/html" in headers.get("accept", "")


def _login_url(scope: Scope) -> str:
    query = scope.get("query_string", b"").decode("latin-1")
    wanted = quote(scope["path"], safe="/") + (f"?{query}" if query else "")
    return "/auth/login" if wanted == "/" else f"/auth/login?next={quote(wanted, safe='/')}"
