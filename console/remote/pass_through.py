"""Downloads that pages link to: exactly these GET routes of the API, with the visitor's session, as they come."""

from typing import Final

from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, PlainTextResponse, StreamingResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from console.remote.faults import ApiUnreachableError
from console.remote.link import session_cookie
from console.remote.published import linked_console
from router_core.errors import UnauthorizedError
from signalbox.asgi import is_api_path
from signalbox.sign_in.cookies import session_token

__all__ = ["DOWNLOADS", "PassThrough"]

DOWNLOADS: Final = frozenset({"/api/admin/audit/export", "/api/admin/prices/sheet"})
_HEADERS: Final = (
    "content-type", "content-disposition", "content-length", "cache-control", "x-request-id", "retry-after",
    "x-content-type-options",
)  # fmt: skip
_NOT_HERE: Final = {
    "error": {"code": "NOT_FOUND", "message": "This is a console; its API is elsewhere", "retryable": False}
}


class PassThrough:
    """Pure ASGI: answers the API's paths, of which a console has only downloads and its own liveness."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        path: str = scope.get("path", "")
        if scope["type"] != "http" or not is_api_path(path):
            await self._app(scope, receive, send)
        elif path in ("/livez", "/readyz") and scope["method"] in ("GET", "HEAD"):
            await JSONResponse({"ready": True} if path == "/readyz" else {"alive": True})(scope, receive, send)
        elif path in DOWNLOADS and scope["method"] == "GET":
            await _download(scope, receive, send)
        else:
            await JSONResponse(_NOT_HERE, status_code=404)(scope, receive, send)


async def _download(scope: Scope, receive: Receive, send: Send) -> None:
    query = scope.get("query_string", b"").decode("latin-1")
    target = scope["path"] + (f"?{query}" if query else "")
    sent = False

    async def passing(message: Message) -> None:
        nonlocal sent
        sent = True
        await send(message)

    try:
        headers = {"cookie": session_cookie(session_token(scope) or ""), "accept-encoding": "identity"}
        async with linked_console().link.passed_through(target, headers) as answer:
            kept = {name: answer.headers[name] for name in _HEADERS if name in answer.headers}
            await StreamingResponse(answer.aiter_raw(), answer.status_code, kept)(scope, receive, passing)
    except UnauthorizedError:
        await PlainTextResponse("Sign in first.\n", status_code=401)(scope, receive, send)
    except ClientDisconnect:
        return
    except ApiUnreachableError:
        if sent:  # A connection that breaks is the only way left to say that the file is not whole.
            raise
        await PlainTextResponse("The API cannot be reached now.\n", status_code=503)(scope, receive, send)
