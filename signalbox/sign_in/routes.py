"""Signing in and out: plain routes, because Streamlit scripts cannot set cookies."""

import secrets
from collections.abc import Awaitable, Callable
from contextlib import suppress
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from router_core.types import Secret
from signalbox.sign_in.cookies import PRE_SESSION_COOKIE, cookie_name, form_token, form_token_fits, session_token
from signalbox.sign_in.door import SignInDoor, SignInRefused, SignInUnavailable
from signalbox.sign_in.forms import (
    STALE_FORM,
    browser_of,
    html,
    is_secure,
    local_page,
    read_form,
    signed_in,
    too_large,
    too_many,
)
from signalbox.sign_in.openid_routes import OPENID_START
from signalbox.sign_in.page import Notice, sign_in_page, sign_out_page
from signalbox.sign_in.password_routes import password_routes, to_password_page

__all__ = ["AddressOf", "login_routes", "peer_address"]

AddressOf = Callable[[Request], Awaitable[str]]

FORM_LIFE_S = 3600
REFUSED: Notice = ("bad", "That e-mail address and password do not match. Check both and try again.")
SIGNED_OUT: Notice = ("good", "You are signed out.")


def login_routes(
    door: SignInDoor, address: AddressOf | None = None, openid: Callable[[], bool] = lambda: False
) -> list[Route]:
    """Return the sign-in and sign-out routes; ``address`` says where the browser of a request is.

    While ``openid`` says so, the form offers to sign in with a provider.
    """
    where = address or peer_address
    pages = _LoginPages(door, where, openid)
    return [
        Route("/auth/login", pages.show, methods=["GET"]),
        Route("/auth/login", pages.submit, methods=["POST"]),
        Route("/auth/logout", pages.ask, methods=["GET"]),
        Route("/auth/logout", pages.leave, methods=["POST"]),
        *password_routes(door, where),
    ]


async def peer_address(request: Request) -> str:
    """Return where the browser is, by what the server's front believes; nothing that a browser says is."""
    return request.client.host if request.client else ""


class _LoginPages:
    def __init__(self, door: SignInDoor, address: AddressOf, openid: Callable[[], bool]) -> None:
        self._door = door
        self._address = address
        self._openid = openid

    async def show(self, request: Request) -> Response:
        wanted = local_page(request.query_params.get("next"))
        token = session_token(request.scope)
        try:
            if token is not None and await self._door.is_open(token):
                return RedirectResponse(wanted, status_code=303)
        except SignInUnavailable as fault:
            return self._form(request, wanted, notice=("bad", str(fault)), status=503)
        notice = SIGNED_OUT if "signed_out" in request.query_params else None
        return self._form(request, wanted, notice=notice)

    async def submit(self, request: Request) -> Response:
        fields = await read_form(request)
        if fields is None:
            return too_large()
        wanted, email = local_page(fields.get("next")), fields.get("email", "")[:254]
        if not form_token_fits(request.cookies.get(PRE_SESSION_COOKIE), fields.get("csrf")):
            return self._form(request, wanted, email=email, notice=STALE_FORM, status=403)
        address = await self._address(request)
        try:
            opened = await self._door.sign_in(email, Secret(fields.get("password", "")), address, browser_of(request))
        except SignInRefused as refused:
            return self._refusal(request, wanted, email, refused.wait_s)
        except SignInUnavailable as fault:
            return self._form(request, wanted, email=email, notice=("bad", str(fault)), status=503)
        old = session_token(request.scope)
        if old is not None:
            with suppress(SignInUnavailable):
                await self._door.sign_out(old, address)
        return signed_in(request, to_password_page(wanted) if opened.must_change else wanted, opened.token)

    async def ask(self, request: Request) -> Response:
        token = session_token(request.scope)
        if token is None:
            return RedirectResponse("/auth/login", status_code=303)
        return html(sign_out_page(token=form_token(token)))

    async def leave(self, request: Request) -> Response:
        token = session_token(request.scope)
        if token is None:
            return RedirectResponse("/auth/login", status_code=303)
        fields = await read_form(request) or {}
        if not form_token_fits(token, fields.get("csrf")):
            return html(sign_out_page(token=form_token(token), notice=STALE_FORM), status=403)
        try:
            await self._door.sign_out(token, await self._address(request))
        except SignInUnavailable as fault:
            return html(sign_out_page(token=form_token(token), notice=("bad", str(fault))), status=503)
        response = RedirectResponse("/auth/login?signed_out", status_code=303)
        response.delete_cookie(
            cookie_name(secure=is_secure(request)), path="/", secure=is_secure(request), httponly=True, samesite="lax"
        )
        return response

    def _refusal(self, request: Request, wanted: str, email: str, wait_s: int) -> Response:
        if not wait_s:
            return self._form(request, wanted, email=email, notice=REFUSED, status=401)
        response = self._form(request, wanted, email=email, notice=("bad", too_many(wait_s)), status=429)
        response.headers["retry-after"] = str(wait_s)
        return response

    def _form(
        self, request: Request, wanted: str, *, email: str = "", notice: Notice | None = None, status: int = 200
    ) -> HTMLResponse:
        """Return the sign-in form with the cookie that it belongs to; one that is there stays, for other tabs."""
        seed = request.cookies.get(PRE_SESSION_COOKIE) or secrets.token_urlsafe(32)
        response = html(
            sign_in_page(token=form_token(seed), wanted=wanted, email=email, notice=notice, openid=self._there(wanted)),
            status=status,
        )
        response.set_cookie(
            PRE_SESSION_COOKIE,
            seed,
            max_age=FORM_LIFE_S,
            path="/auth/",
            secure=is_secure(request),
            httponly=True,
            samesite="lax",
        )
        return response

    def _there(self, wanted: str) -> str | None:
        """Return where signing in with a provider begins, None where there is none."""
        return f"{OPENID_START}?next={quote(wanted, safe='/')}" if self._openid() else None
