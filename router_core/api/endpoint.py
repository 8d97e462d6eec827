"""One path of the API: which methods it takes, who may use each, and what happens when it goes wrong."""

import logging
from collections.abc import Awaitable, Callable, Mapping

from msgspec import Struct
from starlette.types import Receive, Scope, Send

from router_core.api.auth import authenticate, authorize
from router_core.api.call import Call, ClientGoneError
from router_core.api.compatible.errors import shape_of
from router_core.api.compression import Squeezed
from router_core.api.deps import DepsSource
from router_core.api.errors import OWN_SHAPE
from router_core.api.idempotency import IDEMPOTENCY_KEY, replayed
from router_core.clock import Clock
from router_core.errors import InternalError, LLMError, MethodNotAllowedError, NotFoundError
from router_core.security.permissions import PUBLIC, is_declared

__all__ = ["Action", "Endpoint", "Handler"]

Handler = Callable[[Call], Awaitable[None]]

_log = logging.getLogger(__name__)


class Action(Struct, frozen=True):
    """What one method of a path does, and the permission it needs.

    ``touches`` says that who calls it with a session did something, and did not just look on. One that is ``once`` is
    served once for each Idempotency-Key. One that ``shows_secrets`` is never compressed: lengths would tell of them.
    """

    permission: str
    handler: Handler
    touches: bool = True
    once: bool = False
    shows_secrets: bool = False


class Endpoint:
    """An ASGI application for the path ``route``; without any action the path does not exist.

    Whether a path of another protocol than ours exists is told only to who has a key.
    Raises ``ValueError`` when an action's permission is not declared.
    """

    __slots__ = ("_actions", "_allow", "_clock", "_deps", "_route")

    def __init__(self, route: str, actions: Mapping[str, Action], deps: DepsSource, clock: Clock) -> None:
        for method, action in actions.items():
            if not is_declared(action.permission):
                raise ValueError(f"{method}: permission {action.permission!r} is not declared")
        self._actions = dict(actions)
        if "GET" in actions:
            self._actions["HEAD"] = actions["GET"]
        self._allow = ", ".join(sorted(self._actions)).encode()
        self._deps = deps
        self._clock = clock
        self._route = route

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        call = Call(scope, receive, send, self._deps, self._route)
        call.identify(self._clock)
        shape = shape_of(scope["path"], call.headers)
        if shape is not None:
            call.shape = shape
        action = self._actions.get(scope["method"])
        if action is None or not action.shows_secrets:
            call.send = Squeezed(send, call.headers.get(b"accept-encoding", b"")).send
        try:
            await self._act(call, action)
        except ClientGoneError:
            _log.info("request %s: the client left", call.request_id)
        except Exception as error:
            if not isinstance(error, LLMError):
                _log.exception("request %s failed", call.request_id)
            if call.started:
                raise
            allow = ((b"allow", self._allow),) if isinstance(error, MethodNotAllowedError) else ()
            await call.fail(error if isinstance(error, LLMError) else InternalError(), allow)
        finally:
            if call.on_end is not None:
                await call.on_end()

    async def _act(self, call: Call, action: Action | None) -> None:
        if action is None:
            if call.shape is not OWN_SHAPE:
                await authenticate(call)
            raise (
                MethodNotAllowedError("The path takes another method")
                if self._actions
                else NotFoundError("No such path")
            )
        if action.permission != PUBLIC:
            call.principal = await authorize(call, action.permission, touch=action.touches)
        if action.once and IDEMPOTENCY_KEY in call.headers and await replayed(call):
            return
        await action.handler(call)
