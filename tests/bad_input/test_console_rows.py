"""Rows 78 and 73 of the catalogue: the console's connections, on the real server."""

import base64
import re
import struct

import pytest

from signalbox.inbound.limits import MAX_MESSAGE_BYTES
from tests.bad_input.conftest import Gate
from tests.bad_input.test_request_rows import told
from tests.support.raw_http import RawAnswer, raw_connection, read_to_the_end


@pytest.fixture(scope="module")
def cookie(_gate: Gate) -> str:
    """Return the session cookie of somebody who signed in by the form."""
    made = _gate.server.command("users", "create", "row78@example.com", "--role", "viewer", "--account", "acme")
    page = _gate.http.get("/auth/login")
    token = re.search(r'name="csrf" value="([0-9a-f]+)"', page.text)
    assert token is not None
    fields = {"email": made["email"], "password": made["password"], "csrf": token[1], "next": "/"}
    answer = _gate.http.post("/auth/login", data=fields, headers={"cookie": page.headers["set-cookie"].split(";")[0]})
    _gate.http.cookies.clear()
    assert answer.status_code == 303
    return str(answer.headers["set-cookie"]).split(";")[0]


def _handshake(port: int, cookie: str, origin: str, host: str) -> bytes:
    return (
        f"GET /_stcore/stream HTTP/1.1\r\nHost: {host.format(port=port)}\r\nOrigin: {origin.format(port=port)}\r\n"
        f"Cookie: {cookie}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Key: {base64.b64encode(bytes(16)).decode()}\r\nSec-WebSocket-Protocol: streamlit\r\n\r\n"
    ).encode()


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("https://evil.example", "127.0.0.1:{port}"),
        ("http://localhost:9", "127.0.0.1:{port}"),
        ("null", "127.0.0.1:{port}"),
        ("http://127.0.0.1:{port}", "evil.example"),
    ],
)
def test_row_78_a_page_of_another_origin_opens_no_websocket(gate: Gate, cookie: str, origin: str, host: str) -> None:
    answer: RawAnswer = gate.raw(_handshake(gate.server.port, cookie, origin, host))
    assert answer.status == 403


def test_row_78_a_message_that_no_page_sends_ends_the_connection(gate: Gate, cookie: str) -> None:
    own = "127.0.0.1:{port}"
    with raw_connection(gate.server.port) as client:
        client.sendall(_handshake(gate.server.port, cookie, f"http://{own}", own))
        assert client.recv(4096).startswith(b"HTTP/1.1 101 ")
        frame = b"\x82\xff" + struct.pack("!Q", MAX_MESSAGE_BYTES + 1) + bytes(4)
        client.sendall(frame + bytes(65_536))
        said = read_to_the_end(client)
    # A close frame with the code for what is too big.
    assert b"\x88" in said
    assert struct.pack("!H", 1009) in said
    said_of_it = gate.new_log()
    assert "Traceback" not in said_of_it


@pytest.mark.parametrize("name", ["", " ", "x" * 5_000, "a\u202eb", "a\x00b", "a\nb", "a\u200bb"])
def test_row_74_a_name_is_text_of_a_length(gate: Gate, name: str) -> None:
    told(gate.manage("POST", "/api/admin/accounts", json={"name": name}), 400, "VALIDATION_ERROR")


def test_row_74_markup_in_a_name_is_text(gate: Gate) -> None:
    names = ("<img src=x onerror=alert(1)>", "[a](javascript:alert(1))", "=cmd|'/c calc'!A0")
    for name in names:
        made = gate.manage("POST", "/api/admin/accounts", json={"name": name})
        assert (made.status_code, made.headers["content-type"]) == (200, "application/json")
        assert made.json()["name"] == name


@pytest.mark.parametrize("amount", ["1,5", "1e400", "-1", "NaN", "1.0000000001", "", " ", "0x10"])
def test_row_73_an_amount_that_is_none_is_refused(gate: Gate, amount: str) -> None:
    account = gate.server.facts["account_id"]
    answer = gate.manage("PUT", "/api/admin/budgets", json={"account": account, "period": "daily", "limitUsd": amount})
    told(answer, 400, "VALIDATION_ERROR")
