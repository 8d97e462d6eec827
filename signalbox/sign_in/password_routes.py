"""Choosing a password: in the place of another, or by an invitation."""

from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from router_core.admin.people import INVITATION_PATH
from router_core.types import Secret
from signalbox.sign_in.cookies import form_token, form_token_fits, session_token
from signalbox.sign_in.door import PasswordUnfit, SignInDoor, SignInRefused, SignInUnavailable
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
from signalbox.sign_in.page import Notice, invitation_page, password_page, spent_page

__all__ = ["INVITATION_COOKIE", "password_routes", "to_password_page"]

INVITATION_COOKIE: Final = "signalbox_invitation"
_HERE: Final = INVITATION_PATH.rstrip("/")
_COOKIE_LIFE_S: Final = 3600
_MOST_TOKEN: Final = 128
_DIFFERENT: Final[Notice] = ("bad", "The two new passwords are not the same. Type them again.")
_WRONG: Final[Notice] = ("bad", "The current password is not right. Check it and try again.")


def password_routes(door: SignInDoor, address: Callable[[Request], Awaitable[str]]) -> list[Route]:
    """Return the routes; ``address`` says where the browser of a request is."""
    own, invited = _OwnPassword(door, address), _Invitation(door, address)
    return [
        Route("/auth/password", own.show, methods=["GET"]),
        Route("/auth/password", own.submit, methods=["POST"]),
        Route(INVITATION_PATH + "{token}", invited.arrive, methods=["GET"]),
        Route(_HERE, invited.show, methods=["GET"]),
        Route(_HERE, invited.submit, methods=["POST"]),
    ]


def to_password_page(wanted: str) -> str:
    """Return where who has to choose a password first is sent, to go on to ``wanted`` after that."""
    return f"/auth/password?first=1&next={quote(wanted, safe='/')}"


def _fault(token: str, fields: dict[str, str]) -> tuple[Notice, int] | None:
    """Return what is wrong with a form, and its status, whoever sends it."""
    if not form_token_fits(token, fields.get("csrf")):
        return STALE_FORM, 403
    return (_DIFFERENT, 400) if fields.get("new") != fields.get("again") else None


class _OwnPassword:
    def __init__(self, door: SignInDoor, address: Callable[[Request], Awaitable[str]]) -> None:
        self._door = door
        self._address = address

    async def show(self, request: Request) -> Response:
        token = session_token(request.scope)
        if token is None:
            return RedirectResponse("/auth/login", status_code=303)
        return _own_page(request, token, local_page(request.query_params.get("next")))

    async def submit(self, request: Request) -> Response:
        token, fields = session_token(request.scope), await read_form(request)
        if fields is None or token is None:
            return too_large() if fields is None else RedirectResponse("/auth/login", status_code=303)
        wanted = local_page(fields.get("next"))
        wrong = _fault(token, fields)
        if wrong is not None:
            return _own_page(request, token, wanted, *wrong)
        old, new = Secret(fields.get("password", "")), Secret(fields.get("new", ""))
        try:
            opened = await self._door.change_password(
                token, old, new, await self._address(request), browser_of(request)
            )
        except SignInRefused as refused:
            return _refused(request, token, wanted, refused.wait_s)
        except (PasswordUnfit, SignInUnavailable) as fault:
            status = 400 if isinstance(fault, PasswordUnfit) else 503
            return _own_page(request, token, wanted, ("bad", str(fault)), status)
        return signed_in(request, wanted, opened.token)


def _own_page(request: Request, token: str, wanted: str, notice: Notice | None = None, status: int = 200) -> Response:
    first = request.query_params.get("first") == "1"
    return html(password_page(token=form_token(token), wanted=wanted, first=first, notice=notice), status)


def _refused(request: Request, token: str, wanted: str, wait_s: int) -> Response:
    if not wait_s:
        return _own_page(request, token, wanted, _WRONG, 401)
    response = _own_page(request, token, wanted, ("bad", too_many(wait_s)), 429)
    response.headers["retry-after"] = str(wait_s)
    return response


class _Invitation:
    """The token in the link goes into a cookie at once, so that no address bar, page or referrer shows it for long."""

    def __init__(self, door: SignInDoor, address: Callable[[Request], Awaitable[str]]) -> None:
        self._door = door
        self._address = address

    async def arrive(self, request: Request) -> Response:
        response = RedirectResponse(_HERE, status_code=303, headers={"referrer-policy": "no-referrer"})
        response.set_cookie(
            INVITATION_COOKIE,
            request.path_params["token"][:_MOST_TOKEN],
            max_age=_COOKIE_LIFE_S,
            path=_HERE,
            secure=is_secure(request),
            httponly=True,
            samesite="lax",
        )
        return response

    async def show(self, request: Request) -> Response:
        return await self._page(request.cookies.get(INVITATION_COOKIE, ""))

    async def submit(self, request: Request) -> Response:
        token, fields = request.cookies.get(INVITATION_COOKIE, ""), await read_form(request)
        if fields is None:
            return too_large()
        wrong = _fault(token, fields)
        if wrong is not None:
            return await self._page(token, *wrong)
        try:
            opened = await self._door.accept(
                token, Secret(fields.get("new", "")), await self._address(request), browser_of(request)
            )
        except SignInRefused:
            return html(spent_page(), 410)
        except (PasswordUnfit, SignInUnavailable) as fault:
            return await self._page(token, ("bad", str(fault)), 400 if isinstance(fault, PasswordUnfit) else 503)
        response = signed_in(request, "/", opened.token)
        response.delete_cookie(INVITATION_COOKIE, path=_HERE, secure=is_secure(request), httponly=True, samesite="lax")
        return response

    async def _page(self, token: str, notice: Notice | None = None, status: int = 200) -> Response:
        try:
            email = await self._door.invited(token) if token else None
        except SignInUnavailable as fault:
            email, notice, status = "", ("bad", str(fault)), 503
        if email is None:
            return html(spent_page(), 410)
        return html(invitation_page(token=form_token(token), email=email, notice=notice), status)
