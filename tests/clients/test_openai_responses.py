"""The official ``openai`` client for Python on ``/v1/responses`` and ``/v1/embeddings``."""

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import openai
import pytest
from openai import OpenAI

from tests.clients.asked import ASK_WEATHER, GREETING, REPORTED, SAY_GREETING, SAY_MUCH, WEATHER, WEATHER_TEXT
from tests.clients.client_world import Names
from tests.clients.people import Person

MODELS = ("gpt-4o-mini", "claude-haiku-4-5")


@pytest.fixture(scope="module")
def client(names: Names) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{names.base_url}/v1", api_key=names.key, max_retries=0) as made:
        yield made


def listen(stream: Any, heard: list[Any]) -> None:
    """Put what comes into ``heard``."""
    heard.extend(stream)


@pytest.mark.parametrize("model", MODELS)
def test_a_response(client: OpenAI, model: str) -> None:
    answer = client.responses.create(model=model, input=SAY_GREETING)
    assert (answer.output_text, answer.status) == (GREETING, "completed")
    assert answer.usage is not None
    assert answer.usage.output_tokens > 0


@pytest.mark.parametrize("model", MODELS)
def test_a_stream_of_a_response(client: OpenAI, model: str) -> None:
    with client.responses.stream(model=model, input=SAY_GREETING) as stream:
        kinds = [event.type for event in stream]
        final = stream.get_final_response()
    assert (kinds[0], kinds[-1]) == ("response.created", "response.completed")
    assert kinds.count("response.output_text.delta") > 1
    assert final.output_text == GREETING


@pytest.mark.parametrize("model", MODELS)
def test_a_response_calls_a_tool_and_hears_its_result(client: OpenAI, model: str) -> None:
    tool: Any = {"type": "function", "name": "tell_weather", "description": WEATHER_TEXT, "parameters": WEATHER,
                 "strict": True}  # fmt: skip
    said: list[Any] = [{"role": "user", "content": ASK_WEATHER}]
    asked = client.responses.create(model=model, input=said, tools=[tool])
    [call] = [item for item in asked.output if item.type == "function_call"]
    assert isinstance(json.loads(call.arguments)["city"], str)
    said += [call.model_dump(exclude_none=True)]
    said += [{"type": "function_call_output", "call_id": call.call_id, "output": REPORTED}]
    assert REPORTED in client.responses.create(model=model, input=said, tools=[tool]).output_text


@pytest.mark.parametrize("model", MODELS)
def test_a_response_that_fits_is_parsed(client: OpenAI, model: str) -> None:
    answer = client.responses.parse(model=model, input="Invent a person.", text_format=Person)
    assert isinstance(answer.output_parsed, Person)


def test_embeddings(client: OpenAI) -> None:
    answer = client.embeddings.create(model="text-embedding-3-small", input=["a lighthouse", "a ship"])
    assert [each.index for each in answer.data] == [0, 1]
    assert len(answer.data[0].embedding) == 1536
    assert answer.usage.prompt_tokens > 0


@pytest.mark.parametrize("breaking", ["breaking", "breaking_claude"])
def test_a_response_that_breaks_ends_in_a_failure(client: OpenAI, names: Names, breaking: str) -> None:
    stream = client.responses.create(model=getattr(names, breaking), input=SAY_MUCH, stream=True)
    heard: list[Any] = []
    with suppress(openai.APIError):
        listen(stream, heard)
        assert heard[-1].type == "response.failed"
    assert "response.output_text.delta" in {event.type for event in heard}
