"""The Anthropic protocol, spoken to by Anthropic's own client."""

import json
from typing import Any

import anthropic
import pytest
from anthropic import AsyncAnthropic

from tests.simulator.conftest import AnthropicClient
from tests.support.simulator_process import SimulatorProcess

ADD = {
    "name": "add",
    "description": "Adds two numbers",
    "input_schema": {
        "type": "object",
        "properties": {"a": {"type": "integer", "minimum": 5, "maximum": 9}, "b": {"type": "integer"}},
        "required": ["a", "b"],
    },
}
DOG = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "age": {"type": "integer"},
        "born": {"type": "string", "format": "date"},
    },
    "required": ["name", "age", "born"],
    "additionalProperties": False,
}


def asking(content: Any = "Why do cats purr at night?", **more: Any) -> dict[str, Any]:
    messages = [{"role": "user", "content": content}]
    return {"model": "claude-haiku-4-5", "max_tokens": 2_000, "messages": messages} | more


async def test_message_answers_by_the_dated_name(anthropic_client: AnthropicClient):
    raw = await anthropic_client.messages.with_raw_response.create(**asking())
    message = await raw.parse()
    assert message.model == "claude-haiku-4-5-20251001"
    assert "Why do cats purr at night" in message.content[0].text
    assert message.stop_reason == "end_turn"
    assert raw.headers["request-id"].startswith("req_011")
    assert int(raw.headers["anthropic-ratelimit-tokens-remaining"]) > 0


async def test_stream_carries_the_plain_answer_and_its_usage(anthropic_client: AnthropicClient):
    plain = await anthropic_client.messages.create(**asking())
    async with anthropic_client.messages.stream(**asking()) as stream:
        kinds = [event.type async for event in stream]
        final = await stream.get_final_message()
    assert final.content[0].text == plain.content[0].text
    assert (final.usage.input_tokens, final.usage.output_tokens) == (
        plain.usage.input_tokens,
        plain.usage.output_tokens,
    )
    assert kinds[0] == "message_start"
    assert kinds[-1] == "message_stop"


async def test_stream_events_come_in_order_with_a_ping(simulator: SimulatorProcess, anthropic_client: AnthropicClient):
    async with anthropic_client.messages.with_streaming_response.create(**asking(max_tokens=3), stream=True) as raw:
        lines = [line async for line in raw.iter_lines()]
    names = [line.removeprefix("event: ") for line in lines if line.startswith("event: ")]
    assert names[:3] == ["message_start", "content_block_start", "ping"]
    assert names[-3:] == ["content_block_stop", "message_delta", "message_stop"]


async def test_max_tokens_and_stop_sequences_end_the_answer(anthropic_client: AnthropicClient):
    short = await anthropic_client.messages.create(**asking(max_tokens=5))
    stopped = await anthropic_client.messages.create(**asking("[[sim:say=one two END three]]", stop_sequences=["END"]))
    assert (short.stop_reason, short.usage.output_tokens) == ("max_tokens", 5)
    assert (stopped.stop_reason, stopped.stop_sequence, stopped.content[0].text) == ("stop_sequence", "END", "one two ")


async def test_tools_are_called_in_parallel_and_stream_alike(anthropic_client: AnthropicClient):
    ask = asking("Add numbers [[sim:tool_calls=2]]", tools=[ADD])
    plain = await anthropic_client.messages.create(**ask)
    async with anthropic_client.messages.stream(**ask) as stream:
        final = await stream.get_final_message()
    assert plain.stop_reason == final.stop_reason == "tool_use"
    assert [block.input for block in plain.content] == [block.input for block in final.content]
    assert len({block.id for block in plain.content}) == 2
    assert all(5 <= block.input["a"] <= 9 for block in plain.content)


@pytest.mark.parametrize(("choice", "called"), [({"type": "none"}, False), ({"type": "any"}, True)])
async def test_tool_choice_is_honoured(anthropic_client: AnthropicClient, choice: dict[str, str], called: bool):
    made = await anthropic_client.messages.create(**asking(tools=[ADD], tool_choice=choice))
    assert (made.content[0].type == "tool_use") is called


async def test_forced_tool_gives_an_input_that_fits(anthropic_client: AnthropicClient):
    answer = {"name": "answer", "input_schema": DOG}
    made = await anthropic_client.messages.create(
        **asking(tools=[ADD, answer], tool_choice={"type": "tool", "name": "answer"})
    )
    assert made.content[0].name == "answer"
    assert set(made.content[0].input) == {"name", "age", "born"}


async def test_tool_result_is_answered_in_text(anthropic_client: AnthropicClient):
    history = [
        {"role": "user", "content": "Add 1 and 2"},
        {
            "role": "assistant",
            "content": [{"type": "tool_use", "id": "toolu_1", "name": "add", "input": {"a": 1, "b": 2}}],
        },
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "it is three"}]},
    ]
    made = await anthropic_client.messages.create(**asking(messages=history, tools=[ADD]))
    assert "it is three" in made.content[0].text


@pytest.mark.parametrize("how", ["output_config", "output_format"])
async def test_structured_answer_fits_the_schema(anthropic_client: AnthropicClient, how: str):
    wanted = {"type": "json_schema", "schema": DOG}
    extra = {"output_config": {"format": wanted}} if how == "output_config" else {"output_format": wanted}
    made = await anthropic_client.messages.create(**asking(extra_body=extra))
    value = json.loads(made.content[0].text)
    assert isinstance(value["age"], int)
    assert set(value) == {"name", "age", "born"}


async def test_images_cost_tokens(anthropic_client: AnthropicClient):
    source = {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}
    parts = [{"type": "text", "text": "What is this?"}, {"type": "image", "source": source}]
    plain = await anthropic_client.messages.create(**asking("What is this?"))
    seen = await anthropic_client.messages.create(**asking(parts))
    assert seen.content[0].text.startswith("The image shows")
    assert seen.usage.input_tokens - plain.usage.input_tokens == 1_024


async def test_thinking_comes_before_the_text(anthropic_client: AnthropicClient):
    ask = asking(thinking={"type": "enabled", "budget_tokens": 1_024})
    async with anthropic_client.messages.stream(**ask) as stream:
        final = await stream.get_final_message()
    assert [block.type for block in final.content] == ["thinking", "text"]
    assert final.content[0].signature


async def test_cache_tokens_are_counted_apart_from_input_tokens(anthropic_client: AnthropicClient):
    text = "long " * 400
    plain = await anthropic_client.messages.create(**asking(text))
    made = await anthropic_client.messages.create(
        **asking(f"{text}[[sim:cached_tokens=100]][[sim:cache_write_tokens=50]]")
    )
    assert (made.usage.cache_read_input_tokens, made.usage.cache_creation_input_tokens) == (100, 50)
    assert made.usage.input_tokens < plain.usage.input_tokens


async def test_count_tokens_agrees_with_the_answer(anthropic_client: AnthropicClient):
    ask = asking()
    counted = await anthropic_client.messages.count_tokens(model=ask["model"], messages=ask["messages"])
    made = await anthropic_client.messages.create(**ask)
    assert counted.input_tokens == made.usage.input_tokens > 3


async def test_model_list_names_the_models(anthropic_client: AnthropicClient):
    assert "claude-haiku-4-5" in {model.id async for model in anthropic_client.models.list()}


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        ({"model": "no-such-model"}, anthropic.NotFoundError, "model: no-such-model"),
        ({"messages": []}, anthropic.BadRequestError, "at least one message"),
        ({"messages": [{"role": "root", "content": "x"}]}, anthropic.BadRequestError, r"messages\.0\.role"),
        ({"max_tokens": 0}, anthropic.BadRequestError, "max_tokens"),
        ({"messages": [{"role": "user", "content": "x" * 900_000}]}, anthropic.BadRequestError, "prompt is too long"),
    ],
)
async def test_wrong_requests_are_refused_in_anthropic_words(
    anthropic_client: AnthropicClient, change: dict[str, object], kind: type[anthropic.APIStatusError], message: str
):
    with pytest.raises(kind, match=message) as caught:
        await anthropic_client.messages.create(**asking(**change))
    assert caught.value.response.json()["request_id"].startswith("req_")


async def test_wrong_key_is_refused(simulator: SimulatorProcess):
    async with AsyncAnthropic(base_url=simulator.base_url, api_key="invalid-key", max_retries=0) as client:
        with pytest.raises(anthropic.AuthenticationError, match="invalid x-api-key"):
            await client.messages.create(**asking())
