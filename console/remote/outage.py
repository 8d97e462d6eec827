"""What browsers get while the API is lost and nobody can say whose session theirs is."""

from typing import Final

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from console.remote.faults import ApiMismatchError, ApiUnreachableError
from signalbox.sign_in.page import trouble_page
from signalbox.sign_in.routes import PAGE_HEADERS

__all__ = ["OutagePage"]

TRY_AGAIN_LATER: Final = 1013
AGAIN_S: Final = 3


class OutagePage:
    """Pure ASGI: answers for the gate when it cannot ask; the page asks again by itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        try:
            await self._app(scope, receive, send)
        except ApiUnreachableError:
            await _answer(scope, receive, send, "The API cannot be reached now. It is asked again every second.")
        except ApiMismatchError as error:
            await _answer(scope, receive, send, error.message)


async def _answer(scope: Scope, receive: Receive, send: Send, sentence: str) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": TRY_AGAIN_LATER})
        return
    headers = {**PAGE_HEADERS, "retry-after": str(AGAIN_S)}
    if "text/html" in Headers(scope=scope).get("accept", ""):
        page = trouble_page(title="API unreachable", sentence=sentence)
        await HTMLResponse(page, status_code=503, headers={**headers, "refresh": str(AGAIN_S)})(scope, receive, send)
    else:
        await PlainTextResponse(f"{sentence}\n", status_code=503, headers=headers)(scope, receive, send)
