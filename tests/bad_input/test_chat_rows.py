"""Rows 48 to 55 and 58 of the catalogue: what a client may send to the paths of other protocols, over real HTTP."""

from typing import Any

import pytest

from tests.bad_input.conftest import Gate
from tests.bad_input.requests_table import SECRET

HELLO = [{"role": "user", "content": "hi"}]
GOOD = {"model": "use-case:draft", "messages": HELLO}


def told(answer: Any, status: int, param: str | None) -> dict[str, Any]:
    """Assert the status and OpenAI's shape; return the error."""
    assert answer.status_code == status, answer.text
    assert set(answer.json()) == {"error"}
    error: dict[str, Any] = answer.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["param"] == param, answer.text
    assert answer.headers["x-signalbox-request-id"] == answer.headers["x-request-id"]
    assert SECRET not in answer.text
    return error


BAD: list[tuple[int, dict[str, Any], str | None]] = [
    (48, {"messages": []}, "messages"),
    (48, {"messages": {"role": "user"}}, "messages"),
    (48, {"messages": [{"role": "root", "content": SECRET}]}, "messages[0].role"),
    (48, {"messages": [{"role": "user", "content": 5}]}, "messages[0].content"),
    (48, {"messages": [{"role": "user"}]}, "messages[0].content"),
    (48, {"messages": [{"role": "user", "content": [{"type": SECRET}]}]}, "messages[0].content[0].type"),
    (48, {"messages": None}, "messages"),
    (49, {"n": 0}, "n"),
    (49, {"n": 129}, "n"),
    (49, {"n": 1_000_000}, "n"),
    (50, {"max_tokens": 5, "max_completion_tokens": 5}, "max_tokens"),
    (50, {"max_tokens": -5}, "max_tokens"),
    (50, {"max_completion_tokens": -5}, "max_completion_tokens"),
    (51, {"stream": "yes"}, "stream"),
    (51, {"stream_options": {"include_usage": True}}, "stream_options"),
    (54, {"logit_bias": {str(token): 1 for token in range(2_000)}}, "logit_bias"),
    (54, {"stop": ["x"] * 10_000}, "stop"),
    (54, {"tools": [{"type": "function", "function": {"name": "x"}}] * 1_000}, "tools"),
    (54, {"messages": HELLO * 5_000}, "messages"),
]


@pytest.mark.parametrize(("row", "change", "param"), BAD)
def test_rows_48_to_54_a_bad_chat_request_is_told_what_is_wrong_in_openai_s_shape(
    gate: Gate, row: int, change: dict[str, Any], param: str | None
) -> None:
    answer = gate.http.post("/v1/chat/completions", headers=gate.headers(), json={**GOOD, **change})
    error = told(answer, 400, param)
    assert (error["type"], answer.headers["x-should-retry"]) == ("invalid_request_error", "false")


@pytest.mark.parametrize("model", ["openai/../admin", "https://evil", "m" * 2_048, "use-case:none such"])
def test_row_53_a_model_that_is_none_is_404(gate: Gate, model: str) -> None:
    answer = gate.http.post("/v1/chat/completions", headers=gate.headers(), json={**GOOD, "model": model})
    assert told(answer, 404, "model")["code"] == "model_not_found"


@pytest.mark.parametrize("path", ["/v1", "/v1/", "/v1/files", "/v1/chat/completions/", "/v1/chat/completions/x"])
def test_row_58_an_unknown_path_of_a_protocol_is_404_in_its_shape_to_who_has_a_key(gate: Gate, path: str) -> None:
    told(gate.http.get(path, headers=gate.headers()), 404, None)
    assert told(gate.http.get(path), 401, None)["code"] == "invalid_api_key"
