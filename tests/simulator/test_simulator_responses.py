"""OpenAI's Responses, spoken to by OpenAI's own client."""

import json
from typing import Any

import openai
import pytest
from pydantic import BaseModel

from tests.simulator.conftest import OpenAIClient
from tests.support.simulator_process import SimulatorProcess

ASK = "How do tides shape a harbour?"
WEATHER = {
    "type": "function",
    "name": "get_weather",
    "description": "Weather of a city",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}, "unit": {"enum": ["C", "F"]}},
        "required": ["city", "unit"],
        "additionalProperties": False,
    },
    "strict": True,
}


class Plan(BaseModel):
    title: str
    days: int


async def streamed(client: OpenAIClient, **ask: Any) -> tuple[list[Any], Any]:
    async with client.responses.stream(**ask) as stream:
        events = [event async for event in stream]
        return events, await stream.get_final_response()


async def test_an_answer_names_the_dated_model_and_counts_its_tokens(openai_client: OpenAIClient):
    made = await openai_client.responses.create(model="gpt-4o-mini", input=ASK, instructions="Be brief")
    assert made.model == "gpt-4o-mini-2024-07-18"
    assert (made.status, made.instructions, made.store) == ("completed", "Be brief", True)
    assert "How do tides shape a harbour" in made.output_text
    assert made.usage.total_tokens == made.usage.input_tokens + made.usage.output_tokens


async def test_the_same_words_cost_as_many_tokens_as_in_a_chat(openai_client: OpenAIClient):
    made = await openai_client.responses.create(model="gpt-4o", input=ASK)
    chat = await openai_client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": ASK}])
    assert (made.usage.input_tokens, made.output_text) == (chat.usage.prompt_tokens, chat.choices[0].message.content)


async def test_a_stream_adds_up_to_the_plain_answer_and_its_events_are_numbered(openai_client: OpenAIClient):
    plain = await openai_client.responses.create(model="gpt-4o", input=ASK)
    events, final = await streamed(openai_client, model="gpt-4o", input=ASK)
    assert final.output_text == plain.output_text
    assert final.usage == plain.usage
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert [event.type for event in events[:4]] == [
        "response.created", "response.in_progress", "response.output_item.added", "response.content_part.added",
    ]  # fmt: skip


async def test_offered_tools_are_called_whole_and_in_a_stream(openai_client: OpenAIClient):
    ask = {"model": "gpt-4o", "input": "Weather? [[sim:tool_calls=2]]", "tools": [WEATHER]}
    plain = await openai_client.responses.create(**ask)
    _, final = await streamed(openai_client, **ask)
    assert [json.loads(call.arguments).keys() for call in plain.output] == [{"city", "unit"}] * 2
    assert [call.arguments for call in final.output] == [call.arguments for call in plain.output]
    assert len({call.call_id for call in plain.output}) == 2


async def test_a_tool_s_result_is_answered_in_text(openai_client: OpenAIClient):
    history = [
        {"role": "user", "content": [{"type": "input_text", "text": ASK}]},
        {"type": "function_call", "call_id": "call_1", "name": "get_weather", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "call_1", "output": "18 degrees and rain"},
    ]
    made = await openai_client.responses.create(model="gpt-4o", input=history, tools=[WEATHER])
    assert "18 degrees and rain" in made.output_text


async def test_an_answer_can_be_parsed_into_what_was_asked_for(openai_client: OpenAIClient):
    made = await openai_client.responses.parse(model="gpt-4o", input=ASK, text_format=Plan)
    assert isinstance(made.output_parsed, Plan)


async def test_a_limit_cuts_the_answer_and_says_so(openai_client: OpenAIClient):
    ask = {"model": "gpt-4o", "input": "Rivers [[sim:output_tokens=90]]", "max_output_tokens": 16}
    made = await openai_client.responses.create(**ask)
    assert (made.status, made.incomplete_details.reason, made.usage.output_tokens) == (
        "incomplete", "max_output_tokens", 16,
    )  # fmt: skip
    events = [event async for event in await openai_client.responses.create(**ask, stream=True)]
    assert events[-1].type == "response.incomplete"


async def test_a_refusal_is_no_text(openai_client: OpenAIClient):
    made = await openai_client.responses.create(model="gpt-4o", input="[[sim:finish=refusal]]")
    assert (made.output_text, made.output[0].content[0].type) == ("", "refusal")


async def test_visible_thinking_comes_as_a_summary_and_counts_as_reasoning(openai_client: OpenAIClient):
    ask = {"model": "gpt-5", "input": ASK, "reasoning": {"effort": "low", "summary": "auto"}}
    made = await openai_client.responses.create(**ask)
    assert [item.type for item in made.output] == ["reasoning", "message"]
    assert 0 < made.usage.output_tokens_details.reasoning_tokens < made.usage.output_tokens
    events, final = await streamed(openai_client, **ask)
    thought = "".join(event.delta for event in events if event.type == "response.reasoning_summary_text.delta")
    assert thought == final.output[0].summary[0].text == made.output[0].summary[0].text


@pytest.mark.parametrize(
    ("change", "kind", "param", "code"),
    [
        ({"model": "no-such-model"}, openai.NotFoundError, None, "model_not_found"),
        ({"input": None}, openai.BadRequestError, "input", "missing_required_parameter"),
        ({"max_output_tokens": 3}, openai.BadRequestError, "max_output_tokens", "integer_below_min_value"),
        ({"reasoning": {"effort": "low"}}, openai.BadRequestError, "reasoning.effort", "unsupported_parameter"),
        ({"previous_response_id": "resp_1"}, openai.BadRequestError, "previous_response_id",
         "previous_response_not_found"),
    ],
)  # fmt: skip
async def test_wrong_requests_are_refused_in_openai_s_words(
    openai_client: OpenAIClient, change: dict[str, Any], kind: type[openai.APIStatusError], param: str, code: str
):
    with pytest.raises(kind) as caught:
        await openai_client.responses.create(**({"model": "gpt-4o", "input": ASK} | change))
    assert (caught.value.param, caught.value.code) == (param, code)


async def test_a_stream_can_break_off_with_an_error_event(openai_client: OpenAIClient, simulator: SimulatorProcess):
    simulator.control("POST", "faults", {"model": "gpt-4o", "error_after": 5})
    stream = aiter(await openai_client.responses.create(model="gpt-4o", input=ASK, stream=True))
    seen = [(await anext(stream)).type for _ in range(5)]
    assert seen[-1] == "response.output_text.delta"
    with pytest.raises(openai.APIError):
        await anext(stream)
