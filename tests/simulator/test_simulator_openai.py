"""The OpenAI protocol, spoken to by OpenAI's own client."""

import json

import openai
import pytest
from openai import AsyncOpenAI

from tests.simulator.conftest import OpenAIClient
from tests.support.simulator_process import SimulatorProcess

ASK = [{"role": "user", "content": "How do tides shape a harbour?"}]
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Weather of a city",
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"type": "string"},
                "unit": {"enum": ["C", "F"]},
                "days": {"type": "integer", "maximum": 3},
            },
            "required": ["city", "unit", "days"],
            "additionalProperties": False,
        },
    },
}
SCHEMA = {
    "$defs": {"Step": {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}},
    "type": "object",
    "properties": {
        "steps": {"type": "array", "items": {"$ref": "#/$defs/Step"}, "minItems": 2, "maxItems": 2},
        "level": {"type": "string", "enum": ["low", "high"]},
        "score": {"type": "number", "minimum": 0, "maximum": 1},
        "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
    },
    "required": ["steps", "level", "score", "note"],
    "additionalProperties": False,
}


def asking(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


async def test_chat_answers_by_the_dated_name_and_quotes_the_prompt(openai_client: OpenAIClient):
    raw = await openai_client.chat.completions.with_raw_response.create(model="gpt-4o-mini", messages=ASK)
    completion = raw.parse()
    assert completion.model == "gpt-4o-mini-2024-07-18"
    assert "How do tides shape a harbour" in completion.choices[0].message.content
    assert completion.choices[0].finish_reason == "stop"
    assert completion.usage.total_tokens == completion.usage.prompt_tokens + completion.usage.completion_tokens
    assert raw.headers["x-request-id"].startswith("req_")
    assert int(raw.headers["x-ratelimit-remaining-requests"]) > 0


async def test_same_prompt_gives_same_text_under_a_new_id(openai_client: OpenAIClient):
    first = await openai_client.chat.completions.create(model="gpt-4o", messages=ASK)
    second = await openai_client.chat.completions.create(model="gpt-4o", messages=ASK)
    other = await openai_client.chat.completions.create(model="gpt-4o", messages=asking("What is a fugue?"))
    assert first.choices[0].message.content == second.choices[0].message.content != other.choices[0].message.content
    assert first.id != second.id


async def test_a_longer_prompt_costs_more_tokens(openai_client: OpenAIClient):
    short = await openai_client.chat.completions.create(model="gpt-4o", messages=asking("x" * 40))
    long = await openai_client.chat.completions.create(model="gpt-4o", messages=asking("x" * 4_040))
    assert long.usage.prompt_tokens - short.usage.prompt_tokens == 1_000


@pytest.mark.parametrize("tokens", [1, 2, 50, 129, 900])
async def test_directive_sets_the_completion_length_exactly(openai_client: OpenAIClient, tokens: int):
    made = await openai_client.chat.completions.create(
        model="gpt-4o", messages=asking(f"Describe rivers [[sim:output_tokens={tokens}]]")
    )
    assert made.usage.completion_tokens == tokens
    assert "sim:" not in made.choices[0].message.content


async def test_max_tokens_cuts_the_answer_and_says_so(openai_client: OpenAIClient):
    made = await openai_client.chat.completions.create(model="gpt-4o", messages=ASK, max_tokens=7)
    assert (made.choices[0].finish_reason, made.usage.completion_tokens) == ("length", 7)


async def test_stop_word_ends_the_answer_before_it(openai_client: OpenAIClient):
    made = await openai_client.chat.completions.create(
        model="gpt-4o", messages=asking("[[sim:say=one two three]]"), stop=["three"]
    )
    assert (made.choices[0].message.content, made.choices[0].finish_reason) == ("one two ", "stop")


async def test_stream_carries_the_text_of_the_plain_answer_and_usage_last(openai_client: OpenAIClient):
    plain = await openai_client.chat.completions.create(model="gpt-4o", messages=ASK)
    stream = await openai_client.chat.completions.create(
        model="gpt-4o", messages=ASK, stream=True, stream_options={"include_usage": True}
    )
    chunks = [chunk async for chunk in stream]
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks[:-1])
    assert text == plain.choices[0].message.content
    assert all(chunk.usage is None for chunk in chunks[:-1])
    assert chunks[-1].choices == []
    assert chunks[-1].usage == plain.usage
    assert chunks[-2].choices[0].finish_reason == "stop"


async def test_stream_without_the_option_carries_no_usage(openai_client: OpenAIClient):
    stream = await openai_client.chat.completions.create(model="gpt-4o", messages=ASK, stream=True)
    assert [chunk.usage async for chunk in stream if chunk.usage is not None] == []


async def test_several_choices_take_turns_in_a_stream(openai_client: OpenAIClient):
    stream = await openai_client.chat.completions.create(model="gpt-4o", messages=ASK, stream=True, n=2)
    indexes = [chunk.choices[0].index async for chunk in stream]
    assert indexes[:4] == [0, 1, 0, 1]


async def test_offered_tool_is_called_with_arguments_that_fit(openai_client: OpenAIClient):
    made = await openai_client.chat.completions.create(model="gpt-4o", messages=ASK, tools=[WEATHER])
    call = made.choices[0].message.tool_calls[0]
    arguments = json.loads(call.function.arguments)
    assert made.choices[0].finish_reason == "tool_calls"
    assert made.choices[0].message.content is None
    assert call.function.name == "get_weather"
    assert set(arguments) == {"city", "unit", "days"}
    assert arguments["unit"] in {"C", "F"}
    assert arguments["days"] <= 3


async def test_streamed_tool_calls_join_to_the_plain_ones(openai_client: OpenAIClient):
    ask = {"model": "gpt-4o", "messages": asking("Weather? [[sim:tool_calls=3]]"), "tools": [WEATHER]}
    plain = await openai_client.chat.completions.create(**ask)
    joined = ["", "", ""]
    ids = set()
    async for chunk in await openai_client.chat.completions.create(**ask, stream=True):
        for part in chunk.choices[0].delta.tool_calls or []:
            joined[part.index] += part.function.arguments
            ids |= {part.id} if part.id else set()
    assert joined == [call.function.arguments for call in plain.choices[0].message.tool_calls]
    assert len(ids) == 3


async def test_no_parallel_calls_when_they_are_forbidden(openai_client: OpenAIClient):
    made = await openai_client.chat.completions.create(
        model="gpt-4o", messages=asking("[[sim:tool_calls=3]]"), tools=[WEATHER], parallel_tool_calls=False
    )
    assert len(made.choices[0].message.tool_calls) == 1


@pytest.mark.parametrize(
    ("choice", "called"),
    [
        ("none", None),
        ("required", "get_weather"),
        ({"type": "function", "function": {"name": "send_mail"}}, "send_mail"),
    ],
)
async def test_tool_choice_is_honoured(openai_client: OpenAIClient, choice: object, called: str | None):
    mail = {"type": "function", "function": {"name": "send_mail", "parameters": {"type": "object", "properties": {}}}}
    made = await openai_client.chat.completions.create(
        model="gpt-4o", messages=asking("What is the weather of the city?"), tools=[mail, WEATHER], tool_choice=choice
    )
    calls = made.choices[0].message.tool_calls
    assert (calls[0].function.name if calls else None) == called


async def test_tool_result_is_answered_in_text(openai_client: OpenAIClient):
    call = {"id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": "{}"}}
    history = [
        *ASK,
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": "18 degrees and rain"},
    ]
    made = await openai_client.chat.completions.create(model="gpt-4o", messages=history, tools=[WEATHER])
    assert "18 degrees and rain" in made.choices[0].message.content


async def test_json_schema_answer_fits_the_schema(openai_client: OpenAIClient):
    wanted = {"type": "json_schema", "json_schema": {"name": "plan", "schema": SCHEMA, "strict": True}}
    made = await openai_client.chat.completions.create(model="gpt-4o", messages=ASK, response_format=wanted)
    value = json.loads(made.choices[0].message.content)
    assert set(value) == {"steps", "level", "score", "note"}
    assert [set(step) for step in value["steps"]] == [{"text"}, {"text"}]
    assert value["level"] in {"low", "high"}
    assert 0 <= value["score"] <= 1


async def test_images_cost_tokens(openai_client: OpenAIClient):
    parts = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}},
        {"type": "image_url", "image_url": {"url": "https://example.com/a.png", "detail": "low"}},
    ]
    plain = await openai_client.chat.completions.create(model="gpt-4o", messages=asking("What is this?"))
    seen = await openai_client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": parts}])
    assert "The 2 images show" in seen.choices[0].message.content
    assert seen.usage.prompt_tokens - plain.usage.prompt_tokens == 765 + 85


async def test_directives_set_cached_and_reasoning_tokens(openai_client: OpenAIClient):
    text = f"{'long ' * 500}[[sim:cached_tokens=512]][[sim:reasoning_tokens=64]][[sim:output_tokens=10]]"
    made = await openai_client.chat.completions.create(model="gpt-5", messages=asking(text))
    assert made.usage.prompt_tokens_details.cached_tokens == 512
    assert made.usage.completion_tokens_details.reasoning_tokens == 64
    assert made.usage.completion_tokens == 74


async def test_model_list_names_the_models(openai_client: OpenAIClient):
    names = {model.id async for model in openai_client.models.list()}
    assert {"gpt-4o", "gpt-4o-mini-2024-07-18"} <= names
    assert not any(name.startswith("claude") for name in names)


@pytest.mark.parametrize(
    ("change", "kind", "param", "code"),
    [
        ({"model": "no-such-model"}, openai.NotFoundError, None, "model_not_found"),
        ({"messages": []}, openai.BadRequestError, "messages", "empty_array"),
        ({"messages": [{"role": "root", "content": "x"}]}, openai.BadRequestError, "messages[0].role", "invalid_value"),
        ({"messages": [{"role": "user"}]}, openai.BadRequestError, "messages[0].content", "missing_required_parameter"),
        ({"n": 1_000}, openai.BadRequestError, "n", "integer_above_max_value"),
        ({"model": "o3-mini", "max_tokens": 5}, openai.BadRequestError, "max_tokens", "unsupported_parameter"),
        ({"messages": asking("x" * 600_000)}, openai.BadRequestError, "messages", "context_length_exceeded"),
    ],
)
async def test_wrong_requests_are_refused_in_openai_words(
    openai_client: OpenAIClient, change: dict[str, object], kind: type[openai.APIStatusError], param: str, code: str
):
    with pytest.raises(kind) as caught:
        await openai_client.chat.completions.create(**({"model": "gpt-4o", "messages": ASK} | change))
    assert (caught.value.param, caught.value.code) == (param, code)


async def test_wrong_key_is_refused_and_masked(simulator: SimulatorProcess):
    async with AsyncOpenAI(base_url=simulator.openai_url, api_key="invalid-key-0123456789", max_retries=0) as client:
        with pytest.raises(openai.AuthenticationError, match=r"invalid-\*+6789") as caught:
            await client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "Hello"}])
    assert caught.value.code == "invalid_api_key"
