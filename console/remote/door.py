"""Signing in to the API: it checks passwords, slows guessing down and keeps the sessions; nothing is kept here."""

import secrets
from http.cookies import CookieError, SimpleCookie
from typing import Final

import httpx2

from console.remote.backend import RemoteConsole
from console.remote.faults import ApiMismatchError, ApiUnreachableError
from console.remote.link import ApiLink, session_cookie
from console.remote.outage import unreachable
from router_core.errors import UnauthorizedError
from router_core.security.sessions import COOKIE_NAME, SECURE_COOKIE_NAME
from router_core.types import Secret
from signalbox.sign_in.cookies import PRE_SESSION_COOKIE, form_token
from signalbox.sign_in.door import SignInRefused, SignInUnavailable
from signalbox.sign_in.served import VISITOR_HEADER

__all__ = ["RemoteDoor"]

LONGEST_WAIT_S: Final = 900


class RemoteDoor:
    """Hands e-mail address and password on, and the session's token back; raises :class:`SignInUnavailable`."""

    def __init__(self, console: RemoteConsole) -> None:
        self._console = console

    async def sign_in(self, email: str, password: Secret, address: str) -> str:
        """Return a new session's token. Raises :class:`SignInRefused`, whatever the reason, without naming it."""
        seed = secrets.token_urlsafe(32)
        form = {"email": email, "password": password.reveal(), "csrf": form_token(seed)}
        answer = await self._submit("/auth/login", form, f"{PRE_SESSION_COOKIE}={seed}", address)
        if answer.status_code == httpx2.codes.UNAUTHORIZED:
            raise SignInRefused
        if answer.status_code == httpx2.codes.TOO_MANY_REQUESTS:
            raise SignInRefused(_seconds(answer.headers.get("retry-after", "")))
        token = _session_token(answer)
        if token is None:
            raise SignInUnavailable("The API does not sign anybody in. Ask an operator to look at its version.")
        return token

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

    async def _submit(self, path: str, form: dict[str, str], cookie: str, address: str) -> httpx2.Response:
        link = self._console.link
        vouched = {} if link.key is None else {"authorization": f"Bearer {link.key.reveal()}", VISITOR_HEADER: address}
        try:
            return await link.submit(path, form, {"cookie": cookie, **vouched})
        except (ApiUnreachableError, ApiMismatchError) as error:
            raise _unavailable(error, link) from None


def _unavailable(error: ApiUnreachableError | ApiMismatchError, link: ApiLink) -> SignInUnavailable:
    if isinstance(error, ApiMismatchError):
        return SignInUnavailable(error.message)
    return SignInUnavailable(f"{unreachable(link)} Try again in a moment.")


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
