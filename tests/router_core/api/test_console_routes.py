"""``/api/console`` over real HTTP: whose session it is, what is in the list, and what is refused how."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import httpx2
import msgspec
import pytest
from starlette.testclient import TestClient

from router_core.api.app import ApiApplication, ApiDeps, ApiLimits
from router_core.types import PersonRole, Principal
from signalbox.screens.answering import ConsoleAnswers
from signalbox.screens.calls import CALLS, STREAMS
from signalbox.screens.wire import table_digest
from tests.console.console_fakes import OWNER, FakeBackend
from tests.support.api_server import MAX_BODY, ApiRig

OWN_PAGES = {"sec-fetch-site": "same-origin", "content-type": "application/json"}
ASK = {"request": {"prompt": "hello"}, "request_id": "turn-1"}
WAIT_S = 5

EVERYBODYS = ("overview.read", "sessions.own")


def session(rig: ApiRig, role: PersonRole) -> dict[str, str]:
    """Return the headers of a console that calls for the person of ``role``."""
    return {**OWN_PAGES, "cookie": f"signalbox_session={rig.sessions[role].token.reveal()}"}


@pytest.fixture
def quiet(rig: ApiRig) -> Iterator[ApiRig]:
    rig.console.pause_s = 0.0
    rig.console.closed.clear()
    yield rig
    rig.console.pause_s = 0.0


def call(http: httpx2.Client, name: str, body: Any, headers: dict[str, str]) -> httpx2.Response:
    content = body if isinstance(body, bytes) else msgspec.json.encode(body)
    return http.post(f"/api/console/calls/{name}", content=content, headers=headers)


def test_the_greeting_tells_version_and_digest_to_anybody(http: httpx2.Client) -> None:
    answer = http.get("/api/console/hello")
    assert answer.status_code == 200
    assert answer.json()["digest"] == table_digest()
    assert answer.json()["version"]


def test_a_call_is_answered_for_the_person_of_the_session(rig: ApiRig, http: httpx2.Client) -> None:
    answer = call(http, "overview", {}, session(rig, "viewer"))
    assert answer.status_code == 200
    assert answer.headers["x-signalbox-console"] == table_digest()
    assert len(answer.json()["providers"]) == 4


@pytest.mark.parametrize("name", sorted(name for name, needed in CALLS.items() if needed not in EVERYBODYS))
def test_a_viewer_is_refused_every_call_but_what_is_everybodys(rig: ApiRig, http: httpx2.Client, name: str) -> None:
    answer = call(http, name, {}, session(rig, "viewer"))
    assert answer.status_code == 403
    assert answer.json()["error"]["raised"]["kind"] == "ForbiddenError"


def test_a_viewer_is_refused_the_playground(rig: ApiRig, http: httpx2.Client) -> None:
    answer = http.post("/api/console/streams/stream", json=ASK, headers=session(rig, "viewer"))
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "name", ["", "no_such", "visitor", "may", "stream", "alerting", "alerting._found", "__init__", "bills.overview"]
)
def test_what_is_not_in_the_list_cannot_be_called(rig: ApiRig, http: httpx2.Client, name: str) -> None:
    answer = call(http, name, {}, session(rig, "owner"))
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "NOT_FOUND"


def test_a_call_that_gives_one_answer_is_no_stream(rig: ApiRig, http: httpx2.Client) -> None:
    assert http.post("/api/console/streams/overview", json={}, headers=session(rig, "owner")).status_code == 404
    assert set(STREAMS) == {"stream"}


@pytest.mark.parametrize("path", ["calls/overview", "streams/stream", "visit"])
def test_keys_are_refused_even_an_admins(rig: ApiRig, http: httpx2.Client, path: str) -> None:
    for key in (rig.service, rig.admin):
        answer = http.post(f"/api/console/{path}", json={}, headers={"authorization": f"Bearer {key.reveal()}"})
        assert answer.status_code == 403


@pytest.mark.parametrize("path", ["calls/overview", "streams/stream", "visit"])
def test_without_a_session_nothing_is_answered(rig: ApiRig, http: httpx2.Client, path: str) -> None:
    for cookie in ("", "signalbox_session=forged", "other=1"):
        answer = http.post(f"/api/console/{path}", json={}, headers={**OWN_PAGES, "cookie": cookie})
        assert answer.status_code == 401


def test_a_page_of_another_origin_cannot_use_the_session(rig: ApiRig, http: httpx2.Client) -> None:
    foreign = {**session(rig, "owner"), "sec-fetch-site": "cross-site", "origin": "https://evil.example"}
    assert call(http, "overview", {}, foreign).status_code == 403


@pytest.mark.parametrize(
    ("name", "body", "status"),
    [
        ("reset_breaker", b"", 400),
        ("reset_breaker", b"{", 400),
        ("reset_breaker", b'{"provider": "a", "provider": "b", "reason": ""}', 400),
        ("reset_breaker", {"provider": "a"}, 400),
        ("reset_breaker", {"provider": "a", "reason": "", "person": {"role": "owner"}}, 400),
        ("reset_breaker", b"[" * 5000, 400),
        ("spending", {"by": "provider", "since": "2026-01-01T00:00:00", "until": "2026-01-02T00:00:00Z"}, 400),
        ("bills.savings", {"days": 7, "zone": "../../etc/passwd"}, 400),
        ("bills.savings", {"days": 7, "zone": "Mars/Olympus"}, 400),
        ("bills.reconcile", b'{"data": "' + b"A" * MAX_BODY + b'", "tolerance": "1"}', 413),
    ],
)
def test_bodies_that_are_no_call_are_refused_without_a_trace(
    rig: ApiRig, http: httpx2.Client, name: str, body: Any, status: int
) -> None:
    answer = call(http, name, body, session(rig, "owner"))
    assert answer.status_code == status
    assert "Traceback" not in answer.text
    assert "passwd" not in answer.text


def test_only_json_is_read(rig: ApiRig, http: httpx2.Client) -> None:
    answer = call(http, "overview", b"{}", {**session(rig, "owner"), "content-type": "text/plain"})
    assert answer.status_code == 415


def test_a_console_of_another_version_is_told_so(rig: ApiRig, http: httpx2.Client) -> None:
    answer = call(http, "overview", {}, {**session(rig, "owner"), "x-signalbox-console": "0123456789abcdef"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "VERSION_MISMATCH")


class NotingSessions:
    """Knows everybody, and notes who counted as having acted."""

    def __init__(self) -> None:
        self.touches: list[bool] = []

    async def check(self, token: str, *, touch: bool) -> Principal | None:
        self.touches.append(touch)
        return OWNER


def test_only_a_visit_that_says_so_keeps_a_session_from_falling_idle() -> None:
    """A page that renews itself every 2 seconds must not keep a person signed in who left hours ago."""
    sessions = NotingSessions()
    deps = SimpleNamespace(sessions=sessions, console=ConsoleAnswers(FakeBackend()), limits=ApiLimits())
    client = TestClient(ApiApplication(lambda: cast(ApiDeps, deps)))
    headers = {**OWN_PAGES, "cookie": "signalbox_session=good"}
    assert client.post("/api/console/calls/overview", content=b"{}", headers=headers).status_code == 200
    assert client.post("/api/console/visit", json={"touch": False}, headers=headers).status_code == 200
    assert sessions.touches == [False] * 3
    assert client.post("/api/console/visit", json={"touch": True}, headers=headers).json()["role"] == "owner"
    assert sessions.touches == [False] * 4 + [True]


def test_a_stream_comes_part_by_part_and_says_that_it_is_complete(quiet: ApiRig, http: httpx2.Client) -> None:
    answer = http.post("/api/console/streams/stream", json=ASK, headers=session(quiet, "owner"))
    lines = [msgspec.json.decode(line) for line in answer.text.splitlines() if line]
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert [lines[0][0], lines[-2][0], lines[-1]] == ["StartPart", "FinishPart", None]


def test_a_reader_who_leaves_ends_the_call_upstream(quiet: ApiRig, http: httpx2.Client) -> None:
    quiet.console.pause_s = 0.05
    with http.stream("POST", "/api/console/streams/stream", json=ASK, headers=session(quiet, "owner")) as answer:
        next(answer.iter_lines())
    assert quiet.console.closed.wait(WAIT_S)
