"""Rows 48, 51, 53, 54 and 58 of the catalogue for ``/v1/messages``, told in Anthropic's shape, over real HTTP."""

from typing import Any

import pytest

from tests.bad_input.conftest import Gate
from tests.bad_input.requests_table import SECRET

HELLO = [{"role": "user", "content": "hi"}]
GOOD = {"model": "use-case:draft", "max_tokens": 50, "messages": HELLO}


def told(answer: Any, status: int, kind: str) -> str:
    """Assert the status and Anthropic's shape; return the message."""
    assert answer.status_code == status, answer.text
    document = answer.json()
    assert set(document) == {"type", "error", "request_id"}
    assert (document["type"], document["error"]["type"]) == ("error", kind)
    assert document["request_id"] == answer.headers["request-id"] == answer.headers["x-request-id"]
    assert SECRET not in answer.text
    message: str = document["error"]["message"]
    return message


BAD: list[tuple[int, dict[str, Any], str]] = [
    (48, {"messages": []}, "messages: "),
    (48, {"messages": {"role": "user"}}, "messages: "),
    (48, {"messages": [{"role": "root", "content": SECRET}]}, "messages[0].role: "),
    (48, {"messages": [{"role": "user", "content": 5}]}, "messages[0].content: "),
    (48, {"messages": [{"role": "user", "content": [{"type": SECRET}]}]}, "messages[0].content[0].type: "),
    (48, {"messages": None}, "messages: "),
    (48, {"system": [{"type": SECRET}]}, "system[0].type: "),
    (51, {"stream": "yes"}, "stream: "),
    (51, {"max_tokens": -5}, "max_tokens: "),
    (51, {"max_tokens": None}, "max_tokens: "),
    (54, {"stop_sequences": ["x"] * 10_000}, "stop_sequences: "),
    (54, {"messages": HELLO * 20_000}, "messages: "),
    (54, {"tools": [{"name": SECRET + " "}]}, "tools[0].name: "),
    (54, {"container": {"id": SECRET}}, "container: "),
]


@pytest.mark.parametrize(("row", "change", "begins"), BAD)
def test_rows_48_to_54_a_bad_message_request_is_told_what_is_wrong_in_anthropic_s_shape(
    gate: Gate, row: int, change: dict[str, Any], begins: str
) -> None:
    answer = gate.http.post("/v1/messages?beta=true", headers=gate.headers(), json={**GOOD, **change})
    assert told(answer, 400, "invalid_request_error").startswith(begins)
    assert answer.headers["x-should-retry"] == "false"


@pytest.mark.parametrize("path", ["/v1/messages", "/v1/messages/count_tokens"])
def test_row_53_a_model_that_is_none_is_404_to_a_message_request(gate: Gate, path: str) -> None:
    asked = {"model": "openai/../admin", "messages": HELLO}
    told(
        gate.http.post(path, headers=gate.headers(), json=asked if "count" in path else {**GOOD, **asked}),
        404,
        "not_found_error",
    )


def test_row_58_an_unknown_path_below_messages_is_404_in_anthropic_s_shape_to_who_has_a_key(gate: Gate) -> None:
    told(gate.http.get("/v1/messages/batches", headers=gate.headers()), 404, "not_found_error")
    told(gate.http.get("/v1/messages/batches"), 401, "authentication_error")
    told(gate.http.get("/v1/messages", headers=gate.headers()), 405, "invalid_request_error")


def test_a_feature_that_is_no_name_is_refused_and_not_sent_on(gate: Gate) -> None:
    headers = {**gate.headers(), "anthropic-beta": f"good-1, {SECRET} bad"}
    answer = gate.http.post("/v1/messages", headers=headers, json=GOOD)
    assert told(answer, 400, "invalid_request_error").startswith("anthropic-beta: ")
