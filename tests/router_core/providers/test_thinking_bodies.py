"""How hard a model is to reason, said to each in the words that it takes, and thoughts given back as they were."""

from typing import Any

import msgspec
import pytest
from msgspec import structs

from router_core.providers import anthropic_wire, openai_wire
from router_core.providers.anthropic_thinking import BUDGETS, effort_of_budget
from router_core.types import Message, ProviderKind, ReasoningEffort, TunedRequest
from tests.router_core.providers.provider_calls import call_to

TURNS = [
    {"role": "user", "content": "Weather?"},
    {
        "role": "assistant",
        "content": [
            {"type": "reasoning", "text": "Hm", "signature": "seal"},
            {"type": "reasoning", "data": "locked"},
            {"type": "reasoning", "text": "nobody's"},
            {"type": "tool-call", "toolCallId": "t1", "toolName": "look", "args": {}},
        ],
    },
    {"role": "tool", "content": [{"type": "tool-result", "toolCallId": "t1", "toolName": "look", "result": "sun"}]},
]
TURN = msgspec.convert(TURNS, tuple[Message, ...])


def fields(model: str, *, max_tokens: int = 60_000, **request: Any) -> dict[str, Any]:
    asked = {"temperature": None, **({} if "messages" in request else {"prompt": "Hi"}), **request}
    kind: ProviderKind = "openai" if model.startswith(("gpt", "o")) else "anthropic"
    call = call_to(kind, model=model)
    call = structs.replace(call, request=TunedRequest(**asked), max_tokens=max_tokens)
    if kind == "openai":
        return openai_wire.request_fields(call, stream=False)
    return anthropic_wire.request_fields(call, dict, stream=False)


@pytest.mark.parametrize(
    ("model", "effort", "said"),
    [
        ("claude-haiku-4-5-20251001", "low", {"type": "enabled", "budget_tokens": 2048}),
        ("claude-sonnet-4-5", "max", {"type": "enabled", "budget_tokens": 30_000}),
        ("claude-opus-4-6", "high", {"type": "adaptive"}),
        ("claude-3-5-haiku-latest", "high", None),
        ("claude-sonnet-4-5", "none", None),
        ("claude-sonnet-4-5", None, None),
    ],
)
def test_claude_is_given_a_budget_or_told_to_judge_for_itself(
    model: str, effort: ReasoningEffort | None, said: Any
) -> None:
    assert fields(model, effort=effort).get("thinking") == said


def test_a_newer_claude_hears_the_effort_itself_beside_the_shape_of_its_answer() -> None:
    shape = msgspec.convert({"type": "json_schema", "schema": {"type": "object"}}, Any)
    assert fields("claude-opus-4-6", effort="minimal")["output_config"] == {"effort": "low"}
    asked = msgspec.convert({"prompt": "Hi", "responseFormat": shape, "effort": "high"}, TunedRequest)
    call = structs.replace(call_to("anthropic", model="claude-opus-4-6"), request=asked)
    config = anthropic_wire.request_fields(call, dict, stream=False)["output_config"]
    assert (config["effort"], config["format"]["type"]) == ("high", "json_schema")


def test_claude_does_not_think_where_the_vendor_would_refuse_it() -> None:
    assert "thinking" not in fields("claude-sonnet-4-5", effort="high", tool_choice="required")
    assert "thinking" not in fields("claude-sonnet-4-5", effort="high", max_tokens=1500)
    begun = structs.replace(TURN[1], content=TURN[1].content[2:])
    assert "thinking" not in fields("claude-sonnet-4-5", effort="high", messages=(TURN[0], begun, TURN[2]))
    assert "thinking" in fields("claude-sonnet-4-5", effort="high", messages=TURN)


def test_a_claude_that_thinks_is_not_told_how_to_draw_its_words() -> None:
    said = fields("claude-sonnet-4-5", effort="high", temperature=0.3, top_p=0.4)
    assert not said.keys() & {"temperature", "top_p"}


@pytest.mark.parametrize(("model", "said"), [("gpt-5-nano", "high"), ("o4-mini", "high"), ("gpt-4o", None)])
def test_only_models_of_openai_that_reason_hear_of_effort(model: str, said: str | None) -> None:
    assert fields(model, effort="max").get("reasoning_effort") == said


def test_signed_and_locked_thoughts_go_back_unchanged_and_unsigned_ones_to_nobody() -> None:
    sent = fields("claude-sonnet-4-5", messages=TURN)["messages"][1]["content"]
    assert sent[:2] == [
        {"type": "thinking", "thinking": "Hm", "signature": "seal"}, {"type": "redacted_thinking", "data": "locked"},
    ]  # fmt: skip
    assert [block["type"] for block in sent[2:]] == ["tool_use"]
    assert set(fields("gpt-4o", messages=TURN)["messages"][1]) == {"role", "content", "tool_calls"}


def test_a_budget_is_the_least_effort_that_allows_for_it() -> None:
    assert {effort_of_budget(budget): effort for effort, budget in BUDGETS.items()} == {each: each for each in BUDGETS}
    assert [effort_of_budget(tokens) for tokens in (1, 2049, 10**6)] == ["minimal", "medium", "max"]
