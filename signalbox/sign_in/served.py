"""The sign-in pages of a server that runs in this process."""

import ipaddress
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from starlette.requests import Request
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from router_core.api.app import SIGN_IN
from router_core.clock import Clock
from router_core.errors import LLMError
from router_core.security.api_keys import KeyAuthenticator
from router_core.types import EVERY_ACCOUNT, Principal
from signalbox.sign_in.desk import Doors, SignInDesk
from signalbox.sign_in.openid import OpenIdPolicy, OpenIdProvider
from signalbox.sign_in.openid_desk import OpenIdDesk
from signalbox.sign_in.openid_routes import OpenId, openid_routes
from signalbox.sign_in.routes import login_routes, peer_address

if TYPE_CHECKING:
    from signalbox.bootstrap import Runtime

__all__ = ["VISITOR_HEADER", "SignInBeside", "runtime_doors", "served_routes"]

VISITOR_HEADER: Final = "x-signalbox-visitor"
"""Where a console elsewhere says which address its visitor has; believed only beside an admin key."""

_BEARER: Final = "bearer "


class SignInBeside:
    """Serves the sign-in pages ahead of ``app``, for servers that have no console."""

    def __init__(self, app: ASGIApp, runtime: "Runtime") -> None:
        self._app = app
        self._pages = Router(served_routes(lambda: runtime, runtime.clock))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        is_page = scope["type"] == "http" and scope["path"].startswith("/auth/")
        await (self._pages if is_page else self._app)(scope, receive, send)


def served_routes(runtime: Callable[[], "Runtime"], clock: Clock) -> list[Route]:
    """Return the sign-in and sign-out pages of ``runtime``, which is asked for at each request."""

    async def address(request: Request) -> str:
        return await _visitor_address(request, runtime().authenticator)

    def doors() -> Doors:
        return runtime_doors(runtime())

    desk, configured = SignInDesk(doors, clock), _Configured(runtime, clock)
    vouched = OpenIdDesk(desk, doors, clock, lambda: runtime().settings.oidc_newcomer_role)
    return [
        *login_routes(desk, address, lambda: configured.openid() is not None),
        *openid_routes(configured.openid, vouched, address),
    ]


class _Configured:
    """The provider that the settings name; made when first asked for, since the pages are there before the server."""

    def __init__(self, runtime: Callable[[], "Runtime"], clock: Clock) -> None:
        self._runtime = runtime
        self._clock = clock
        self._made: OpenId | None = None

    def openid(self) -> OpenId | None:
        settings = self._runtime().settings
        if self._made is None and settings.oidc_issuer is not None and settings.oidc_client_id is not None:
            policy = OpenIdPolicy(
                issuer=settings.oidc_issuer, client_id=settings.oidc_client_id,
                client_secret=settings.oidc_client_secret, scopes=settings.oidc_scopes,
            )  # fmt: skip
            self._made = OpenId(OpenIdProvider(policy, self._clock), settings.public_url)
        return self._made


def runtime_doors(runtime: "Runtime") -> Doors:
    """Return what signing in needs of ``runtime``."""
    return Doors(
        users=runtime.users, own=runtime.access.own, passwords=runtime.passwords, sessions=runtime.session_gate,
        seen_from=runtime.access.sessions.seen_from, note=runtime.desk.trail.note,
    )  # fmt: skip


async def _visitor_address(request: Request, keys: KeyAuthenticator) -> str:
    """Return where the browser is: what a console elsewhere says, if its admin key vouches for it, else the peer."""
    told, key = request.headers.get(VISITOR_HEADER), request.headers.get("authorization", "")
    if told is None or key[: len(_BEARER)].lower() != _BEARER:
        return await peer_address(request)
    try:
        vouching = await keys.authenticate(key[len(_BEARER) :].strip().encode(), await peer_address(request))
        return str(ipaddress.ip_address(told)) if _may_vouch(vouching) else await peer_address(request)
    except (LLMError, ValueError):
        return await peer_address(request)


def _may_vouch(caller: Principal) -> bool:
    routes = caller.scopes.routes
    return caller.role in EVERY_ACCOUNT and (routes is None or SIGN_IN in routes)
