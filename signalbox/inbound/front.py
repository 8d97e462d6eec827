"""The outermost layer of every server: it says once where a request comes from, and what the host may be called."""

from collections.abc import Sequence
from typing import Any, Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from router_core.api.errors import error_answer
from router_core.api.host import host_name
from router_core.clock import Clock, new_ulid
from router_core.errors import ForbiddenError, LLMError, ValidationError
from signalbox.asgi import is_api_path
from signalbox.inbound.proxies import FORWARDED, Origin, TrustedProxies

__all__ = ["Front"]

_STRICT_TRANSPORT: Final = (b"strict-transport-security", b"max-age=31536000")
_WEBSOCKET: Final = {"http": "ws", "https": "wss"}
_PROBES: Final = frozenset({"/livez", "/readyz"})


class Front:
    """Pure ASGI: ``scope["client"]``, ``scope["scheme"]`` and the Host header hold what is believed from here on.

    Whatever is behind it may trust the three, and sees no header of a proxy. Over https it asks browsers to keep to
    https. With ``hosts`` it refuses requests to other names, except for the probes, which come by address.
    """

    def __init__(self, app: ASGIApp, proxies: TrustedProxies, hosts: Sequence[str], clock: Clock) -> None:
        self._app = app
        self._proxies = proxies
        self._hosts = frozenset(each.encode() for each in hosts)
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or connection."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        self._place(scope)
        if scope["type"] == "websocket":
            send = self._told(send)
        elif not is_api_path(scope["path"]):
            send = self._identified(send)
        if self._hosts and scope["path"] not in _PROBES and _host(scope) not in self._hosts:
            await self._refuse(scope, receive, send)
        elif scope["scheme"] in ("https", "wss"):
            await self._app(scope, receive, _strict(send))
        else:
            await self._app(scope, receive, send)

    def _place(self, scope: Scope) -> None:
        headers = scope["headers"]
        if not any(name in FORWARDED for name, _ in headers):
            return
        client = scope.get("client")
        scope["relayed"] = True
        seen = Origin(client[0] if client else "", scope["scheme"])
        origin = self._proxies.origin(seen, headers)
        kept = [each for each in headers if each[0] not in FORWARDED]
        if origin is not seen:
            scope["client"] = (origin.address, 0)
            scope["scheme"] = _WEBSOCKET.get(origin.scheme, "") if scope["type"] == "websocket" else origin.scheme
        if origin.host is not None:
            kept = [each for each in kept if each[0] != b"host"] + [(b"host", origin.host)]
        scope["headers"] = kept

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
            return
        start, body = self._answer(ValidationError("The server has another name", field="Host"))
        await send({"type": "http.response.start", **start})
        await send({"type": "http.response.body", **body})

    def _answer(self, error: LLMError) -> tuple[dict[str, Any], dict[str, Any]]:
        request_id = new_ulid(self._clock)
        answer = error_answer(error, request_id)
        headers = [
            *answer.headers,
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(answer.body)),
            (b"cache-control", b"no-store"),
            (b"x-content-type-options", b"nosniff"),
            (b"x-request-id", request_id.encode()),
        ]
        return {"status": answer.status, "headers": headers}, {"body": answer.body}

    def _identified(self, send: Send) -> Send:
        """Give an answer that has no request id one."""

        async def with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [*message.get("headers", ())]
                if all(name != b"x-request-id" for name, _ in headers):
                    message["headers"] = [*headers, (b"x-request-id", new_ulid(self._clock).encode())]
            await send(message)

        return with_id

    def _told(self, send: Send) -> Send:
        """Answer a websocket that is closed before anybody accepted it as every request that is refused."""
        is_open = False

        async def with_answer(message: Message) -> None:
            nonlocal is_open
            is_open = is_open or message["type"] != "websocket.close"
            if is_open:
                await send(message)
                return
            start, body = self._answer(ForbiddenError("The websocket is for signed-in people on our own pages"))
            await send({"type": "websocket.http.response.start", **start})
            await send({"type": "websocket.http.response.body", **body})

        return with_answer


def _host(scope: Scope) -> bytes:
    return host_name(next((value for name, value in scope["headers"] if name == b"host"), b""))


def _strict(send: Send) -> Send:
    async def with_header(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), _STRICT_TRANSPORT]
        await send(message)

    return with_header
