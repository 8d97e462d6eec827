"""The connection to the API: one client for all visitors, each call with the session it is made for and no other."""

import asyncio
import re
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, Final, Protocol

import httpx2
import msgspec
from msgspec import Struct

from console.remote.answers import refusal
from console.remote.faults import ApiMismatchError, ApiUnreachableError
from router_core.api.deps import ConsoleGreeting
from router_core.clock import Clock
from router_core.errors import LLMError, UnauthorizedError
from router_core.security.sessions import COOKIE_NAME, SECURE_COOKIE_NAME
from router_core.types import Secret

__all__ = ["ApiLink", "Outage", "Reachable", "open_client", "session_cookie"]

DIGEST_HEADER: Final = "x-signalbox-console"
# Our own Fetch metadata: the API refuses a session that another site's page uses, and we are its own page.
_OWN_PAGES: Final = {"sec-fetch-site": "same-origin", "content-type": "application/json"}
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")
# Shorter than the bridge's own patience, so that a visitor reads what is wrong.
_TIMEOUT: Final = httpx2.Timeout(25.0, connect=3.0, pool=5.0)
_GREETING_TIMEOUT: Final = httpx2.Timeout(5.0, connect=3.0)
_LIMITS: Final = httpx2.Limits(max_connections=200, max_keepalive_connections=50, keepalive_expiry=30.0)
PROBE_PAUSE_S: Final = 1.0
PATIENCE_S: Final = 3.0
WATCH_S: Final = 3.0
_NOT_NOW: Final = frozenset({502, 503, 504})
_THERE: Final = "the API answers"


class Outage(Struct, frozen=True):
    """Since when the API cannot be used, and why."""

    since: datetime
    reason: str


class Reachable(Protocol):
    """What is known of whether an API elsewhere can be reached."""

    @property
    def clock(self) -> Clock:
        """The clock that outages are told by."""
        ...

    @property
    def outage(self) -> Outage | None:
        """Since when the API is lost, None while it is not."""
        ...


def open_client(url: str, *, transport: httpx2.AsyncBaseTransport | None = None) -> httpx2.AsyncClient:
    """Return a client of the API at ``url`` that checks certificates and keeps no cookie of any answer."""
    return httpx2.AsyncClient(
        base_url=url,
        verify=ssl.create_default_context(),
        timeout=_TIMEOUT,
        limits=_LIMITS,
        trust_env=False,
        follow_redirects=False,
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
        transport=transport,
    )


class ApiLink:
    """Calls the API at ``url``. While it is lost, calls are refused at once and :meth:`run` asks until it is back."""

    def __init__(
        self,
        http: httpx2.AsyncClient,
        url: str,
        own: ConsoleGreeting,
        clock: Clock,
        *,
        key: Secret | None = None,
        patience_s: float = PATIENCE_S,
        watch_s: float = WATCH_S,
    ) -> None:
        self.url = url
        self.clock = clock
        self._http = http
        self._own = own
        self._key = key
        self._patience_s, self._watch_s = patience_s, watch_s
        self._outage: Outage | None = None
        self._lost = asyncio.Event()

    @property
    def outage(self) -> Outage | None:
        """Since when the API is lost, None while it is not."""
        return self._outage

    @property
    def key(self) -> Secret | None:
        """The admin key that vouches for what this console says about its visitors, None without one."""
        return self._key

    async def greet(self) -> None:
        """Ask which console the API fits.

        Raises :class:`ApiUnreachableError`, and :class:`ApiMismatchError` that names both versions.
        """
        try:
            answer = await self._http.get("/api/console/hello", timeout=_GREETING_TIMEOUT)
        except httpx2.TransportError as error:
            raise self._broken(error) from None
        try:
            found = msgspec.json.decode(answer.content, type=ConsoleGreeting)
        except msgspec.DecodeError:
            found = None
        if answer.status_code in _NOT_NOW:
            raise self._lose("it answers that it cannot serve now")
        if answer.status_code != httpx2.codes.OK or found is None:
            raise ApiMismatchError(
                f"What answers in place of the API is no Signalbox of this version ({self._own.version})."
            )
        self._outage = None
        if found.digest != self._own.digest:
            raise ApiMismatchError(
                f"This console is Signalbox {self._own.version} (calls {self._own.digest}), the API is "
                f"{found.version} (calls {found.digest}). Run the same version on both."
            )

    async def run(self, log: Any) -> None:
        """Greet the API every few seconds, every second while it is lost; the log tells of changes.

        So it is known to be lost when nobody asks it for anything.
        """
        said = ""
        while True:
            word = await self._look()
            if word != said:
                (log.info if word == _THERE else log.warning)(word, api=self.url)
                said = word
            if self._outage is not None:
                await self.clock.sleep(PROBE_PAUSE_S)
            else:
                self._lost.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._watch_s):
                        await self._lost.wait()

    async def _look(self) -> str:
        """Greet the API and return how it is, in words."""
        try:
            await self.greet()
        except ApiUnreachableError as error:
            return f"the API cannot be reached: {error.message}"
        except ApiMismatchError as error:
            return error.message
        return _THERE

    async def call(self, path: str, token: str, body: bytes) -> httpx2.Response:
        """Return the API's good answer to a call in the name of whoever has the session ``token``.

        Raises what the call raised there, :class:`UnauthorizedError` when the session has ended, and what stands
        between.
        """
        self._require_link()
        try:
            answer = await self._patiently(self._http.post(path, headers=self._headers(token), content=body))
        except httpx2.TransportError as error:
            raise self._broken(error) from None
        if answer.status_code != httpx2.codes.OK:
            raise await self._refused(answer)
        return answer

    @asynccontextmanager
    async def lines(self, path: str, token: str, body: bytes) -> AsyncGenerator[AsyncIterator[bytes], None]:
        """Give the lines of an answer as they come; leaving ends the call. Raises as :meth:`call` does."""
        self._require_link()
        try:
            async with self._http.stream("POST", path, headers=self._headers(token), content=body) as answer:
                if answer.status_code != httpx2.codes.OK:
                    await answer.aread()
                    raise await self._refused(answer)
                yield _lines(answer.aiter_bytes())
        except httpx2.TransportError as error:
            raise self._broken(error) from None

    @asynccontextmanager
    async def passed_through(self, path: str, headers: Mapping[str, str]) -> AsyncGenerator[httpx2.Response, None]:
        """Give the answer to a GET as it comes, whatever it is. Raises :class:`ApiUnreachableError`."""
        self._require_link()
        try:
            async with self._http.stream("GET", path, headers=dict(headers)) as answer:
                yield answer
        except httpx2.TransportError as error:
            raise self._broken(error) from None

    async def submit(self, path: str, form: Mapping[str, str], headers: Mapping[str, str]) -> httpx2.Response:
        """Return the answer to a form, whatever it is. Raises :class:`ApiUnreachableError`."""
        self._require_link()
        try:
            return await self._http.post(path, data=dict(form), headers=dict(headers))
        except httpx2.TransportError as error:
            raise self._broken(error) from None

    # --- inside ----------------------------------------------------------------------------------------------------

    def _headers(self, token: str) -> dict[str, str]:
        return {**_OWN_PAGES, DIGEST_HEADER: self._own.digest, "cookie": session_cookie(token)}

    def _require_link(self) -> None:
        if self._outage is not None:
            raise ApiUnreachableError(self._outage.reason)

    async def _patiently(self, asking: Coroutine[Any, Any, httpx2.Response]) -> httpx2.Response:
        """Return the answer; while it does not come, see every few seconds whether the API answers at all.

        An API that hangs is lost for everybody within seconds; one that only works at a long answer is not.
        """
        task = asyncio.ensure_future(asking)
        try:
            while not (await asyncio.wait((task,), timeout=self._patience_s))[0]:
                await self.greet()
            return task.result()
        finally:
            task.cancel()

    def _broken(self, error: httpx2.TransportError) -> ApiUnreachableError:
        if isinstance(error, httpx2.PoolTimeout):  # Our own crowd, which says nothing about the API.
            return ApiUnreachableError("this console has too many calls under way")
        return self._lose(_why(error))

    def _lose(self, reason: str) -> ApiUnreachableError:
        if self._outage is None:
            self._outage = Outage(self.clock.utcnow(), reason)
        self._lost.set()
        return ApiUnreachableError(reason)

    async def _refused(self, answer: httpx2.Response) -> LLMError:
        """Return what to raise for an answer that is not a good one."""
        error = refusal(answer.content)
        if answer.status_code in _NOT_NOW and error is None:
            return self._lose("it answers that it cannot serve now")
        stamp = answer.headers.get(DIGEST_HEADER)
        if error is None or (stamp is not None and stamp != self._own.digest):
            try:
                await self.greet()
            except (ApiMismatchError, ApiUnreachableError) as fault:
                return fault
        return error or ApiMismatchError(f"The API answered {answer.status_code} without a reason.")


def session_cookie(token: str) -> str:
    """Return a Cookie header with the session, under both names, since only the API knows how it is reached.

    Raises :class:`UnauthorizedError` for what can be no session's token.
    """
    if _TOKEN.fullmatch(token) is None:
        raise UnauthorizedError("The session has ended")
    return f"{COOKIE_NAME}={token}; {SECURE_COOKIE_NAME}={token}"


async def _lines(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield whole lines; they end in a line feed only, since texts inside hold other marks that end lines."""
    rest = b""
    async for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            yield line


def _why(error: httpx2.TransportError) -> str:
    """Return in words why there is no answer."""
    match error:
        case httpx2.ConnectTimeout():
            return "no connection within a few seconds"
        case httpx2.TimeoutException():
            return "no answer in time"
        case httpx2.ConnectError():
            return "the connection was refused or the host is not known"
        case _:
            return "the connection broke"
