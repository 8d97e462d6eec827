"""What stands between a console and its API: outages, other versions, sessions that end, and nobody else's cookie."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx2
import msgspec
import pytest

from console.remote.door import RemoteDoor
from console.remote.faults import ApiMismatchError, ApiUnreachableError
from console.remote.link import ApiLink
from console.remote.visitors import FRESH_S, Visitors, person_digest
from router_core.api.deps import ConsoleGreeting
from router_core.errors import ForbiddenError, InternalError, UnauthorizedError
from router_core.types import LLMRequest, Principal, Secret
from signalbox.screens.answering import own_greeting
from signalbox.sign_in.door import SignedIn, SignInRefused, SignInUnavailable
from tests.console.console_fakes import OWNER, VIEWER
from tests.support.fake_clock import FakeClock
from tests.support.remote_rig import console_over

GREETING = own_greeting()
STAMP = {"x-signalbox-console": GREETING.digest, "x-signalbox-person": person_digest(OWNER)}
TRIES = 200


class Api:
    """Answers as told; keeps what it was asked. ``down`` breaks every connection."""

    def __init__(self) -> None:
        self.down: Exception | None = None
        self.greeting: Any = GREETING
        self.answer = httpx2.Response(200, content=b"[]", headers=STAMP)
        self.people = {"owner-token": OWNER, "viewer-token": VIEWER}
        self.asked: list[httpx2.Request] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        if self.down is not None:
            raise self.down
        self.asked.append(request)
        path = request.url.path
        if path == "/api/console/hello":
            return httpx2.Response(200, content=msgspec.json.encode(self.greeting))
        if path == "/api/console/visit":
            person = next((who for token, who in self.people.items() if token in request.headers["cookie"]), None)
            if person is None:
                return httpx2.Response(401, json={"error": {"code": "UNAUTHORIZED", "message": "over"}})
            return httpx2.Response(200, content=msgspec.json.encode(person), headers=STAMP)
        return httpx2.Response(self.answer.status_code, content=self.answer.content, headers=self.answer.headers)

    @property
    def paths(self) -> list[str]:
        return [each.url.path for each in self.asked]


class Log:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def info(self, event: str, **_: Any) -> None:
        self.said.append(event)

    warning = info


async def comes_true(condition: Callable[[], bool]) -> bool:
    for _ in range(TRIES):
        if condition():
            return True
        await asyncio.sleep(0)
    return condition()


@pytest.mark.parametrize(
    "fault",
    [
        httpx2.ConnectError("refused"),
        httpx2.ConnectTimeout("slow"),
        httpx2.ReadTimeout("hung"),
        httpx2.ReadError("cut"),
    ],
    ids=lambda fault: type(fault).__name__,
)
async def test_a_lost_api_is_told_at_once_and_calls_go_on_when_it_is_back(fault: Exception) -> None:
    api, log = Api(), Log()
    async with httpx2.AsyncClient(base_url="http://api.test", transport=httpx2.MockTransport(api)) as http:
        link = ApiLink(http, "http://api.test", GREETING, FakeClock())
        watching = asyncio.create_task(link.run(log))
        assert await comes_true(lambda: log.said == ["the API answers"])
        api.down = fault
        with pytest.raises(ApiUnreachableError):
            await link.call("/api/console/calls/leases.list", "owner-token", b"{}")
        assert link.outage is not None
        assert await comes_true(lambda: len(log.said) == 2)
        api.down = None
        assert await comes_true(lambda: link.outage is None)
        answer = await link.call("/api/console/calls/leases.list", "owner-token", b"{}")
        assert answer.content == b"[]"
        assert log.said[2] == "the API answers"
        watching.cancel()


async def test_an_api_is_known_to_be_lost_and_back_when_nobody_asks_it_for_anything() -> None:
    api, log = Api(), Log()
    async with httpx2.AsyncClient(base_url="http://api.test", transport=httpx2.MockTransport(api)) as http:
        link = ApiLink(http, "http://api.test", GREETING, FakeClock(), watch_s=0)
        watching = asyncio.create_task(link.run(log))
        assert await comes_true(lambda: log.said == ["the API answers"])
        api.down = httpx2.ConnectError("refused")
        assert await comes_true(lambda: link.outage is not None)
        api.down = None
        assert await comes_true(lambda: link.outage is None)
        assert set(api.paths) == {"/api/console/hello"}
        watching.cancel()


async def test_an_api_that_hangs_is_lost_long_before_its_answer_is_given_up() -> None:
    """Its port takes connections and nothing answers, the greeting neither."""
    asked: list[str] = []

    async def hang(request: httpx2.Request) -> httpx2.Response:
        asked.append(request.url.path)
        if request.url.path == "/api/console/hello":
            raise httpx2.ReadTimeout("hung")
        await asyncio.Event().wait()
        raise AssertionError("nobody answers")

    async with httpx2.AsyncClient(base_url="http://api.test", transport=httpx2.MockTransport(hang)) as http:
        link = ApiLink(http, "http://api.test", GREETING, FakeClock(), patience_s=0.01)
        async with asyncio.timeout(5):
            with pytest.raises(ApiUnreachableError):
                await link.call("/api/console/calls/leases.list", "owner-token", b"{}")
    assert asked == ["/api/console/calls/leases.list", "/api/console/hello"]
    assert link.outage is not None


async def test_a_long_answer_is_waited_for_as_long_as_the_api_answers_at_all() -> None:
    greetings, enough = [], asyncio.Event()

    async def work(request: httpx2.Request) -> httpx2.Response:
        if request.url.path == "/api/console/hello":
            greetings.append(request)
            if len(greetings) == 3:
                enough.set()
            return httpx2.Response(200, content=msgspec.json.encode(GREETING))
        await enough.wait()
        return httpx2.Response(200, content=b"[]", headers=STAMP)

    async with httpx2.AsyncClient(base_url="http://api.test", transport=httpx2.MockTransport(work)) as http:
        link = ApiLink(http, "http://api.test", GREETING, FakeClock(), patience_s=0.01)
        assert (await link.call("/api/console/calls/leases.list", "owner-token", b"{}")).content == b"[]"
    assert link.outage is None


async def test_while_the_api_is_lost_no_visitor_waits_for_it() -> None:
    api = Api()
    async with console_over(httpx2.MockTransport(api)) as console:
        api.down = httpx2.ConnectError("refused")
        with pytest.raises(ApiUnreachableError):
            await console.visitor("owner-token", touch=True)
        api.down = None
        with pytest.raises(ApiUnreachableError):
            await console.visitor("owner-token", touch=True)
        assert api.asked == []
        await console.link.greet()
        assert await console.visitor("owner-token", touch=True) == OWNER


@pytest.mark.parametrize("status", [502, 503, 504])
async def test_an_api_that_is_starting_or_behind_a_proxy_that_cannot_reach_it_is_lost_too(status: int) -> None:
    api = Api()
    api.answer = httpx2.Response(status, content=b"<html>bad gateway</html>")
    async with console_over(httpx2.MockTransport(api)) as console:
        with pytest.raises(ApiUnreachableError):
            await console.backend("owner-token").leases.list(OWNER)


@pytest.mark.parametrize(
    ("greeting", "words"),
    [
        (ConsoleGreeting(version="9.9.9", digest="0123456789abcdef"), "9.9.9"),
        ({"hello": "I am something else"}, "no Signalbox"),
        ("<html>", "no Signalbox"),
    ],
)
async def test_an_api_of_another_version_is_named_and_not_decoded(greeting: Any, words: str) -> None:
    api = Api()
    api.greeting = greeting
    api.answer = httpx2.Response(409, json={"error": {"code": "VERSION_MISMATCH", "message": "other"}})
    async with console_over(httpx2.MockTransport(api)) as console:
        with pytest.raises(ApiMismatchError, match=words):
            await console.link.greet()
        with pytest.raises(ApiMismatchError, match=words):
            await console.backend("owner-token").leases.list(OWNER)


async def test_an_answer_that_is_no_answer_of_the_call_is_a_mismatch_not_a_crash() -> None:
    api = Api()
    api.answer = httpx2.Response(200, content=b'{"surprise": 1}', headers=STAMP)
    async with console_over(httpx2.MockTransport(api)) as console:
        with pytest.raises(ApiMismatchError):
            await console.backend("owner-token").leases.list(OWNER)


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("FORBIDDEN", 403, ForbiddenError),
        ("UNAUTHORIZED", 401, UnauthorizedError),
        ("INTERNAL_ERROR", 500, InternalError),
    ],
)
async def test_what_is_refused_before_the_call_is_raised_by_its_code(
    code: str, status: int, kind: type[Exception]
) -> None:
    api = Api()
    api.answer = httpx2.Response(status, json={"error": {"code": code, "message": "no"}})
    async with console_over(httpx2.MockTransport(api)) as console:
        with pytest.raises(kind):
            await console.backend("owner-token").leases.list(OWNER)


async def test_calls_carry_the_session_they_are_made_for_and_no_cookie_of_any_answer() -> None:
    """One client serves all visitors: a cookie that it kept would be somebody else's session."""
    api = Api()
    api.answer.headers["set-cookie"] = "signalbox_session=viewer-token; Path=/"
    async with console_over(httpx2.MockTransport(api)) as console:
        for token in ("viewer-token", "owner-token", "viewer-token"):
            await console.backend(token).leases.list(OWNER)
            assert api.asked[-1].headers["cookie"].count(token) == 2
            assert api.asked[-1].headers["cookie"].count("-token") == 2


@pytest.mark.parametrize(
    "token", ["", "a b", "x;signalbox_session=owner-token", "x\r\nx-api-key: y", "ü" * 8, "x" * 129]
)
async def test_what_can_be_no_token_is_sent_nowhere(token: str) -> None:
    api = Api()
    async with console_over(httpx2.MockTransport(api)) as console:
        assert await console.visitor(token, touch=False) is None
        assert api.asked == []


async def test_a_tick_asks_who_is_looking_only_when_that_is_not_known_for_sure() -> None:
    api = Api()
    async with console_over(httpx2.MockTransport(api)) as console:
        for _ in range(3):
            assert await console.visitor("owner-token", touch=False) == OWNER
            await console.backend("owner-token").leases.list(OWNER)
        assert api.paths.count("/api/console/visit") == 1
        assert await console.visitor("owner-token", touch=True) == OWNER
        assert api.paths.count("/api/console/visit") == 2


async def test_a_session_that_ended_there_is_over_here_with_the_next_call() -> None:
    api = Api()
    async with console_over(httpx2.MockTransport(api)) as console:
        assert await console.visitor("owner-token", touch=False) == OWNER
        api.people.clear()
        api.answer = httpx2.Response(401, json={"error": {"code": "UNAUTHORIZED", "message": "over"}})
        with pytest.raises(UnauthorizedError):
            await console.backend("owner-token").leases.list(OWNER)
        assert await console.visitor("owner-token", touch=False) is None


def test_a_visitor_is_known_for_seconds_longer_by_answers_for_them_and_not_by_answers_for_another_role() -> None:
    clock = FakeClock()
    visitors = Visitors(clock)
    visitors.learn("t", OWNER)
    clock.advance(FRESH_S - 1)
    visitors.confirm("t", person_digest(OWNER))
    clock.advance(FRESH_S - 1)
    assert visitors.known("t") == OWNER
    visitors.confirm("t", person_digest(msgspec.structs.replace(OWNER, role="viewer")))
    assert visitors.known("t") is None
    visitors.learn("t", OWNER)
    clock.advance(FRESH_S)
    assert visitors.known("t") is None
    assert visitors.known("another") is None


@pytest.mark.parametrize("body", [b'["StartPart", ["a"]]\n', b'["TextDelta",', b'["Surprise", {}]\nnull\n', b""])
async def test_a_stream_that_breaks_off_or_cannot_be_read_is_an_error(body: bytes) -> None:
    api = Api()
    api.answer = httpx2.Response(200, content=body, headers=STAMP)
    async with console_over(httpx2.MockTransport(api)) as console:
        parts = console.backend("owner-token").stream(OWNER, LLMRequest(prompt="hello"), "turn-1")
        with pytest.raises((ApiUnreachableError, ApiMismatchError)):
            _ = [each async for each in parts]


@pytest.mark.parametrize(
    ("answer", "raised", "wait"),
    [
        (httpx2.Response(401), SignInRefused, 0),
        (httpx2.Response(429, headers={"retry-after": "17"}), SignInRefused, 17),
        (httpx2.Response(429), SignInRefused, 900),
        (httpx2.Response(404), SignInUnavailable, None),
        (httpx2.Response(303, headers={"location": "/"}), SignInUnavailable, None),
    ],
)
async def test_how_the_api_takes_a_sign_in_is_told_to_the_person(
    answer: httpx2.Response, raised: type[Exception], wait: int | None
) -> None:
    api = Api()
    api.answer = answer
    async with console_over(httpx2.MockTransport(api)) as console:
        with pytest.raises(raised) as refused:
            await RemoteDoor(console).sign_in("ada@example.com", Secret("wrong"), "10.0.0.1")
        assert getattr(refused.value, "wait_s", None) == wait


@pytest.mark.parametrize("key", [None, Secret("sbx_admin")])
async def test_where_the_visitor_is_goes_along_only_with_a_key_that_vouches_for_it(key: Secret | None) -> None:
    api = Api()
    api.answer = httpx2.Response(303, headers={"set-cookie": "__Host-signalbox_session=abc; Path=/; Secure"})
    async with console_over(httpx2.MockTransport(api), key=key) as console:
        assert await RemoteDoor(console).sign_in("ada@example.com", Secret("right"), "10.0.0.1") == SignedIn("abc")
    headers = api.asked[-1].headers
    assert headers.get("x-signalbox-visitor") == (None if key is None else "10.0.0.1")
    assert headers.get("authorization") == (None if key is None else "Bearer sbx_admin")


def test_a_person_is_told_apart_by_everything_that_decides_what_they_may_see() -> None:
    other = Principal(kind="person", id=OWNER.id, name=OWNER.name, role=OWNER.role, accounts=("acme", "other"))
    assert person_digest(other) != person_digest(OWNER)
