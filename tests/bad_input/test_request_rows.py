"""Rows 1 to 41 of the catalogue: what a client may send to POST /api/llm, over real HTTP."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.bad_input.conftest import Gate, SlowClients
from tests.bad_input.requests_table import REQUESTS, SECRET, Bad
from tests.support.key_text import key_start
from tests.support.raw_http import RawAnswer, raw_connection

GOOD = b'{"prompt":"hi","useCase":"draft"}'


def told(answer: Any, status: int, code: str) -> dict[str, Any]:
    """Assert the status, the code and the envelope; return the error."""
    assert answer.status_code == status, answer.text
    error: dict[str, Any] = answer.json()["error"]
    assert error["code"] == code, answer.text
    assert error["requestId"] == answer.headers["x-request-id"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert "server" not in answer.headers
    assert "access-control-allow-origin" not in answer.headers
    return error


def told_raw(answer: RawAnswer, status: int, code: str) -> None:
    """Assert the same of an answer after which the connection was closed."""
    assert (answer.status, answer.error["code"]) == (status, code), answer
    assert answer.error["requestId"] == answer.headers["x-request-id"]
    assert answer.headers["connection"] == "close"


@pytest.mark.parametrize("bad", REQUESTS, ids=str)
def test_a_bad_request_is_told_what_is_wrong_and_shown_nothing_of_it(gate: Gate, bad: Bad) -> None:
    answer = gate.ask(bad.body, headers=gate.headers(**bad.headers))
    error = told(answer, bad.status, bad.code)
    assert error["retryable"] is False
    assert error.get("field") == bad.named or bad.named is None
    assert SECRET not in answer.text


@pytest.mark.parametrize("row", [7])
def test_deep_nesting_costs_neither_time_nor_memory(gate: Gate, row: int) -> None:
    deep = [bad.body for bad in REQUESTS if bad.row == row]
    before, taken = gate.server.resident_bytes(), []
    for body in deep * 3:
        began = time.perf_counter()
        told(gate.ask(body), 400, "VALIDATION_ERROR")
        taken.append(time.perf_counter() - began)
    assert min(taken) < 0.05
    assert gate.server.resident_bytes() - before < 50 * 2**20


def test_row_15_another_account_is_forbidden_whether_it_exists_or_not(gate: Gate) -> None:
    other = gate.server.command("accounts", "create", "other-15")["id"]
    answers = [gate.ask({"prompt": "hi", "accountId": each}) for each in (other, "nobody")]
    errors = [told(answer, 403, "FORBIDDEN") for answer in answers]
    assert {**errors[0], "requestId": ""} == {**errors[1], "requestId": ""}
    gate.recorded()
    wanted = answers[0].headers["x-request-id"]
    page = gate.manage("GET", f"/api/admin/audit?requestId={wanted}").json()["page"]
    assert [row["errorCode"] for row in page["entries"]] == ["FORBIDDEN"]


def test_row_17_a_body_over_the_limit_is_413_with_a_length_or_without(gate: Gate) -> None:
    head = (
        f"POST /api/llm HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {gate.key}\r\nContent-Type: application/json\r\n"
    )
    most = 20 * 2**20
    told_raw(gate.raw(f"{head}Content-Length: {most + 1}\r\n\r\n".encode()), 413, "PAYLOAD_TOO_LARGE")
    chunk = b"100000\r\n" + b"x" * 2**20 + b"\r\n"
    told_raw(gate.raw(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode(), *[chunk] * 21), 413, "PAYLOAD_TOO_LARGE")


SMUGGLED = b"0\r\n\r\nGET /api/admin/keys HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.mark.parametrize(
    "lines",
    [
        b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
        b"Content-Length: 3\r\nContent-Length: 4\r\n",
        b"Content-Length: -3\r\n",
        b"Content-Length: 3\nX: y\r\n",
        b"Transfer-Encoding: xchunked\r\n",
        b"Transfer-Encoding: gzip, chunked\r\n",
        b"Transfer-Encoding : chunked\r\n",
    ],
)
def test_row_19_a_request_that_can_be_read_in_two_ways_is_400_and_nothing_behind_it_is_read(
    gate: Gate, lines: bytes
) -> None:
    answer = gate.raw(b"POST /api/llm HTTP/1.1\r\nHost: a\r\n" + lines + b"\r\n" + SMUGGLED)
    told_raw(answer, 400, "VALIDATION_ERROR")
    assert answer.body.count(b"HTTP/1.1") == 0


@pytest.mark.parametrize("chunk", [b"zz\r\nabc\r\n", b"-1\r\n", b"3\nabc\n"])
def test_row_19_a_bad_chunk_size_is_400_and_closes(gate: Gate, chunk: bytes) -> None:
    head = (
        f"POST /api/llm HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {gate.key}\r\nContent-Type: application/json\r\n"
    )
    told_raw(gate.raw(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode() + chunk), 400, "VALIDATION_ERROR")


def test_row_22_whatever_is_accepted_the_answer_is_json(gate: Gate) -> None:
    gate.calls_allowed = True
    answer = gate.ask(GOOD, headers=gate.headers(accept="image/png"))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("lines", "status"),
    [(b"Host: a\r\nX: " + b"y" * 200_000, 431), (b"Host: a\r\n" + b"a: b\r\n" * 10_000, 431), (b"X: y", 400)],
    ids=["200 KB", "10 000", "no Host"],
)
def test_row_23_headers_are_bounded_and_a_host_is_required(gate: Gate, lines: bytes, status: int) -> None:
    told_raw(gate.raw(b"GET /livez HTTP/1.1\r\n" + lines + b"\r\n\r\n"), status, "VALIDATION_ERROR")


CREDENTIALS = {
    "none": [],
    "Bearer alone": [("authorization", "Bearer")],
    "10 KB": [("authorization", "Bearer sbx_" + "x" * 10_000)],
    "Basic": [("authorization", "Basic c2J4Og==")],
    "two": [("authorization", "Bearer {key}"), ("authorization", "Bearer {key}")],
    "two kinds": [("authorization", "Bearer {key}"), ("x-api-key", "{key}")],
    "quote": [("authorization", "Bearer sbx_'; DROP TABLE api_keys;--_x")],
    "double quote": [("authorization", 'Bearer sbx_"x"_y')],
    "UNION": [("authorization", "Bearer %27 UNION SELECT 1")],
    "wrong secret": [("authorization", "Bearer {start}" + "A" * 43)],
    "other case": [("authorization", "Bearer {swapped}")],
    "same first 20": [("authorization", "Bearer {twenty}" + "B" * 43)],
    "a stored hash": [("authorization", "Bearer {hashed}")],
    "an id and a stored hash": [("authorization", "Bearer {start}{hashed}")],
}


@pytest.mark.parametrize("name", CREDENTIALS)
def test_rows_25_to_29_every_bad_credential_gets_the_same_401(gate: Gate, name: str) -> None:
    known = {
        "key": gate.key, "start": key_start(gate.key), "swapped": gate.key.swapcase(),
        "twenty": gate.key[:20], "hashed": bytes(gate.stored("SELECT secret_hash FROM api_keys")[0][0]).hex(),
    }  # fmt: skip
    given = [(key, value.format(**known)) for key, value in CREDENTIALS[name]]
    from_there = list(gate.elsewhere().items())
    plain = gate.http.post("/api/llm", content=GOOD, headers=[("content-type", "application/json"), *from_there])
    answer = gate.http.post(
        "/api/llm", content=GOOD, headers=[("content-type", "application/json"), *given, *from_there]
    )
    error, without = told(answer, 401, "UNAUTHORIZED"), told(plain, 401, "UNAUTHORIZED")
    assert {**error, "requestId": ""} == {**without, "requestId": ""}
    assert answer.headers["www-authenticate"] == 'Bearer realm="signalbox"'


def test_row_26_a_nul_in_a_header_never_gets_so_far(gate: Gate) -> None:
    told_raw(
        gate.raw(b"GET /api/llm/usage HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer a\x00b\r\n\r\n"),
        400,
        "VALIDATION_ERROR",
    )


def test_row_27_a_revoked_key_is_refused_like_one_that_never_was(gate: Gate) -> None:
    made = gate.server.command("keys", "create", "--account", "acme")
    gate.server.command("keys", "revoke", made["id"])
    answer = gate.ask(GOOD, headers=gate.headers(authorization=f"Bearer {made['key']}", **gate.elsewhere()))
    error = told(answer, 401, "UNAUTHORIZED")
    assert error["message"] == "A valid API key is required"


def test_rows_30_and_31_who_guesses_keys_is_slowed_down_whatever_addresses_they_claim(gate: Gate) -> None:
    """From an address that is no proxy's, forwarded addresses change nothing; a good key from elsewhere works."""
    statuses = []
    for place in range(21):
        sent = (
            f"GET /api/llm/usage HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Forwarded-For: 198.51.100.{place}\r\n"
            f"Authorization: Bearer sbx_0123456789abcdef_{place:043d}\r\n\r\n"
        )
        with raw_connection(gate.server.port, source="127.0.0.2") as client:
            client.sendall(sent.encode())
            got = client.recv(65_536)
        statuses.append(int(got.split(b" ")[1]))
    assert statuses == [401] * 20 + [429]
    assert b"\r\nretry-after: " in got.lower()
    assert gate.http.get("/api/llm/usage", headers=gate.headers()).status_code == 200


@pytest.mark.parametrize("given", ["<script>alert(1)</script>", "x" * 4096, "a b", "%0d%0aX: y", "\u00e4"])
def test_row_32_a_request_id_that_is_none_is_replaced(gate: Gate, given: str) -> None:
    answer = gate.http.get("/livez", headers=[(b"x-request-id", given.encode("latin-1", "replace"))])
    assert answer.status_code == 200
    assert given not in answer.text
    assert len(answer.headers["x-request-id"]) == 26


@pytest.mark.parametrize("given", [b"a\r\nX-Injected: y", b"a\rb", b"a\nb"])
def test_row_32_line_ends_in_a_request_id_make_no_header_of_the_answer(gate: Gate, given: bytes) -> None:
    answer = gate.raw(b"GET /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Request-Id: " + given + b"\r\n\r\n")
    assert answer.status in (200, 400)
    assert "x-injected" not in answer.headers
    assert "\n" not in answer.headers["x-request-id"]


def test_row_33_a_key_that_is_none_is_400_and_another_body_under_it_422(gate: Gate) -> None:
    gate.calls_allowed = True
    before = gate.simulator.counts()["calls"]
    headers, body = gate.headers(**{"idempotency-key": "key-of-row-33"}), {"prompt": "row thirty-three"}
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: gate.ask(body, headers=headers), range(8)))
    assert {each.status_code for each in answers} <= {200, 409}
    again = gate.ask(body, headers=headers)
    assert (again.status_code, again.headers["idempotent-replayed"]) == (200, "true")
    told(gate.ask({"prompt": "another"}, headers=headers), 422, "IDEMPOTENCY_MISMATCH")
    for bad in ("k" * 256, "two words", ""):
        error = told(gate.ask(body, headers=gate.headers(**{"idempotency-key": bad})), 400, "VALIDATION_ERROR")
        assert error["field"] == "Idempotency-Key"
    assert gate.simulator.counts()["calls"] == before + 1
    kept = gate.stored("SELECT * FROM idempotent_answers")
    assert len(kept) == 1
    assert [word for word in ("key-of-row-33", "thirty", again.json()["text"]) if word in repr(kept)] == []


def test_row_34_a_fresh_account_may_ask_its_burst_at_once_and_no_more(gate: Gate) -> None:
    """Requests that come to nothing take their token all the same."""
    account = gate.server.command("accounts", "create", "burst-34")["id"]
    # By its own route, for then it is in force in that process once it is answered.
    set_by = gate.manage("PUT", f"/api/admin/limits/{account}", json={"requestsPerSecond": 10, "burst": 50})
    assert set_by.status_code == 200
    made = gate.server.command("keys", "create", "--account", "burst-34")
    headers = gate.headers(authorization=f"Bearer {made['key']}")
    began = time.perf_counter()
    answers = [gate.ask(b"{}", headers=headers) for _ in range(80)]
    most = 50 + 10 * (time.perf_counter() - began) + 1
    refused = [answer for answer in answers if answer.status_code == 429]
    assert 50 <= len(answers) - len(refused) <= most
    for answer in refused:
        assert answer.headers["retry-after"] == "1"
        told(answer, 429, "RATE_LIMIT_EXCEEDED")


def test_row_35_what_does_not_fit_the_budget_is_402_and_calls_nobody(gate: Gate) -> None:
    gate.server.command("accounts", "create", "poor-35")
    key = gate.server.command("keys", "create", "--account", "poor-35")["key"]
    headers = gate.headers(authorization=f"Bearer {key}")
    for amount in ("0", "0.000000001"):
        gate.server.command("budgets", "set", "--account", "poor-35", "--daily", amount)
        for _ in range(60):
            answer = gate.ask(GOOD, headers=headers)
            if answer.status_code == 402:
                break
            gate.server.pause()
        error = told(answer, 402, "PAYMENT_REQUIRED")
        assert "budgetStatus" in error
    gate.calls_allowed = True  # until the limit is in force


def test_row_37_an_image_larger_than_any_body_is_413(gate: Gate) -> None:
    image = b"data:image/png;base64," + b"A" * (50 * 2**20)
    body = b'{"prompt":"hi","images":["' + image + b'"]}'
    head = (
        f"POST /api/llm HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {gate.key}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    told_raw(gate.raw(head.encode(), body[: 2**20]), 413, "PAYLOAD_TOO_LARGE")


def test_row_38_a_pattern_in_a_tool_is_passed_on_and_never_run(gate: Gate) -> None:
    gate.calls_allowed = True
    tool = {"parameters": {"type": "object", "properties": {"a": {"type": "string", "pattern": "^(a+)+$"}}}}
    began = time.perf_counter()
    answer = gate.ask({"prompt": "a" * 50 + "!", "useCase": "draft", "tools": {"t": tool}})
    assert answer.status_code == 200
    assert time.perf_counter() - began < 5


HOSTILE = {"a": "=cmd|'/c calc'!A0", "b": "\x1b[31mred", "c": "x\r\nERROR admin signed in", "\x1b]0;t\x07": "y"}


def test_row_39_hostile_metadata_is_taken_and_gives_no_line_of_its_own_in_the_log(gate: Gate) -> None:
    gate.calls_allowed = True
    answer = gate.ask({"prompt": "hi", "useCase": "draft", "metadata": HOSTILE})
    assert answer.status_code == 200
    lines = gate.new_log().splitlines()
    assert all(isinstance(json.loads(line), dict) for line in lines)
    assert not any("\x1b" in line for line in lines)


KEYS = ("sk-proj-abcdefghijklmnopqrstuvwxyz0123", "AKIAIOSFODNN7EXAMPLE", "4111 1111 1111 1111",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJlc2lnbmF0dXJl")  # fmt: skip


def test_row_40_keys_in_a_prompt_are_answered_and_kept_nowhere(gate: Gate) -> None:
    gate.calls_allowed = True
    answer = gate.ask({"prompt": "what are these: " + " ".join(KEYS), "useCase": "draft"})
    assert answer.status_code == 200
    gate.recorded()
    kept = b"".join(path.read_bytes() for path in gate.server.folder.rglob("*") if path.is_file())
    said = gate.new_log()
    assert [key for key in KEYS if key in said or key.encode() in kept] == []


@pytest.mark.parametrize("sent", [b"", b'{"pro'])
def test_row_41_a_client_that_leaves_while_sending_is_let_go(gate: Gate, sent: bytes) -> None:
    head = (
        f"POST /api/llm HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {gate.key}\r\nContent-Type: application/json\r\n"
        "X-Request-Id: left-41\r\nContent-Length: 500\r\n\r\n"
    )
    with raw_connection(gate.server.port) as client:
        client.sendall(head.encode() + sent)
    said = ""
    for _ in range(100):
        said += gate.new_log()
        if "left-41" in said:
            break
        gate.server.pause()
    assert "the client left" in said


def test_rows_18_and_24_who_is_too_slow_is_let_go_within_ten_seconds(gate: Gate, slow_clients: SlowClients) -> None:
    slow_clients.join(15)
    assert not slow_clients.is_alive()
    told_raw(slow_clients.answers["body"], 408, "REQUEST_TIMEOUT")
    told_raw(slow_clients.answers["head"], 408, "REQUEST_TIMEOUT")
