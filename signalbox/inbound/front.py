"""The outermost layer of every server: it says once where a request comes from, and what the host may be called."""

from collections.abc import Sequence
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from router_core.api.errors import error_answer
from router_core.api.host import host_name
from router_core.clock import Clock, new_ulid
from router_core.errors import ValidationError
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
        request_id = new_ulid(self._clock)
        answer = error_answer(ValidationError("The server has another name", field="Host"), request_id)
        headers = [
            *answer.headers,
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(answer.body)),
            (b"cache-control", b"no-store"),
            (b"x-content-type-options", b"nosniff"),
            (b"x-request-id", request_id.encode()),
        ]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})


def _host(scope: Scope) -> bytes:
    return host_name(next((value for name, value in scope["headers"] if name == b"host"), b""))


def _strict(send: Send) -> Send:
    async def with_header(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), _STRICT_TRANSPORT]
        await send(message)

    return with_header
