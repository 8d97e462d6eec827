"""Signing in with an OpenID Connect provider: the way there and the way back, with our own sessions at the end."""

import logging
import secrets
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple, Protocol

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from signalbox.sign_in.door import SignedIn, SignInRefused, SignInUnavailable
from signalbox.sign_in.forms import browser_of, html, is_secure, local_page, signed_in
from signalbox.sign_in.openid import OpenIdPerson, OpenIdProvider, OpenIdRefused, OpenIdUnavailable
from signalbox.sign_in.page import openid_trouble_page

__all__ = ["OPENID_START", "OpenId", "openid_routes"]

OPENID_START: Final = "/auth/oidc/start"
_BACK: Final = "/auth/oidc/callback"
_COOKIE: Final = "signalbox_openid"
_PATH: Final = "/auth/oidc"
_COOKIE_LIFE_S: Final = 600
_UNKNOWN: Final = "The address that you signed in with may not sign in here this way. Ask an admin."
_FAILED: Final = "The sign-in could not be completed. Please start again."
_AWAY: Final = "The sign-in provider does not answer. Try again in a moment."

_log = logging.getLogger(__name__)


class OpenId(NamedTuple):
    """A provider, and where browsers reach us, None for where the request says that it came."""

    provider: OpenIdProvider
    public_url: str | None


class _Admits(Protocol):
    async def admit(self, shown: OpenIdPerson, address: str, browser: str) -> SignedIn:
        """Open a session for a person that the provider vouches for. Raises :class:`SignInRefused`."""
        ...


def openid_routes(
    configured: Callable[[], OpenId | None], desk: _Admits, address: Callable[[Request], Awaitable[str]]
) -> list[Route]:
    """Return the routes; without a provider that is ``configured`` they lead back to the sign-in page."""
    pages = _OpenIdPages(configured, desk, address)
    return [Route(OPENID_START, pages.start, methods=["GET"]), Route(_BACK, pages.back, methods=["GET"])]


class _OpenIdPages:
    def __init__(
        self, configured: Callable[[], OpenId | None], desk: _Admits, address: Callable[[Request], Awaitable[str]]
    ) -> None:
        self._configured = configured
        self._desk = desk
        self._address = address

    async def start(self, request: Request) -> Response:
        openid = self._configured()
        if openid is None:
            return RedirectResponse("/auth/login", status_code=303)
        seed, wanted = secrets.token_urlsafe(32), local_page(request.query_params.get("next"))
        try:
            there = await openid.provider.begin(seed, _redirect(request, openid))
        except OpenIdUnavailable as fault:
            return _trouble(fault, _AWAY, 503)
        response = RedirectResponse(there, status_code=303, headers={"cache-control": "no-store"})
        response.set_cookie(
            _COOKIE, f"{seed}.{wanted.encode().hex()}", max_age=_COOKIE_LIFE_S, path=_PATH, secure=is_secure(request),
            httponly=True, samesite="lax",
        )  # fmt: skip
        return response

    async def back(self, request: Request) -> Response:
        seed, _, wanted = request.cookies.get(_COOKIE, "").partition(".")
        state, code = request.query_params.get("state", ""), request.query_params.get("code", "")
        openid = self._configured()
        if openid is None or not seed or not code:
            return _trouble(OpenIdRefused("there is no attempt, or no code"), _FAILED, 400)
        try:
            shown = await openid.provider.finish(seed, state, code, _redirect(request, openid))
            opened = await self._desk.admit(shown, await self._address(request), browser_of(request))
        except OpenIdRefused as fault:
            return _trouble(fault, _FAILED, 403)
        except OpenIdUnavailable as fault:
            return _trouble(fault, _AWAY, 503)
        except SignInRefused:
            return _trouble(OpenIdRefused("nobody may sign in with that address and subject"), _UNKNOWN, 403)
        except SignInUnavailable as fault:
            return _trouble(fault, str(fault), 503)
        response = signed_in(request, local_page(_text(wanted)), opened.token)
        response.delete_cookie(_COOKIE, path=_PATH, secure=is_secure(request), httponly=True, samesite="lax")
        return response


def _redirect(request: Request, openid: OpenId) -> str:
    base = openid.public_url or f"{request.url.scheme}://{request.url.netloc}"
    return f"{base.rstrip('/')}{_BACK}"


def _trouble(fault: Exception, sentence: str, status: int) -> Response:
    _log.warning("a sign-in with the provider came to nothing: %s", fault)
    return html(openid_trouble_page(sentence=sentence), status)


def _text(hexadecimal: str) -> str:
    try:
        return bytes.fromhex(hexadecimal).decode()
    except ValueError:
        return "/"
