"""The AI SDK, majors 4 to 7, on ``/api/llm``: what ``useChat`` does, without a page around it."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.clients.asked import GREETING, REPORTED, SAY_GREETING

NEWER = (5, 6, 7)
Seen = Callable[[str], dict[str, Any]]


@pytest.fixture(params=NEWER, ids="ai{}".format)
def seen(request: pytest.FixtureRequest, node_report: dict[str, Any]) -> Seen:
    """Return what one major of the SDK found in a case."""
    return lambda case: succeeded(node_report[f"ai{request.param}: {case}"])


@pytest.fixture
def seen_by_4(node_report: dict[str, Any]) -> Seen:
    return lambda case: succeeded(node_report[f"ai4: {case}"])


def succeeded(entry: dict[str, Any]) -> dict[str, Any]:
    """Return what a case found; fails with its error."""
    assert "failed" not in entry, entry["failed"]
    return entry


@pytest.mark.parametrize("case", ["text", "claude", "use case"])
def test_use_chat_gets_its_answer(seen: Seen, case: str) -> None:
    found = seen(case)
    assert (found["status"], found["role"], found["text"], found["finishReason"]) == (
        "ready", "assistant", GREETING, "stop")  # fmt: skip
    assert found["metadata"]["provider"].startswith("openai" if case == "text" else "anthropic")
    assert float(found["metadata"]["cost"]["usd"]) > 0
    assert found["metadata"]["usage"]["outputTokens"] > 0


def test_use_chat_goes_on_with_its_conversation(seen: Seen) -> None:
    found = seen("second turn")
    assert found["messages"] == [["user", SAY_GREETING], ["assistant", GREETING]] * 2
    assert found["grew"]


def test_the_message_grows_while_it_is_read(seen: Seen) -> None:
    found = seen("stream")
    assert found["said"] == GREETING
    assert found["states"] == ["done"]
    assert found["lengths"] == sorted(found["lengths"])
    assert len(set(found["lengths"])) > 2


@pytest.mark.parametrize("case", ["tools", "tools of claude"])
def test_use_chat_runs_its_tool_and_sends_the_result(seen: Seen, case: str) -> None:
    found = seen(case)
    assert found["kinds"] == ["step-start", "tool-tell_weather", "step-start", "text"]
    assert (found["state"], found["output"]) == ("output-available", REPORTED)
    assert isinstance(found["input"]["city"], str)
    assert REPORTED in found["said"]


def test_use_chat_sends_an_image(seen: Seen) -> None:
    assert seen("image")["text"].startswith("The image shows")


def test_use_chat_gets_json_that_fits(seen: Seen) -> None:
    found = seen("structured")
    assert {name: type(value) for name, value in found.items()} == {"name": str, "age": int}


REFUSALS = {
    "401": "UNAUTHORIZED",
    "402": "PAYMENT_REQUIRED",
    "429 of ours": "RATE_LIMIT_EXCEEDED",
    "429 of theirs": "RATE_LIMIT",
    "503": "CIRCUIT_BREAKER_OPEN",
}


@pytest.mark.parametrize(("case", "code"), REFUSALS.items())
def test_use_chat_is_told_why_it_is_refused(seen: Seen, case: str, code: str) -> None:
    found = seen(case)
    assert found["status"] == "error"
    assert json.loads(found["error"]["message"])["error"]["code"] == code
    if found["error"]["statusCode"] is not None:  # version 7 has a class for it
        assert found["error"]["name"] == "AI_APICallError"
        assert found["error"]["statusCode"] == int(case[:3])


@pytest.mark.parametrize("case", ["broken stream", "broken stream of claude"])
def test_use_chat_keeps_what_came_before_a_stream_broke(seen: Seen, case: str) -> None:
    found = seen(case)
    assert (found["status"], found["role"], found["isError"]) == ("error", "assistant", True)
    assert found["text"].startswith("You asked")
    assert not found["error"]["message"].startswith("{")


@pytest.mark.parametrize("case", ["text", "claude"])
def test_version_4_gets_its_answer(seen_by_4: Seen, case: str) -> None:
    found = seen_by_4(case)
    assert (found["message"]["role"], found["message"]["content"]) == ("assistant", GREETING)
    assert (found["finishReason"], found["lengths"]) == ("stop", sorted(found["lengths"]))
    assert len(set(found["lengths"])) > 2
    assert found["usage"]["completionTokens"] > 0
    assert found["message"]["annotations"][0]["provider"].startswith("openai" if case == "text" else "anthropic")


def test_version_4_reads_every_part_of_the_data_stream(seen_by_4: Seen) -> None:
    found = seen_by_4("parts")
    assert (found["protocol"], found["text"]) == ("v1", GREETING)
    assert found["order"] == ["start", "notes", "step", "finish"]
    assert found["finish"]["finishReason"] == found["step"]["finishReason"] == "stop"


@pytest.mark.parametrize("case", ["tools", "tools of claude"])
def test_version_4_runs_its_tool_and_sends_the_result(seen_by_4: Seen, case: str) -> None:
    found = seen_by_4(case)
    assert [call["toolName"] for call in found["calls"]] == ["tell_weather"]
    assert isinstance(found["calls"][0]["args"]["city"], str)
    assert found["finishReason"] == "tool-calls"
    assert REPORTED in found["said"]


def test_version_4_sends_an_image(seen_by_4: Seen) -> None:
    assert seen_by_4("image")["message"]["content"].startswith("The image shows")


def test_version_4_gets_json_that_fits(seen_by_4: Seen) -> None:
    assert {name: type(value) for name, value in seen_by_4("structured").items()} == {"name": str, "age": int}


@pytest.mark.parametrize(("case", "code"), REFUSALS.items())
def test_version_4_is_told_why_it_is_refused(seen_by_4: Seen, case: str, code: str) -> None:
    found = seen_by_4(case)
    assert found["restored"] is True
    assert json.loads(found["error"]["message"])["error"]["code"] == code


@pytest.mark.parametrize("case", ["broken stream", "broken stream of claude"])
def test_version_4_is_told_that_a_stream_broke(seen_by_4: Seen, case: str) -> None:
    found = seen_by_4(case)
    assert found["lengths"][-1] > 0
    assert "message" not in found
    assert not found["error"]["message"].startswith("{")
