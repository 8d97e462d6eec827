"""Signing in to the API: it checks passwords, slows guessing down and keeps the sessions; nothing is kept here."""

import re
import secrets
from html import unescape
from http.cookies import CookieError, SimpleCookie
from typing import Final
from urllib.parse import quote

import httpx2

from console.remote.backend import RemoteConsole
from console.remote.faults import ApiMismatchError, ApiUnreachableError
from console.remote.link import ApiLink, session_cookie
from console.remote.outage import unreachable
from router_core.admin.people import INVITATION_PATH
from router_core.errors import UnauthorizedError
from router_core.security.sessions import COOKIE_NAME, SECURE_COOKIE_NAME
from router_core.types import Secret
from signalbox.sign_in.cookies import PRE_SESSION_COOKIE, form_token
from signalbox.sign_in.door import PasswordUnfit, SignedIn, SignInRefused, SignInUnavailable
from signalbox.sign_in.password_routes import INVITATION_COOKIE
from signalbox.sign_in.served import VISITOR_HEADER

__all__ = ["RemoteDoor"]

LONGEST_WAIT_S: Final = 900
_INVITATION: Final = INVITATION_PATH.rstrip("/")
_INVITED: Final = re.compile(r'name="email" autocomplete="username" value="([^"]*)"')
_NOTICE: Final = re.compile(r'id="notice".*?<span>(.*?)</span>', re.DOTALL)


class RemoteDoor:
    """Hands e-mail address and password on, and the session's token back; raises :class:`SignInUnavailable`."""

    def __init__(self, console: RemoteConsole) -> None:
        self._console = console

    async def sign_in(self, email: str, password: Secret, address: str, browser: str = "") -> SignedIn:
        """Return a new session. Raises :class:`SignInRefused`, whatever the reason, without naming it."""
        seed = secrets.token_urlsafe(32)
        form = {"email": email, "password": password.reveal(), "csrf": form_token(seed)}
        answer = await self._submit("/auth/login", form, f"{PRE_SESSION_COOKIE}={seed}", address, browser)
        _require_taken(answer)
        return _opened(answer)

    async def change_password(self, token: str, old: Secret, new: Secret, address: str, browser: str = "") -> SignedIn:
        """Change the password of whose session it is; return the only session that they have then."""
        plain = new.reveal()
        form = {"password": old.reveal(), "new": plain, "again": plain, "csrf": form_token(token)}
        self._console.forget(token)
        answer = await self._submit("/auth/password", form, _cookie_of(token), address, browser)
        _require_taken(answer)
        return _opened(answer)

    async def invited(self, invitation: str) -> str | None:
        """Return the address of whoever was invited with that token, None when it is not good any more."""
        link = self._console.link
        try:
            async with link.passed_through(_INVITATION, {"cookie": f"{INVITATION_COOKIE}={quote(invitation)}"}) as page:
                text = (await page.aread()).decode()
        except (ApiUnreachableError, ApiMismatchError) as error:
            raise _unavailable(error, link) from None
        found = _INVITED.search(text) if page.status_code == httpx2.codes.OK else None
        return unescape(found[1]) if found else None

    async def accept(self, invitation: str, password: Secret, address: str, browser: str = "") -> SignedIn:
        """Give the invited person that password; return a session."""
        plain = password.reveal()
        form = {"new": plain, "again": plain, "csrf": form_token(invitation)}
        cookie = f"{INVITATION_COOKIE}={quote(invitation)}"
        answer = await self._submit(_INVITATION, form, cookie, address, browser)
        _require_taken(answer)
        return _opened(answer)

    async def sign_out(self, token: str, address: str) -> None:
        """End the session of ``token``, if there is one."""
        try:
            cookie = session_cookie(token)
        except UnauthorizedError:
            return
        self._console.forget(token)
        await self._submit("/auth/logout", {"csrf": form_token(token)}, cookie, address)

    async def is_open(self, token: str) -> bool:
        """Say whether ``token`` opens a session."""
        try:
            return await self._console.visitor(token, touch=False) is not None
        except (ApiUnreachableError, ApiMismatchError) as error:
            raise _unavailable(error, self._console.link) from None

    async def _submit(
        self, path: str, form: dict[str, str], cookie: str, address: str, browser: str = ""
    ) -> httpx2.Response:
        link = self._console.link
        vouched = {} if link.key is None else {"authorization": f"Bearer {link.key.reveal()}", VISITOR_HEADER: address}
        try:
            return await link.submit(path, form, {"cookie": cookie, "user-agent": browser, **vouched})
        except (ApiUnreachableError, ApiMismatchError) as error:
            raise _unavailable(error, link) from None


def _unavailable(error: ApiUnreachableError | ApiMismatchError, link: ApiLink) -> SignInUnavailable:
    if isinstance(error, ApiMismatchError):
        return SignInUnavailable(error.message)
    return SignInUnavailable(f"{unreachable(link)} Try again in a moment.")


def _require_taken(answer: httpx2.Response) -> None:
    """Raise what the API's own page says is in the way."""
    if answer.status_code in (httpx2.codes.UNAUTHORIZED, httpx2.codes.GONE):
        raise SignInRefused
    if answer.status_code == httpx2.codes.TOO_MANY_REQUESTS:
        raise SignInRefused(_seconds(answer.headers.get("retry-after", "")))
    found = _NOTICE.search(answer.text) if answer.status_code == httpx2.codes.BAD_REQUEST else None
    if found:
        raise PasswordUnfit(unescape(found[1]))


def _opened(answer: httpx2.Response) -> SignedIn:
    token = _session_token(answer)
    if token is None:
        raise SignInUnavailable("The API does not sign anybody in. Ask an operator to look at its version.")
    return SignedIn(token, answer.headers.get("location", "").startswith("/auth/password"))


def _cookie_of(token: str) -> str:
    try:
        return session_cookie(token)
    except UnauthorizedError:
        raise SignInRefused from None


def _seconds(text: str) -> int:
    return min(int(text), LONGEST_WAIT_S) if text.isascii() and text.isdigit() else LONGEST_WAIT_S


def _session_token(answer: httpx2.Response) -> str | None:
    for header in answer.headers.get_list("set-cookie"):
        try:
            cookie = SimpleCookie(header)
        except CookieError:
            continue
        for name in (SECURE_COOKIE_NAME, COOKIE_NAME):
            if name in cookie and cookie[name].value:
                return cookie[name].value
    return None
