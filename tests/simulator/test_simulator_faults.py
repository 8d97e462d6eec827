"""Faults on demand, the call log and what happens when a client leaves."""

import asyncio
import json
from urllib.parse import urlsplit

import anthropic
import openai
import pytest

from tests.simulator.conftest import AnthropicClient, OpenAIClient
from tests.support.simulator_process import SimulatorProcess

ASK = [{"role": "user", "content": "Name a river [[sim:output_tokens=20]]"}]


async def post(simulator: SimulatorProcess, stream: bool = False) -> tuple[bytes, BaseException | None]:
    """Send one raw OpenAI request and return all bytes received until the end, with the error that ended it."""
    where = urlsplit(simulator.base_url)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    body = json.dumps({"model": "gpt-4o", "messages": ASK, "stream": stream}).encode()
    head = "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer k\r\nconnection: close\r\n"
    head += f"content-length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
    received = b""
    try:
        async with asyncio.timeout(5):
            while data := await reader.read(65_536):
                received += data
    except (ConnectionResetError, TimeoutError) as error:
        return received, error
    finally:
        writer.close()
    return received, None


async def until(simulator: SimulatorProcess, name: str, value: int) -> int:
    """Ask for a count until it has the value, at most 200 times."""
    for _ in range(200):
        found = int((await asyncio.to_thread(simulator.counts))[name])
        if found == value:
            break
    return found


async def test_status_fault_hits_so_many_calls_of_the_model_only(
    simulator: SimulatorProcess, openai_client: OpenAIClient, anthropic_client: AnthropicClient
):
    simulator.fault(model="gpt-*", status=429, headers={"retry-after": "3"}, count=1)
    with pytest.raises(openai.RateLimitError) as caught:
        await openai_client.chat.completions.create(model="gpt-4o", messages=ASK)
    assert caught.value.response.headers["retry-after"] == "3"
    assert caught.value.code == "rate_limit_exceeded"
    await anthropic_client.messages.create(model="claude-haiku-4-5", messages=ASK, max_tokens=9)
    await openai_client.chat.completions.create(model="gpt-4o", messages=ASK)
    assert simulator.control("GET", "faults") == {"faults": []}


async def test_status_fault_speaks_anthropic_too(simulator: SimulatorProcess, anthropic_client: AnthropicClient):
    simulator.fault(vendor="anthropic", status=529)
    with pytest.raises(anthropic.APIStatusError, match="Overloaded") as caught:
        await anthropic_client.messages.create(model="claude-haiku-4-5", messages=ASK, max_tokens=9)
    assert caught.value.status_code == 529
    assert caught.value.response.json()["error"]["type"] == "overloaded_error"


async def test_probability_decides_by_chance(simulator: SimulatorProcess, openai_client: OpenAIClient):
    simulator.fault(status=500, probability=0.5)
    results = [await _status(openai_client) for _ in range(60)]
    assert 10 <= results.count(500) <= 50


async def _status(client: OpenAIClient) -> int:
    try:
        await client.chat.completions.create(model="gpt-4o", messages=ASK)
    except openai.APIStatusError as error:
        return error.status_code
    return 200


async def test_delay_comes_before_the_first_byte(simulator: SimulatorProcess, openai_client: OpenAIClient):
    simulator.fault(delay_ms=80)
    await openai_client.chat.completions.create(model="gpt-4o", messages=ASK)
    call = simulator.calls()[-1]
    assert call["first_byte_ms"] >= 79
    assert call["outcome"] == "completed"


async def test_stream_is_cut_by_a_reset_after_so_many_events(simulator: SimulatorProcess):
    simulator.fault(cut_after=3)
    received, error = await post(simulator, stream=True)
    assert received.count(b"data: ") == 3
    assert isinstance(error, ConnectionResetError)
    call = simulator.calls()[-1]
    assert (call["outcome"], call["chunks_sent"], call["completion_tokens"]) == ("cut", 3, 2)


async def test_stream_can_end_tidily_without_its_closing_events(simulator: SimulatorProcess):
    simulator.fault(cut_after=3, cut="end")
    received, error = await post(simulator, stream=True)
    assert error is None
    assert received.endswith(b"0\r\n\r\n")
    assert b"[DONE]" not in received


async def test_json_answer_is_cut_in_the_middle(simulator: SimulatorProcess):
    simulator.fault(cut_after=1, cut="close")
    received, error = await post(simulator)
    body = received.partition(b"\r\n\r\n")[2]
    assert error is None
    assert body
    with pytest.raises(json.JSONDecodeError):
        json.loads(body)


async def test_connection_is_reset_before_any_byte(simulator: SimulatorProcess):
    simulator.fault(cut_after=0)
    received, error = await post(simulator)
    assert received == b""
    assert isinstance(error, ConnectionResetError)


@pytest.mark.parametrize(("fields", "events"), [({"silent_after": 0}, 0), ({"silent_after": 2}, 2)])
async def test_silence_lasts_until_the_client_leaves(simulator: SimulatorProcess, fields: dict[str, int], events: int):
    simulator.fault(**fields)
    task = asyncio.create_task(post(simulator, stream=True))
    assert await until(simulator, "active_streams", 1) == 1
    task.cancel()
    assert await until(simulator, "active_streams", 0) == 0
    call = simulator.calls()[-1]
    assert (call["outcome"], call["chunks_sent"]) == ("client_closed", events)


async def test_client_that_cancels_its_stream_is_noticed(simulator: SimulatorProcess, openai_client: OpenAIClient):
    simulator.control("POST", "latency", {"token_ms": 50})
    stream = await openai_client.chat.completions.create(model="gpt-4o", messages=ASK, stream=True)
    await anext(aiter(stream))
    await stream.close()
    assert await until(simulator, "active_calls", 0) == 0
    call = simulator.calls()[-1]
    assert call["outcome"] == "client_closed"
    assert call["completion_tokens"] < 20


@pytest.mark.parametrize("kind", ["html", "half_json", "empty", "text", "binary", "no_choices", "list", "huge_line"])
@pytest.mark.parametrize("stream", [False, True])
async def test_garbage_is_a_200_that_is_no_answer(simulator: SimulatorProcess, kind: str, stream: bool):
    simulator.fault(garbage=kind)
    received, error = await post(simulator, stream)
    assert error is None
    assert received.startswith(b"HTTP/1.1 200 OK")
    assert b'"finish_reason":"stop"' not in received
    assert simulator.calls()[-1]["outcome"] == "fault"


async def test_endless_garbage_ends_when_the_client_leaves(simulator: SimulatorProcess):
    simulator.fault(garbage="endless")
    task = asyncio.create_task(post(simulator, stream=True))
    assert await until(simulator, "active_calls", 1) == 1
    task.cancel()
    assert await until(simulator, "active_calls", 0) == 0


async def test_error_event_inside_a_stream(
    simulator: SimulatorProcess, openai_client: OpenAIClient, anthropic_client: AnthropicClient
):
    simulator.fault(error_after=3)
    stream = await openai_client.chat.completions.create(model="gpt-4o", messages=ASK, stream=True)
    with pytest.raises(openai.APIError, match="The server had an error"):
        async for _ in stream:
            pass
    ask = {"model": "claude-haiku-4-5", "messages": ASK, "max_tokens": 99}
    async with anthropic_client.messages.stream(**ask) as events:
        with pytest.raises(anthropic.APIStatusError, match="Overloaded"):
            async for _ in events:
                pass


@pytest.mark.parametrize("stream", [False, True])
async def test_slices_of_one_byte_change_nothing_in_the_text(
    simulator: SimulatorProcess, anthropic_client: AnthropicClient, stream: bool
):
    ask = {
        "model": "claude-haiku-4-5",
        "messages": [{"role": "user", "content": "[[sim:say=Grüße 😀 aus “Köln”]]"}],
        "max_tokens": 99,
    }
    simulator.fault(slice_bytes=1)
    if stream:
        async with anthropic_client.messages.stream(**ask) as events:
            made = await events.get_final_message()
    else:
        made = await anthropic_client.messages.create(**ask)
    assert made.content[0].text == "Grüße 😀 aus “Köln”"
    assert simulator.calls()[-1]["outcome"] == "completed"


@pytest.mark.parametrize(("how", "value"), [("null", None), ("negative", -5), ("string", "many"), ("huge", 10**18)])
async def test_usage_can_be_spoiled(simulator: SimulatorProcess, how: str, value: object):
    simulator.fault(usage=how)
    received, _ = await post(simulator)
    usage = json.loads(received.partition(b"\r\n\r\n")[2])["usage"]
    assert (usage if value is None else usage["prompt_tokens"]) == value


@pytest.mark.parametrize(
    "wrong", [{"status": 42}, {"probability": 2}, {"colour": "red"}, {"cut_after": -1}, {"garbage": "x"}]
)
def test_a_fault_that_makes_no_sense_is_refused(simulator: SimulatorProcess, wrong: dict[str, object]):
    with pytest.raises(ValueError, match="error"):
        simulator.fault(**wrong)


async def test_call_log_tells_keys_apart_and_keeps_none(simulator: SimulatorProcess, openai_client: OpenAIClient):
    secret = "sk-canary-0123456789"
    await openai_client.chat.completions.create(model="gpt-4o", messages=ASK)
    await openai_client.with_options(api_key=secret).chat.completions.create(model="gpt-4o", messages=ASK)
    calls = simulator.calls()
    assert len({call["key"] for call in calls}) == 2
    assert secret not in json.dumps(calls)
    assert [call["completion_tokens"] for call in calls] == [20, 20]
    assert [call["seq"] for call in simulator.calls(after=calls[0]["seq"])] == [calls[1]["seq"]]


async def test_counts_add_up_by_model_and_outcome(simulator: SimulatorProcess, openai_client: OpenAIClient):
    for model in ("gpt-4o", "gpt-4o", "gpt-4o-mini"):
        await openai_client.chat.completions.create(model=model, messages=ASK)
    counts = simulator.counts()
    assert counts["outcomes"] == {"completed": 3}
    assert counts["models"]["gpt-4o"]["calls"] == 2
    assert counts["models"]["gpt-4o"]["completion_tokens"] == 40
    assert counts["active_calls"] == 0


async def test_latency_paces_a_stream(simulator: SimulatorProcess, openai_client: OpenAIClient):
    simulator.control("POST", "latency", {"model": "gpt-4o", "ttft_ms": 60, "token_ms": 5})
    stream = await openai_client.chat.completions.create(model="gpt-4o", messages=ASK, stream=True)
    assert len([chunk async for chunk in stream]) == 22
    await until(simulator, "active_calls", 0)
    call = simulator.calls()[-1]
    assert call["first_byte_ms"] >= 59
    assert call["duration_ms"] >= 60 + 18 * 5
