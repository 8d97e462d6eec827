"""LangChain, pydantic-ai, instructor and the ``llm`` command on ``/v1``."""

import json
from typing import Any

import pytest

from tests.clients.asked import GREETING, REPORTED

FAMILIES = [f"{framework} {family}" for framework in ("langchain", "pydantic-ai")
            for family in ("openai", "responses", "anthropic")]  # fmt: skip
MODELS = ("gpt-4o-mini", "claude-haiku-4-5")
SEEING = ("gpt-4o", "claude-sonnet-4-5")


def found(report: dict[str, Any], case: str) -> dict[str, Any]:
    """Return what a case found; fails with its error."""
    entry: dict[str, Any] = report[case]
    assert "failed" not in entry, entry["failed"]
    return entry


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("family", FAMILIES)
class TestModels:
    """Every class of models that a framework has, in front of both vendors."""

    def test_a_question_is_answered(self, agents_report: dict[str, Any], family: str, model: str) -> None:
        seen = found(agents_report, f"{family}: chat {model}")
        assert seen["said"] == GREETING
        assert all(count > 0 for count in (seen.get("tokens") or [seen["usage"]["total_tokens"]]))

    def test_an_answer_comes_piece_by_piece(self, agents_report: dict[str, Any], family: str, model: str) -> None:
        texts = found(agents_report, f"{family}: stream {model}")["texts"]
        assert "".join(texts) == GREETING
        assert len(texts) > 1

    def test_a_tool_is_called_and_its_result_told(self, agents_report: dict[str, Any], family: str, model: str) -> None:
        seen = found(agents_report, f"{family}: tools {model}")
        [city] = seen["cities"]
        assert isinstance(city, str)
        assert REPORTED in seen["said"]

    def test_an_answer_has_the_class_that_was_asked_for(
        self, agents_report: dict[str, Any], family: str, model: str
    ) -> None:
        assert found(agents_report, f"{family}: structured {model}")["class"] == "Person"


@pytest.mark.parametrize("model", SEEING)
@pytest.mark.parametrize("family", FAMILIES)
def test_an_image_is_seen(agents_report: dict[str, Any], family: str, model: str) -> None:
    assert found(agents_report, f"{family}: image {model}")["said"].startswith("The image shows")


def test_langchain_gets_embeddings(agents_report: dict[str, Any]) -> None:
    assert found(agents_report, "langchain embeddings")["lengths"] == [1536, 1536]


VENDORS_OWN = {
    "401": ("AuthenticationError", "AuthenticationError"),
    "402": ("APIStatusError", "APIStatusError"),
    "429": ("RateLimitError", "RateLimitError"),
    "503": ("InternalServerError", "InternalServerError"),
}
ITS_OWN = {
    "401": "ModelAuthenticationError",
    "402": "ModelHTTPError",
    "429": "ModelRateLimitError",
    "503": "ModelUnavailableError",
}


@pytest.mark.parametrize("case", VENDORS_OWN)
@pytest.mark.parametrize("family", FAMILIES)
def test_a_refusal_is_one_of_the_frameworks_own_errors(agents_report: dict[str, Any], family: str, case: str) -> None:
    seen = found(agents_report, f"{family}: {case}")
    assert seen["status"] == int(case)
    expected = ITS_OWN[case] if family.startswith("pydantic") else VENDORS_OWN[case][family.endswith("anthropic")]
    assert expected in seen["classes"]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_stream_that_breaks_raises_after_what_came(agents_report: dict[str, Any], family: str) -> None:
    seen = found(agents_report, f"{family}: broken stream")
    assert seen["came"]
    assert {"APIError", "ModelAPIError"} & set(seen["classes"])


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("family", ["openai", "anthropic"])
def test_instructor_gets_its_model(instructor_report: dict[str, Any], family: str, model: str) -> None:
    assert found(instructor_report, f"instructor {family}: tools {model}")["class"] == "Person"
    grown = found(instructor_report, f"instructor {family}: partial {model}")
    assert isinstance(grown["age"], int)
    assert grown["seen"] > 1


@pytest.mark.parametrize("family", ["openai", "anthropic"])
def test_instructor_reads_json_out_of_an_answer(instructor_report: dict[str, Any], family: str) -> None:
    assert found(instructor_report, f"instructor {family}: json")["class"] == "Person"


@pytest.mark.parametrize("family", ["openai", "anthropic"])
def test_instructor_asks_again_with_what_was_wrong(instructor_report: dict[str, Any], family: str) -> None:
    seen = found(instructor_report, f"instructor {family}: asked again")
    assert seen["classes"][0] == "InstructorRetryException"
    assert seen["message"].count("too common") > 1


@pytest.mark.parametrize("case", VENDORS_OWN)
@pytest.mark.parametrize("family", ["openai", "anthropic"])
def test_instructor_hands_on_the_clients_error(instructor_report: dict[str, Any], family: str, case: str) -> None:
    seen = found(instructor_report, f"instructor {family}: {case}")
    assert seen["classes"][0] == "InstructorRetryException"
    assert f"Error code: {case}" in seen["message"]


@pytest.mark.parametrize("case", ["chat", "stream"])
def test_llm_prints_the_answer(agents_report: dict[str, Any], case: str) -> None:
    assert found(agents_report, f"llm: {case}") == {"code": 0, "said": GREETING, "complaint": ""}


def test_llm_runs_a_function_and_tells_its_result(agents_report: dict[str, Any]) -> None:
    assert REPORTED in found(agents_report, "llm: tools")["said"]


def test_llm_prints_json_that_fits(agents_report: dict[str, Any]) -> None:
    person = json.loads(found(agents_report, "llm: structured")["said"])
    assert {name: type(value) for name, value in person.items()} == {"name": str, "age": int}


def test_llm_attaches_an_image(agents_report: dict[str, Any]) -> None:
    assert found(agents_report, "llm: image")["said"].startswith("The image shows")


@pytest.mark.parametrize("case", VENDORS_OWN)
def test_llm_says_why_it_is_refused(agents_report: dict[str, Any], case: str) -> None:
    seen = found(agents_report, f"llm: {case}")
    assert seen["code"] == 1
    assert f"Error code: {case}" in seen["complaint"]


def test_llm_says_that_a_stream_broke(agents_report: dict[str, Any]) -> None:
    seen = found(agents_report, "llm: broken stream")
    assert (seen["code"], bool(seen["said"])) == (1, True)
    assert seen["complaint"].startswith("Error: ")
