"""Signing in and out: plain routes, because Streamlit scripts cannot set cookies."""

import secrets
from collections.abc import Awaitable, Callable
from contextlib import suppress
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from router_core.types import Secret
from signalbox.sign_in.cookies import PRE_SESSION_COOKIE, cookie_name, form_token, form_token_fits, session_token
from signalbox.sign_in.door import SignInDoor, SignInRefused, SignInUnavailable
from signalbox.sign_in.page import Notice, sign_in_page, sign_out_page

__all__ = ["PAGE_HEADERS", "AddressOf", "local_page", "login_routes", "peer_address"]

AddressOf = Callable[[Request], Awaitable[str]]

MAX_FORM_BYTES = 16 * 1024
MAX_FORM_FIELDS = 16
COOKIE_LIFE_S = 12 * 3600
FORM_LIFE_S = 3600
REFUSED: Notice = ("bad", "That e-mail address and password do not match. Check both and try again.")
STALE_FORM: Notice = ("bad", "This form had expired. Please try again.")
PAGE_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; font-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
}
SIGNED_OUT: Notice = ("good", "You are signed out.")


def login_routes(door: SignInDoor, address: AddressOf | None = None) -> list[Route]:
    """Return the sign-in and sign-out routes; ``address`` says where the browser of a request is."""
    pages = _LoginPages(door, address or peer_address)
    return [
        Route("/auth/login", pages.show, methods=["GET"]),
        Route("/auth/login", pages.submit, methods=["POST"]),
        Route("/auth/logout", pages.ask, methods=["GET"]),
        Route("/auth/logout", pages.leave, methods=["POST"]),
    ]


def local_page(wanted: str | None) -> str:
    """Return ``wanted`` when it is a page of this console, else ``/``."""
    text = wanted or "/"
    if not text.startswith("/") or text.startswith("//") or "\\" in text or not text.isprintable():
        return "/"
    parts = urlsplit(text)
    return "/" if parts.scheme or parts.netloc or parts.path.startswith("/auth/") else text


async def peer_address(request: Request) -> str:
    """Return where the browser is, by what the server's front believes; nothing that a browser says is."""
    return request.client.host if request.client else ""


class _LoginPages:
    def __init__(self, door: SignInDoor, address: AddressOf) -> None:
        self._door = door
        self._address = address

    async def show(self, request: Request) -> Response:
        wanted = local_page(request.query_params.get("next"))
        token = session_token(request.scope)
        try:
            if token is not None and await self._door.is_open(token):
                return RedirectResponse(wanted, status_code=303)
        except SignInUnavailable as fault:
            return _form(request, wanted, notice=("bad", str(fault)), status=503)
        notice = SIGNED_OUT if "signed_out" in request.query_params else None
        return _form(request, wanted, notice=notice)

    async def submit(self, request: Request) -> Response:
        fields = await _read_form(request)
        if fields is None:
            return Response("The form is too large.\n", status_code=413, media_type="text/plain")
        wanted, email = local_page(fields.get("next")), fields.get("email", "")[:254]
        if not form_token_fits(request.cookies.get(PRE_SESSION_COOKIE), fields.get("csrf")):
            return _form(request, wanted, email=email, notice=STALE_FORM, status=403)
        address = await self._address(request)
        try:
            token = await self._door.sign_in(email, Secret(fields.get("password", "")), address)
        except SignInRefused as refused:
            return _refusal(request, wanted, email, refused.wait_s)
        except SignInUnavailable as fault:
            return _form(request, wanted, email=email, notice=("bad", str(fault)), status=503)
        old = session_token(request.scope)
        if old is not None:
            with suppress(SignInUnavailable):
                await self._door.sign_out(old, address)
        return _signed_in(request, wanted, token)

    async def ask(self, request: Request) -> Response:
        token = session_token(request.scope)
        if token is None:
            return RedirectResponse("/auth/login", status_code=303)
        return _html(sign_out_page(token=form_token(token)))

    async def leave(self, request: Request) -> Response:
        token = session_token(request.scope)
        if token is None:
            return RedirectResponse("/auth/login", status_code=303)
        fields = await _read_form(request) or {}
        if not form_token_fits(token, fields.get("csrf")):
            return _html(sign_out_page(token=form_token(token), notice=STALE_FORM), status=403)
        try:
            await self._door.sign_out(token, await self._address(request))
        except SignInUnavailable as fault:
            return _html(sign_out_page(token=form_token(token), notice=("bad", str(fault))), status=503)
        response = RedirectResponse("/auth/login?signed_out", status_code=303)
        response.delete_cookie(
            cookie_name(secure=_secure(request)), path="/", secure=_secure(request), httponly=True, samesite="lax"
        )
        return response


def _refusal(request: Request, wanted: str, email: str, wait_s: int) -> Response:
    if not wait_s:
        return _form(request, wanted, email=email, notice=REFUSED, status=401)
    sentence = f"Too many attempts. Try again in {wait_s} seconds."
    response = _form(request, wanted, email=email, notice=("bad", sentence), status=429)
    response.headers["retry-after"] = str(wait_s)
    return response


def _signed_in(request: Request, wanted: str, token: str) -> Response:
    secure = _secure(request)
    response = RedirectResponse(wanted, status_code=303)
    response.set_cookie(
        cookie_name(secure=secure),
        token,
        max_age=COOKIE_LIFE_S,
        path="/",
        secure=secure,
        httponly=True,
        samesite="lax",
    )
    response.delete_cookie(PRE_SESSION_COOKIE, path="/auth/", secure=secure, httponly=True, samesite="lax")
    return response


def _form(
    request: Request, wanted: str, *, email: str = "", notice: Notice | None = None, status: int = 200
) -> HTMLResponse:
    """Return the sign-in form with the cookie it belongs to; a cookie that is there already stays, for other tabs."""
    seed = request.cookies.get(PRE_SESSION_COOKIE) or secrets.token_urlsafe(32)
    response = _html(sign_in_page(token=form_token(seed), wanted=wanted, email=email, notice=notice), status=status)
    response.set_cookie(
        PRE_SESSION_COOKIE,
        seed,
        max_age=FORM_LIFE_S,
        path="/auth/",
        secure=_secure(request),
        httponly=True,
        samesite="lax",
    )
    return response


def _html(page: str, status: int = 200) -> HTMLResponse:
    return HTMLResponse(page, status_code=status, headers=PAGE_HEADERS)


async def _read_form(request: Request) -> dict[str, str] | None:
    """Return the fields of an URL-encoded form, None for one that is too large."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_FORM_BYTES:
            return None
    try:
        pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MAX_FORM_FIELDS)
    except ValueError:
        return {}
    return dict(pairs)


def _secure(request: Request) -> bool:
    return request.url.scheme == "https"
