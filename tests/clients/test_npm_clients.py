"""The official clients of npm, ``openai`` and ``@anthropic-ai/sdk``, on ``/v1``."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.clients.asked import GREETING, REPORTED

Seen = Callable[[str], Any]


@pytest.fixture(params=["openai", "anthropic"])
def client(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def seen(node_report: dict[str, Any]) -> Seen:
    """Return what a case found."""

    def found(case: str) -> Any:
        entry = node_report[case]
        assert not (isinstance(entry, dict) and "failed" in entry), entry["failed"]
        return entry

    return found


CHATS = ["openai: chat", "openai: chat of claude", "openai: chat of a use case",
         "anthropic: message", "anthropic: message of gpt", "anthropic: message of a use case"]  # fmt: skip


@pytest.mark.parametrize("case", CHATS)
def test_a_question_is_answered_and_the_headers_say_by_whom(seen: Seen, case: str) -> None:
    found = seen(case)
    assert (found["said"], found["reason"]) == (GREETING, "stop" if case.startswith("openai") else "end_turn")
    vendor = {"claude": "anthropic", "gpt": "openai"}.get(case.rpartition(" ")[2])
    assert found["provider"].startswith(vendor or ("openai", "anthropic"))
    assert float(found["cost"]) > 0
    assert min(found["usage"].get("prompt_tokens", 0) + found["usage"].get("input_tokens", 0), 1) == 1


@pytest.mark.parametrize("case", ["openai: stream", "openai: stream of claude",
                                  "anthropic: stream", "anthropic: stream of gpt"])  # fmt: skip
def test_an_answer_comes_piece_by_piece(seen: Seen, case: str) -> None:
    found = seen(case)
    assert "".join(found["texts"]) == GREETING
    assert len(found["texts"]) > 1
    assert found["usage"].get("completion_tokens", 0) + found["usage"].get("output_tokens", 0) > 0


@pytest.mark.parametrize("case", ["openai: tools", "openai: tools of claude",
                                  "anthropic: tools", "anthropic: tools of gpt",
                                  "anthropic: tool runner", "anthropic: tool runner of gpt"])  # fmt: skip
def test_a_tool_is_run_and_its_result_told(seen: Seen, case: str) -> None:
    found = seen(case)
    [city] = found["calls"]
    assert isinstance(city, str)
    assert REPORTED in found["said"]


@pytest.mark.parametrize("case", ["openai: structured", "openai: structured by claude",
                                  "anthropic: structured", "anthropic: structured by gpt"])  # fmt: skip
def test_json_that_fits_is_parsed(seen: Seen, case: str) -> None:
    assert {name: type(value) for name, value in seen(case).items()} == {"name": str, "age": int}


@pytest.mark.parametrize("case", ["openai: image", "openai: image of claude",
                                  "anthropic: image", "anthropic: image of gpt"])  # fmt: skip
def test_an_image_is_seen(seen: Seen, case: str) -> None:
    assert seen(case)["said"].startswith("The image shows")


@pytest.mark.parametrize("case", ["openai: response", "openai: response of claude"])
def test_a_response_comes_whole_and_as_events(seen: Seen, case: str) -> None:
    found = seen(case)
    assert found["said"] == found["final"] == GREETING
    assert (found["events"][0], found["events"][-1]) == ("response.created", "response.completed")
    assert found["events"].count("response.output_text.delta") > 1


def test_models_embeddings_and_counts_are_there(seen: Seen) -> None:
    assert {"gpt-4o-mini", "claude-haiku-4-5", "use-case:draft"} <= set(seen("openai: models"))
    assert seen("openai: embeddings") == [1536, 1536]
    assert seen("anthropic: count")["input_tokens"] > 0


REFUSALS = {
    "401": ("AuthenticationError", "AuthenticationError"),
    "402": ("APIError", "PaymentRequiredError"),
    "404": ("NotFoundError", "NotFoundError"),
    "429 of ours": ("RateLimitError", "RateLimitError"),
    "429 of theirs": ("RateLimitError", "RateLimitError"),
    "503": ("InternalServerError", "ServiceUnavailableError"),
}


@pytest.mark.parametrize(("case", "kinds"), REFUSALS.items())
def test_a_refusal_is_one_of_the_clients_own_errors(seen: Seen, client: str, case: str, kinds: tuple[str, str]) -> None:
    found = seen(f"{client}: {case}")
    assert found["status"] == int(case[:3])
    assert found["name"] == kinds[client == "anthropic"]
    assert found["requestId"]
    if (client, case) == ("openai", "402"):
        assert found["type"] == "insufficient_quota"


@pytest.mark.parametrize("case", ["openai: broken stream", "openai: broken stream of claude",
                                  "anthropic: broken stream", "anthropic: broken stream of gpt"])  # fmt: skip
def test_a_stream_that_breaks_is_an_api_error_after_what_came(seen: Seen, case: str) -> None:
    found = seen(case)
    assert found["came"]
    assert "APIError" in found["classes"]
    assert "APIConnectionError" not in found["classes"]


def test_the_clients_own_retry_waits_as_long_as_it_is_told(seen: Seen, client: str) -> None:
    found = seen(f"{client}: retried")
    [first, second] = found["times"]
    assert second - first >= 1000
    assert found["said"] == GREETING
