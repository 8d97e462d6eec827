"""The official ``openai`` client for Python on ``/v1``, unchanged but for its base URL and key."""

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI, OpenAI

from tests.clients.asked import (
    ASK_WEATHER,
    GREETING,
    LOOK,
    NOBODY,
    PIXEL,
    REPORTED,
    SAY_GREETING,
    SAY_MUCH,
    WEATHER,
    WEATHER_TEXT,
)
from tests.clients.client_world import Names
from tests.clients.people import Person

MODELS = ("gpt-4o-mini", "claude-haiku-4-5")
TOOL: Any = {"type": "function", "function": {"name": "tell_weather", "description": WEATHER_TEXT,
                                              "parameters": WEATHER}}  # fmt: skip
HELLO: Any = [{"role": "user", "content": SAY_GREETING}]
MUCH: Any = [{"role": "user", "content": SAY_MUCH}]
SEE: Any = [{"role": "user", "content": [
    {"type": "text", "text": LOOK},
    {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}]}]  # fmt: skip


@pytest.fixture(scope="module")
def to(names: Names) -> Iterator[Callable[..., OpenAI]]:
    """Return a client with a key."""
    made: list[OpenAI] = []

    def client(key: str = names.key, **options: Any) -> OpenAI:
        made.append(OpenAI(base_url=f"{names.base_url}/v1", api_key=key, **{"max_retries": 0, **options}))
        return made[-1]

    yield client
    for each in made:
        each.close()


@pytest.fixture(scope="module")
def client(to: Callable[..., OpenAI]) -> OpenAI:
    return to()


@pytest.mark.parametrize("model", MODELS)
def test_chat(client: OpenAI, model: str) -> None:
    raw = client.chat.completions.with_raw_response.create(model=model, messages=HELLO)
    answer = raw.parse()
    assert answer.choices[0].message.content == GREETING
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage is not None
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert raw.headers["x-signalbox-provider"].startswith("openai" if model == MODELS[0] else "anthropic")
    assert float(raw.headers["x-signalbox-cost-usd"]) > 0
    assert raw.headers["x-signalbox-request-id"]


@pytest.mark.parametrize("model", ["use-case:draft", "openai-gpt4o"])
def test_a_use_case_and_a_provider_are_models(client: OpenAI, model: str) -> None:
    answer = client.chat.completions.create(model=model, messages=HELLO)
    assert answer.choices[0].message.content == GREETING


@pytest.mark.parametrize("model", MODELS)
def test_a_stream_of_chat_ends_with_its_usage(client: OpenAI, model: str) -> None:
    chunks = list(client.chat.completions.create(
        model=model, messages=HELLO, stream=True, stream_options={"include_usage": True}))  # fmt: skip
    texts = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    assert "".join(texts) == GREETING
    assert len([text for text in texts if text]) > 1
    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens > 0


@pytest.mark.parametrize("model", MODELS)
def test_the_stream_helper_puts_the_message_together(client: OpenAI, model: str) -> None:
    with client.chat.completions.stream(model=model, messages=HELLO) as stream:
        kinds = {event.type for event in stream}
        final = stream.get_final_completion()
    assert {"chunk", "content.delta", "content.done"} <= kinds
    assert final.choices[0].message.content == GREETING


def test_without_usage_no_chunk_has_any(client: OpenAI) -> None:
    chunks = list(client.chat.completions.create(model=MODELS[1], messages=HELLO, stream=True))
    assert all(chunk.choices for chunk in chunks)


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("model", MODELS)
def test_a_tool_is_called_and_its_result_told(client: OpenAI, model: str, streamed: bool) -> None:
    messages: list[Any] = [{"role": "user", "content": ASK_WEATHER}]
    if streamed:
        with client.chat.completions.stream(model=model, messages=messages, tools=[TOOL]) as stream:
            asked: Any = stream.get_final_completion()
    else:
        asked = client.chat.completions.create(model=model, messages=messages, tools=[TOOL])
    assert asked.choices[0].finish_reason == "tool_calls"
    [call] = asked.choices[0].message.tool_calls
    assert call.function.name == "tell_weather"
    assert isinstance(json.loads(call.function.arguments)["city"], str)
    messages.append(asked.choices[0].message.model_dump(exclude_none=True, include={"role", "content", "tool_calls"}))
    messages.append({"role": "tool", "tool_call_id": call.id, "content": REPORTED})
    told = client.chat.completions.create(model=model, messages=messages, tools=[TOOL])
    assert REPORTED in (told.choices[0].message.content or "")


@pytest.mark.parametrize("model", MODELS)
def test_two_tools_are_called_at_once(client: OpenAI, model: str) -> None:
    prompt = ASK_WEATHER.replace("calls=1", "calls=2")
    with client.chat.completions.stream(model=model, messages=[{"role": "user", "content": prompt}],
                                        tools=[TOOL]) as stream:  # fmt: skip
        message = stream.get_final_completion().choices[0].message
    assert message.tool_calls is not None
    assert len({call.id for call in message.tool_calls}) == 2
    assert all("city" in json.loads(call.function.arguments) for call in message.tool_calls)


@pytest.mark.parametrize("model", MODELS)
def test_json_that_fits_is_parsed(client: OpenAI, model: str) -> None:
    answer = client.chat.completions.parse(
        model=model, messages=[{"role": "user", "content": "Invent a person."}], response_format=Person)  # fmt: skip
    assert isinstance(answer.choices[0].message.parsed, Person)


@pytest.mark.parametrize("model", ["gpt-4o", "claude-sonnet-4-5"])
def test_an_image_is_seen(client: OpenAI, model: str) -> None:
    answer = client.chat.completions.create(model=model, messages=SEE)
    assert (answer.choices[0].message.content or "").startswith("The image shows")


def test_models_are_listed(client: OpenAI) -> None:
    listed = [model.id for model in client.models.list()]
    assert set(MODELS) <= set(listed)
    assert "use-case:draft" in listed


def test_the_asynchronous_client(names: Names) -> None:
    async def ask() -> list[str]:
        async with AsyncOpenAI(base_url=f"{names.base_url}/v1", api_key=names.key, max_retries=0) as client:
            stream = await client.chat.completions.create(model=MODELS[0], messages=HELLO, stream=True)
            whole, parts = await asyncio.gather(
                client.chat.completions.create(model=MODELS[1], messages=HELLO), _texts(stream))  # fmt: skip
            return [whole.choices[0].message.content or "", parts]

    async def _texts(stream: Any) -> str:
        return "".join([chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices])

    assert asyncio.run(ask()) == [GREETING, GREETING]


def refused(client: OpenAI, model: str = MODELS[0]) -> openai.APIStatusError:
    """Return the error that a question ends with."""
    with pytest.raises(openai.APIStatusError) as caught:
        client.chat.completions.create(model=model, messages=HELLO)
    return caught.value


def test_401_is_an_authentication_error(to: Callable[..., OpenAI]) -> None:
    error = refused(to(NOBODY))
    assert type(error) is openai.AuthenticationError
    assert (error.status_code, error.code) == (401, "invalid_api_key")


def test_402_is_a_status_error_of_spent_quota(to: Callable[..., OpenAI], names: Names) -> None:
    error = refused(to(names.spent_key))
    assert type(error) is openai.APIStatusError
    assert (error.status_code, error.type) == (402, "insufficient_quota")
    assert "Daily budget exceeded" in error.message


@pytest.mark.parametrize("whose", ["ours", "theirs"])
def test_429_is_a_rate_limit_error(to: Callable[..., OpenAI], names: Names, whose: str) -> None:
    error = refused(to(names.hasty_key)) if whose == "ours" else refused(to(), names.limited)
    assert type(error) is openai.RateLimitError
    assert int(error.response.headers["retry-after"]) >= 1


def test_503_is_an_internal_server_error(client: OpenAI, names: Names) -> None:
    error = refused(client, names.closed)
    assert type(error) is openai.InternalServerError
    assert error.status_code == 503
    assert int(error.response.headers["retry-after"]) >= 1


def test_404_and_400_have_their_classes(client: OpenAI) -> None:
    assert type(refused(client, "no-such-model")) is openai.NotFoundError
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model=MODELS[0], messages=[])
    assert caught.value.request_id


def listen(stream: Any, heard: list[Any]) -> None:
    """Put what comes into ``heard``."""
    heard.extend(stream)


@pytest.mark.parametrize("breaking", ["breaking", "breaking_claude"])
def test_a_stream_that_breaks_raises_an_api_error_after_what_came(client: OpenAI, names: Names, breaking: str) -> None:
    heard: list[Any] = []
    stream = client.chat.completions.create(model=getattr(names, breaking), messages=MUCH, stream=True)
    with pytest.raises(openai.APIError) as caught:
        listen(stream, heard)
    assert "".join(choice.delta.content or "" for chunk in heard for choice in chunk.choices)
    assert not isinstance(caught.value, openai.APIConnectionError)


def test_the_clients_own_retry_waits_as_long_as_it_is_told(to: Callable[..., OpenAI], names: Names) -> None:
    patient = to(max_retries=2)
    begun = time.monotonic()
    raw = patient.chat.completions.with_raw_response.create(model=names.limited_once[0], messages=HELLO)
    assert raw.retries_taken == 1
    assert time.monotonic() - begun >= 1.0
    assert raw.parse().choices[0].message.content == GREETING
