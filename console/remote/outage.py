"""What browsers get while the API is lost and nobody can say whose session theirs is."""

from typing import Final
from zoneinfo import ZoneInfo

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from console.format import moment
from console.remote.faults import ApiMismatchError, ApiUnreachableError
from console.remote.link import Reachable
from console.remote.published import linked_console
from signalbox.sign_in.forms import PAGE_HEADERS
from signalbox.sign_in.page import trouble_page

__all__ = ["OutagePage", "unreachable"]

TRY_AGAIN_LATER: Final = 1013
AGAIN_S: Final = 3
UTC: Final = ZoneInfo("UTC")


class OutagePage:
    """Pure ASGI: answers for the gate when it cannot ask; the page asks again by itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        try:
            await self._app(scope, receive, send)
        except ApiUnreachableError:
            await _answer(scope, receive, send, unreachable(linked_console().link))
        except ApiMismatchError as error:
            await _answer(scope, receive, send, error.message)


def unreachable(api: Reachable) -> str:
    """Return since when the API cannot be reached, where nobody knows the reader's time zone."""
    now = api.clock.utcnow()
    since = now if api.outage is None else api.outage.since
    said = moment(since, UTC, now, seconds=True)
    return f"The API cannot be reached since {said} UTC. It is asked again every second."


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
