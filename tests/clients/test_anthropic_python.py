"""The official ``anthropic`` client for Python on ``/v1/messages``, unchanged but for its base URL and key."""

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import Any

import anthropic
import pytest
from anthropic import Anthropic, AsyncAnthropic, beta_tool

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

MODELS = ("claude-haiku-4-5", "gpt-4o-mini")
TOOL: Any = {"name": "tell_weather", "description": WEATHER_TEXT, "input_schema": WEATHER}
HELLO: Any = [{"role": "user", "content": SAY_GREETING}]
MUCH: Any = [{"role": "user", "content": SAY_MUCH}]
SEE: Any = [{"role": "user", "content": [
    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}},
    {"type": "text", "text": LOOK}]}]  # fmt: skip


@pytest.fixture(scope="module")
def to(names: Names) -> Iterator[Callable[..., Anthropic]]:
    """Return a client with a key."""
    made: list[Anthropic] = []

    def client(key: str = names.key, **options: Any) -> Anthropic:
        made.append(Anthropic(base_url=names.base_url, api_key=key, **{"max_retries": 0, **options}))
        return made[-1]

    yield client
    for each in made:
        each.close()


@pytest.fixture(scope="module")
def client(to: Callable[..., Anthropic]) -> Anthropic:
    return to()


def said(message: anthropic.types.Message) -> str:
    """Return the text of an answer."""
    return "".join(block.text for block in message.content if block.type == "text")


@pytest.mark.parametrize("model", MODELS)
def test_a_message(client: Anthropic, model: str) -> None:
    raw = client.messages.with_raw_response.create(model=model, max_tokens=100, messages=HELLO)
    answer = raw.parse()
    assert (said(answer), answer.stop_reason, answer.role) == (GREETING, "end_turn", "assistant")
    assert answer.usage.input_tokens > 0
    assert answer.usage.output_tokens > 0
    assert raw.headers["x-signalbox-provider"].startswith("anthropic" if model == MODELS[0] else "openai")
    assert float(raw.headers["x-signalbox-cost-usd"]) > 0
    assert raw.headers["x-signalbox-request-id"]


@pytest.mark.parametrize("model", ["use-case:general", "anthropic-claude-haiku-4-5"])
def test_a_use_case_and_a_provider_are_models(client: Anthropic, model: str) -> None:
    assert said(client.messages.create(model=model, max_tokens=100, messages=HELLO)) == GREETING


def test_a_bearer_key_is_taken_too(names: Names) -> None:
    with Anthropic(base_url=names.base_url, auth_token=names.key, max_retries=0) as client:
        assert said(client.messages.create(model=MODELS[0], max_tokens=100, messages=HELLO)) == GREETING


@pytest.mark.parametrize("model", MODELS)
def test_a_stream_of_events(client: Anthropic, model: str) -> None:
    events = list(client.messages.create(model=model, max_tokens=100, messages=HELLO, stream=True))
    kinds = [event.type for event in events]
    assert (kinds[0], kinds[-2:]) == ("message_start", ["message_delta", "message_stop"])
    assert kinds.count("content_block_delta") > 1
    assert kinds.count("content_block_start") == kinds.count("content_block_stop") == 1


@pytest.mark.parametrize("model", MODELS)
def test_the_stream_helper_puts_the_message_together(client: Anthropic, model: str) -> None:
    with client.messages.stream(model=model, max_tokens=100, messages=HELLO) as stream:
        texts = list(stream.text_stream)
        final = stream.get_final_message()
    assert "".join(texts) == said(final) == GREETING
    assert len(texts) > 1
    assert final.stop_reason == "end_turn"
    assert final.usage.output_tokens > 0


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("model", MODELS)
def test_a_tool_is_called_and_its_result_told(client: Anthropic, model: str, streamed: bool) -> None:
    messages: list[Any] = [{"role": "user", "content": ASK_WEATHER}]
    question: dict[str, Any] = {"model": model, "max_tokens": 500, "tools": [TOOL]}
    if streamed:
        with client.messages.stream(messages=messages, **question) as stream:
            asked = stream.get_final_message()
    else:
        asked = client.messages.create(messages=messages, **question)
    assert asked.stop_reason == "tool_use"
    [call] = [block for block in asked.content if block.type == "tool_use"]
    assert call.name == "tell_weather"
    assert isinstance(call.input["city"], str)
    messages.append({"role": "assistant", "content": asked.content})
    result = {"type": "tool_result", "tool_use_id": call.id, "content": REPORTED}
    messages.append({"role": "user", "content": [result]})
    assert REPORTED in said(client.messages.create(messages=messages, **question))


@pytest.mark.parametrize("model", MODELS)
def test_two_tools_are_called_at_once(client: Anthropic, model: str) -> None:
    prompt = ASK_WEATHER.replace("calls=1", "calls=2")
    with client.messages.stream(model=model, max_tokens=500, tools=[TOOL],
                                messages=[{"role": "user", "content": prompt}]) as stream:  # fmt: skip
        calls = [block for block in stream.get_final_message().content if block.type == "tool_use"]
    assert len({call.id for call in calls}) == 2
    assert all("city" in call.input for call in calls)


@pytest.mark.parametrize("model", MODELS)
def test_the_tool_runner_runs_a_tool_to_the_end(client: Anthropic, model: str) -> None:
    cities = []

    @beta_tool(description=WEATHER_TEXT)
    def tell_weather(city: str) -> str:
        cities.append(city)
        return REPORTED

    question: Any = [{"role": "user", "content": ASK_WEATHER}]
    runner = client.beta.messages.tool_runner(model=model, max_tokens=500, tools=[tell_weather], messages=question)
    told = runner.until_done()
    assert len(cities) == 1
    assert REPORTED in "".join(block.text for block in told.content if block.type == "text")


@pytest.mark.parametrize("model", MODELS)
def test_json_that_fits_is_parsed(client: Anthropic, model: str) -> None:
    answer = client.messages.parse(model=model, max_tokens=500, output_format=Person,
                                   messages=[{"role": "user", "content": "Invent a person."}])  # fmt: skip
    assert isinstance(answer.parsed_output, Person)


@pytest.mark.parametrize("model", ["claude-haiku-4-5", "gpt-4o"])
def test_an_image_is_seen(client: Anthropic, model: str) -> None:
    answer = client.messages.create(model=model, max_tokens=200, messages=SEE)
    assert said(answer).startswith("The image shows")


def test_thinking_is_shown(client: Anthropic) -> None:
    thinking: Any = {"type": "enabled", "budget_tokens": 1024}
    with client.messages.stream(model="claude-haiku-4-5", max_tokens=2000, thinking=thinking,
                                messages=MUCH) as stream:  # fmt: skip
        kinds = [block.type for block in stream.get_final_message().content]
    assert kinds == ["thinking", "text"]


def test_tokens_are_counted(client: Anthropic) -> None:
    few = client.messages.count_tokens(model=MODELS[0], messages=HELLO).input_tokens
    many = client.messages.count_tokens(model=MODELS[0], messages=HELLO, tools=[TOOL]).input_tokens
    assert 0 < few < many


def test_models_are_listed(client: Anthropic) -> None:
    assert set(MODELS) <= {model.id for model in client.models.list()}


def test_the_asynchronous_client(names: Names) -> None:
    async def whole(client: AsyncAnthropic) -> str:
        return said(await client.messages.create(model=MODELS[0], max_tokens=100, messages=HELLO))

    async def streamed(client: AsyncAnthropic) -> str:
        async with client.messages.stream(model=MODELS[1], max_tokens=100, messages=HELLO) as stream:
            return await stream.get_final_text()

    async def ask() -> list[str]:
        async with AsyncAnthropic(base_url=names.base_url, api_key=names.key, max_retries=0) as client:
            return list(await asyncio.gather(whole(client), streamed(client)))

    assert asyncio.run(ask()) == [GREETING, GREETING]


def refused(client: Anthropic, model: str = MODELS[0]) -> anthropic.APIStatusError:
    """Return the error that a question ends with."""
    with pytest.raises(anthropic.APIStatusError) as caught:
        client.messages.create(model=model, max_tokens=100, messages=HELLO)
    return caught.value


def test_401_is_an_authentication_error(to: Callable[..., Anthropic]) -> None:
    error = refused(to(NOBODY))
    assert type(error) is anthropic.AuthenticationError
    assert error.status_code == 401
    assert error.type == "authentication_error"


def test_402_is_a_payment_required_error(to: Callable[..., Anthropic], names: Names) -> None:
    error = refused(to(names.spent_key))
    assert type(error) is anthropic.PaymentRequiredError
    assert error.status_code == 402
    assert "Daily budget exceeded" in str(error)


@pytest.mark.parametrize("whose", ["ours", "theirs"])
def test_429_is_a_rate_limit_error(to: Callable[..., Anthropic], names: Names, whose: str) -> None:
    error = refused(to(names.hasty_key)) if whose == "ours" else refused(to(), names.limited)
    assert type(error) is anthropic.RateLimitError
    assert error.type == "rate_limit_error"
    assert int(error.response.headers["retry-after"]) >= 1


def test_503_is_a_service_unavailable_error(client: Anthropic, names: Names) -> None:
    error = refused(client, names.closed)
    assert type(error) is anthropic.ServiceUnavailableError
    assert error.status_code == 503
    assert int(error.response.headers["retry-after"]) >= 1


def test_404_and_400_have_their_classes(client: Anthropic) -> None:
    assert type(refused(client, "no-such-model")) is anthropic.NotFoundError
    with pytest.raises(anthropic.BadRequestError) as caught:
        client.messages.create(model=MODELS[0], max_tokens=100, messages=[])
    assert caught.value.request_id


def listen(client: Anthropic, model: str, texts: list[str]) -> None:
    """Put what comes into ``texts``."""
    with client.messages.stream(model=model, max_tokens=500, messages=MUCH) as stream:
        texts.extend(stream.text_stream)


@pytest.mark.parametrize("breaking", ["breaking", "breaking_claude"])
def test_a_stream_that_breaks_raises_a_status_error_after_what_came(
    client: Anthropic, names: Names, breaking: str
) -> None:
    texts: list[str] = []
    with pytest.raises(anthropic.APIStatusError) as caught:
        listen(client, getattr(names, breaking), texts)
    assert "".join(texts)
    assert caught.value.type in {"api_error", "overloaded_error"}


def test_the_clients_own_retry_waits_as_long_as_it_is_told(to: Callable[..., Anthropic], names: Names) -> None:
    patient = to(max_retries=2)
    begun = time.monotonic()
    raw = patient.messages.with_raw_response.create(model=names.limited_once[2], max_tokens=100, messages=HELLO)
    assert raw.retries_taken == 1
    assert time.monotonic() - begun >= 1.0
    assert said(raw.parse()) == GREETING
