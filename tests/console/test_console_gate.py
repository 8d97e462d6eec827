"""Without a session nothing of the console is served."""

import base64
import hashlib
import re
from functools import partial
from pathlib import Path

import pytest
import streamlit
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from console.gate import ConsoleGate
from console.policy import content_policy
from router_core.errors import OverloadedError
from router_core.types import Principal
from tests.console.console_fakes import OWNER

PAGE = {"accept": "text/html,application/xhtml+xml", "sec-fetch-mode": "navigate"}
GOOD = {"cookie": "a=1; signalbox_session=good; b=2"}


async def serve(request: Request) -> PlainTextResponse:
    return PlainTextResponse("inside")


async def talk(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text("inside")
    await socket.close()


class Sessions:
    """Knows one token, and notes what it was asked."""

    def __init__(self) -> None:
        self.touches: list[bool] = []

    async def check(self, token: str, touch: bool) -> Principal | None:
        if token == "unsure":
            raise OverloadedError("Credentials cannot be checked now")
        self.touches.append(touch)
        return OWNER if token == "good" else None


@pytest.fixture
def sessions() -> Sessions:
    return Sessions()


@pytest.fixture
def client(sessions: Sessions) -> TestClient:
    inner = Starlette(
        routes=[WebSocketRoute("/_stcore/stream", talk), Route("/{rest:path}", serve, methods=["GET", "POST"])]
    )
    return TestClient(ConsoleGate(inner, sessions.check), follow_redirects=False)


@pytest.mark.parametrize("path", ["/", "/playground", "/audit", "/anything/else", "//playground", "/auth", "/static"])
def test_a_page_without_a_session_leads_to_sign_in(client: TestClient, path: str) -> None:
    answer = client.get(f"http://testserver{path}", headers=PAGE)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/auth/login")


def test_sign_in_leads_back_to_the_page_and_query_that_were_wanted(client: TestClient) -> None:
    answer = client.get("/playground?playground_by=Model&x=%26", headers=PAGE)
    assert answer.headers["location"] == "/auth/login?next=/playground%3Fplayground_by%3DModel%26x%3D%2526"


def test_a_session_that_cannot_be_checked_is_asked_to_come_again(client: TestClient) -> None:
    unsure = {"cookie": "signalbox_session=unsure"}
    answer = client.get("/health", headers={**PAGE, **unsure})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert "The store does not answer" in answer.text
    with pytest.raises(WebSocketDisconnect) as closed, client.websocket_connect("/_stcore/stream", headers=unsure):
        pass
    assert closed.value.code == 1013


@pytest.mark.parametrize(
    "path", ["/_stcore/host-config", "/_stcore/metrics", "/media/x.png", "/_stcore/upload_file/s/f", "/component/x"]
)
def test_anything_else_without_a_session_is_refused(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 401


def test_posting_to_a_page_without_a_session_is_refused(client: TestClient) -> None:
    assert client.post("/playground", headers=PAGE).status_code == 401


@pytest.mark.parametrize(
    "path",
    [
        "/auth/login",
        "/static/js/x.js",
        "/app/static/inter.woff2",
        "/_stcore/health",
        "/api/llm",
        "/v1/models",
        "/livez",
        "/readyz",
    ],
)
def test_what_guards_itself_or_is_public_passes(client: TestClient, path: str) -> None:
    assert client.get(path).text == "inside"


@pytest.mark.parametrize(
    "cookie", [None, "signalbox_session=bad", "signalbox_session=", "__Host-signalbox_session=good", "x"]
)
def test_a_websocket_without_a_session_is_refused_before_it_is_accepted(client: TestClient, cookie: str | None) -> None:
    headers = {} if cookie is None else {"cookie": cookie}
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/_stcore/stream", headers=headers):
        pass


def test_a_websocket_with_a_session_is_served(client: TestClient) -> None:
    with client.websocket_connect("/_stcore/stream", headers=GOOD) as socket:
        assert socket.receive_text() == "inside"


@pytest.mark.parametrize("origin", ["http://evil.example", "http://localhost", "http://testserver:8501", "null", ""])
def test_a_websocket_that_a_page_of_another_origin_opens_is_refused(client: TestClient, origin: str) -> None:
    with (
        pytest.raises(WebSocketDisconnect) as closed,
        client.websocket_connect("/_stcore/stream", headers={**GOOD, "origin": origin}),
    ):
        pass
    assert closed.value.code == 1008


def test_a_websocket_of_our_own_pages_is_served(client: TestClient) -> None:
    with client.websocket_connect("/_stcore/stream", headers={**GOOD, "origin": "http://testserver"}) as socket:
        assert socket.receive_text() == "inside"


def test_nothing_of_the_console_is_for_pages_of_other_origins(sessions: Sessions) -> None:
    open_to_all = PlainTextResponse("inside", headers={"access-control-allow-origin": "*"})
    answer = TestClient(ConsoleGate(open_to_all, sessions.check)).get("/static/x.js", headers={"origin": "http://evil"})
    assert (answer.text, "access-control-allow-origin" in answer.headers) == ("inside", False)


def test_only_opening_a_page_counts_as_activity(client: TestClient, sessions: Sessions) -> None:
    assert client.get("/playground", headers={**PAGE, **GOOD}).text == "inside"
    assert client.get("/_stcore/host-config", headers=GOOD).text == "inside"
    assert sessions.touches == [True, False]


def test_over_https_only_the_prefixed_cookie_counts(client: TestClient) -> None:
    plain = client.get("https://testserver/", headers={**PAGE, **GOOD})
    prefixed = client.get("https://testserver/", headers={**PAGE, "cookie": "__Host-signalbox_session=good"})
    assert (plain.status_code, prefixed.status_code) == (303, 200)


def test_a_cookie_header_that_cannot_be_read_hides_no_good_one(client: TestClient) -> None:
    answer = client.get("/", headers={**PAGE, "cookie": 'bad[]=x"; signalbox_session=good'})
    assert answer.status_code == 200


def test_every_console_answer_keeps_to_its_own_origin_and_the_apis_are_left_alone(client: TestClient) -> None:
    for path in ("/", "/auth/login", "/static/x.js"):
        headers = client.get(path, headers=PAGE).headers
        assert "default-src 'self'" in headers["content-security-policy"]
        assert headers["x-frame-options"] == "DENY"
    assert "content-security-policy" not in client.get("/api/llm").headers


def test_pages_talk_to_their_own_host_alone(client: TestClient) -> None:
    policy = client.get("/", headers={**PAGE, "host": "console.example:8501"}).headers["content-security-policy"]
    reached = next(each.split()[1:] for each in policy.split("; ") if each.startswith("connect-src"))
    assert reached == ["'self'", "ws://console.example:8501", "wss://console.example:8501"]


@pytest.mark.parametrize("host", ["a;default-src *", "a b", "a/b"])
def test_what_is_no_host_does_not_get_into_the_policy(host: str, client: TestClient) -> None:
    policy = client.get("/", headers={**PAGE, "host": host}).headers["content-security-policy"]
    assert "; connect-src 'self'; " in policy


def test_a_page_that_allows_itself_less_keeps_to_that(sessions: Sessions) -> None:
    strict = Starlette(
        routes=[Route("/auth/login", partial(_stricter, "default-src 'none'")), Route("/x", partial(_stricter, "*"))]
    )
    client = TestClient(ConsoleGate(strict, sessions.check))
    assert client.get("/auth/login").headers["content-security-policy"] == "default-src 'none'"
    assert "default-src 'self'" in client.get("/x", headers=GOOD).headers["content-security-policy"]


async def _stricter(policy: str, request: Request) -> PlainTextResponse:
    return PlainTextResponse("inside", headers={"content-security-policy": policy})


def test_the_policy_allows_exactly_streamlits_own_inline_scripts() -> None:
    page = (Path(streamlit.__file__).parent / "static" / "index.html").read_text()
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    policy = content_policy("")
    assert scripts
    for script in scripts:
        assert base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() in policy
    assert "unsafe-inline" not in policy.split("script-src")[1].split(";")[0]
    assert "http" not in policy
