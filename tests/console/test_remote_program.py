"""The program of a console that stands alone: sign-in, downloads, and what browsers get while the API is lost."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from console.remote.assembly import lifespan, middleware, routes
from console.remote.published import linked_console
from router_core.types import Secret
from signalbox.api_address import API_ADDRESS, ApiAddress
from tests.support.api_server import ApiRig, api_rig, serving
from tests.support.command_runs import run_at
from tests.support.ports import free_port

WITHIN_S = 5
PAGE = {"accept": "text/html,application/xhtml+xml", "sec-fetch-mode": "navigate"}


async def inside(_: Request) -> PlainTextResponse:
    return PlainTextResponse("inside")


async def talk(socket: WebSocket) -> None:
    await socket.accept()


def program() -> Starlette:
    """Return the console's program with a stand-in for Streamlit's own pages."""
    pages = [WebSocketRoute("/_stcore/stream", talk), Route("/{rest:path}", inside, methods=["GET", "POST"])]
    return Starlette(routes=[*routes(), *pages], middleware=middleware(), lifespan=lifespan)


@pytest.fixture(scope="module")
def rig() -> Iterator[ApiRig]:
    with api_rig() as made:
        yield made


@pytest.fixture
def client(rig: ApiRig) -> Iterator[TestClient]:
    API_ADDRESS.give(ApiAddress(rig.url, None))
    with TestClient(program(), follow_redirects=False) as made:
        yield made


@pytest.fixture
def stranded() -> Iterator[TestClient]:
    """A console whose API is not there."""
    API_ADDRESS.give(ApiAddress(f"http://127.0.0.1:{free_port()}", None))
    with TestClient(program(), follow_redirects=False) as made:
        yield made


def signed_in(rig: ApiRig, **more: str) -> dict[str, str]:
    return {"cookie": f"signalbox_session={rig.sessions['analyst'].token.reveal()}", **more}


def test_pages_are_for_those_with_a_session_there(rig: ApiRig, client: TestClient) -> None:
    assert client.get("/", headers={**PAGE, **signed_in(rig)}).text == "inside"
    refused = client.get("/audit?x=1", headers={**PAGE, "cookie": "signalbox_session=forged"})
    assert (refused.status_code, refused.headers["location"]) == (303, "/auth/login?next=/audit%3Fx%3D1")


def test_an_export_comes_through_as_it_is(rig: ApiRig, client: TestClient) -> None:
    answer = client.get("/api/admin/audit/export?format=csv&provider=a%26b", headers=signed_in(rig))
    assert (answer.status_code, answer.text) == (200, "piece 2\npiece 1\npiece 0\n")
    assert "signalbox-audit.csv" in answer.headers["content-disposition"]
    assert rig.exporter.asked[-1][0].provider == "a&b"


def test_a_download_that_nobody_waits_for_any_more_ends_there_too(rig: ApiRig) -> None:
    API_ADDRESS.give(ApiAddress(rig.url, None))
    rig.exporter.pieces = None
    with serving(program(), lifespan="on") as port, httpx2.Client(trust_env=False) as http:
        url = f"http://127.0.0.1:{port}/api/admin/audit/export"
        with http.stream("GET", url, headers=signed_in(rig)) as answer:
            next(answer.iter_bytes())
        assert rig.exporter.cancelled.wait(WITHIN_S)
    rig.exporter.pieces = 3


@pytest.mark.parametrize("cookie", ["", "signalbox_session=forged"])
def test_an_export_needs_the_visitors_own_session(client: TestClient, cookie: str) -> None:
    answer = client.get("/api/admin/audit/export", headers={"cookie": cookie, "authorization": "Bearer sbx_x"})
    assert answer.status_code == 401


def test_keys_are_not_passed_on(rig: ApiRig, client: TestClient) -> None:
    answer = client.get("/api/admin/audit/export", headers={"x-api-key": rig.admin.reveal()})
    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/admin/audit"),
        ("POST", "/api/admin/audit/export"),
        ("GET", "/api/admin/audit/export/"),
        ("GET", "/api/admin/prices/../audit"),
        ("POST", "/api/llm"),
        ("POST", "/v1/chat/completions"),
        ("POST", "/api/console/calls/overview"),
        ("GET", "/metrics"),
    ],
)
def test_everything_else_of_the_api_is_elsewhere(rig: ApiRig, client: TestClient, method: str, path: str) -> None:
    answer = client.request(method, path, headers=signed_in(rig))
    assert answer.status_code == 404
    assert rig.url not in answer.text


def test_the_console_is_alive_whatever_its_api_does(stranded: TestClient) -> None:
    assert [stranded.get(path).status_code for path in ("/livez", "/readyz")] == [200, 200]


def test_while_the_api_is_lost_a_page_says_so_and_asks_again_by_itself(stranded: TestClient) -> None:
    answer = stranded.get("/budgets", headers={**PAGE, "cookie": "signalbox_session=some"})
    assert (answer.status_code, answer.headers["refresh"]) == (503, "3")
    assert "The API cannot be reached since" in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    data = stranded.get("/media/x.csv", headers={"cookie": "signalbox_session=some"})
    assert (data.status_code, data.headers["retry-after"]) == (503, "3")
    export = stranded.get("/api/admin/audit/export", headers={"cookie": "signalbox_session=some"})
    assert export.status_code == 503


def test_while_the_api_is_lost_a_socket_is_asked_to_come_again(stranded: TestClient) -> None:
    with (
        pytest.raises(WebSocketDisconnect) as closed,
        stranded.websocket_connect("/_stcore/stream", headers={"cookie": "signalbox_session=some"}),
    ):
        pass
    assert closed.value.code == 1013


def test_while_the_api_is_lost_nobody_is_signed_in_or_out_and_told_why(stranded: TestClient) -> None:
    token = stranded.get("/auth/login").text.partition('name="csrf" value="')[2].partition('"')[0]
    form = {"email": "ada@example.com", "password": "secret", "csrf": token}
    answer = stranded.post("/auth/login", data=form)
    assert answer.status_code == 503
    assert "cannot be reached since" in answer.text
    assert "secret" not in answer.text


def test_outside_its_lifespan_there_is_no_console() -> None:
    with pytest.raises(RuntimeError):
        linked_console()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "--api"),
        (("--api", "ftp://api.example"), "--api must be an http:// or https:// URL"),
        (("--api", "http://api.example/api"), "must be the root URL of the API: give http://api.example\n"),
        (("--api", "http://api.example/box/v1/"), "give http://api.example/box\n"),
        (("--api", "http://user:secret@api.example"), "--api must be"),
    ],
)
def test_a_console_without_a_usable_api_address_is_bad_usage(
    tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    code, _, said = run_at(tmp_path, "console", *arguments)
    assert code == 2
    assert words in said
    assert "secret" not in said


def test_a_key_is_no_part_of_what_is_shown() -> None:
    assert "sbx_secret" not in repr(ApiAddress("https://api.example", Secret("sbx_secret")))
