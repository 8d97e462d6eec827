"""What the adapters make of providers that fail, lie, stall, redirect or flood."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncGenerator, Callable
from typing import Any

import pytest

from router_core.errors import provider_errors as errors
from router_core.providers import AdapterRegistry
from router_core.types import AnswerEnd, CallTimeouts, ProviderKind, TextDelta
from tests.router_core.providers.provider_calls import KEY, call_to
from tests.support.simulator_process import SimulatorProcess

KINDS: tuple[ProviderKind, ...] = ("openai", "anthropic")
Place = Callable[[ProviderKind], str]


async def failure(registry: AdapterRegistry, kind: ProviderKind, base_url: str, *, stream: bool, **more: Any) -> Any:
    """Return the error that a call ends in."""
    adapter = await registry.adapter(kind)
    call = call_to(kind, base_url, **more)
    with pytest.raises(errors.ProviderError) as caught:
        await (drain(adapter.stream(call)) if stream else adapter.complete(call))
    return caught.value


async def drain(parts: AsyncGenerator[Any, None]) -> None:
    async for part in parts:
        assert part is not None


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("garbage", "stream"),
    [
        *(
            (name, False)
            for name in ("html", "half_json", "empty", "text", "binary", "no_choices", "list", "gzip_bomb")
        ),
        *((name, True) for name in ("html", "text", "binary", "huge_line")),
    ],
)
async def test_garbage_is_a_provider_error(
    garbage: str,
    stream: bool,
    kind: ProviderKind,
    registry: AdapterRegistry,
    base_url: Place,
    simulator: SimulatorProcess,
):
    simulator.fault(garbage=garbage)
    error = await failure(registry, kind, base_url(kind), stream=stream)
    assert type(error) is errors.LLMProviderError
    assert error.provider == f"{kind}-row"


@pytest.mark.parametrize("kind", KINDS)
async def test_answer_without_end_is_cut_at_the_limit(kind: ProviderKind, registry: AdapterRegistry):
    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            for _ in range(100):  # far beyond the limit
                writer.write(b" " * 65_536)
                await writer.drain()
        writer.close()

    async with await asyncio.start_server(flood, "127.0.0.1", 0) as server:
        place = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        error = await failure(registry, kind, place, stream=False)
    assert type(error) is errors.LLMProviderError
    assert error.message == "The provider's answer is too large"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("usage", ["missing", "null", "negative", "string", "huge"])
async def test_useless_usage_is_estimated_and_says_so(
    usage: str, kind: ProviderKind, registry: AdapterRegistry, base_url: Place, simulator: SimulatorProcess
):
    simulator.fault(usage=usage)
    adapter = await registry.adapter(kind)
    call = call_to(kind, base_url(kind), prompt="x" * 400)
    whole = await adapter.complete(call)
    end = [part async for part in adapter.stream(call)][-1]
    assert isinstance(end, AnswerEnd)
    for found in (whole.usage, end.usage):
        assert found.estimated
        assert found.input_tokens == 100
        assert 0 < found.output_tokens < 10_000


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("cut", ["reset", "close", "end"])
@pytest.mark.parametrize("after", [0, 3])
async def test_stream_cut_before_its_end_marker_is_a_network_error(
    after: int, cut: str, kind: ProviderKind, registry: AdapterRegistry, base_url: Place, simulator: SimulatorProcess
):
    simulator.fault(cut_after=after, cut=cut)
    error = await failure(registry, kind, base_url(kind), stream=True)
    assert type(error) is errors.NetworkError
    assert error.__cause__ is not None


@pytest.mark.parametrize("kind", KINDS)
async def test_answer_cut_before_its_first_byte_is_a_network_error(
    kind: ProviderKind, registry: AdapterRegistry, base_url: Place, simulator: SimulatorProcess
):
    simulator.fault(cut_after=0)
    assert type(await failure(registry, kind, base_url(kind), stream=False)) is errors.NetworkError


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("slice_bytes", [1, 7])
async def test_answer_in_tiny_pieces_is_the_same_answer(
    slice_bytes: int, kind: ProviderKind, registry: AdapterRegistry, base_url: Place, simulator: SimulatorProcess
):
    adapter = await registry.adapter(kind)
    call = call_to(kind, base_url(kind))
    whole = await adapter.complete(call)
    simulator.fault(slice_bytes=slice_bytes)
    parts = [part async for part in adapter.stream(call)]
    assert "".join(part.text for part in parts if isinstance(part, TextDelta)) == whole.text


@pytest.mark.parametrize("kind", KINDS)
async def test_error_event_inside_a_stream_is_classified(
    kind: ProviderKind, registry: AdapterRegistry, base_url: Place, simulator: SimulatorProcess
):
    simulator.fault(error_after=2)
    error = await failure(registry, kind, base_url(kind), stream=True)
    assert type(error) is errors.LLMProviderError
    assert error.upstream_status in (500, 529)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    "row",
    [
        (302, {"location": "http://127.0.0.1:1/steal"}, errors.LLMProviderError, None),
        (400, {"retry-after": "3"}, errors.RequestRefusedError, None),
        (401, {}, errors.InvalidAPIKeyError, None),
        (404, {}, errors.ProviderModelError, None),
        (408, {}, errors.TimeoutError, None),
        (429, {"retry-after": "3"}, errors.RateLimitError, 3000),
        (429, {"retry-after-ms": "20"}, errors.RateLimitError, 20),
        (500, {"retry-after": "-3"}, errors.LLMProviderError, None),
        (529, {"retry-after": "1"}, errors.LLMProviderError, 1000),
    ],
)
async def test_refusal_is_classified_without_a_second_try(
    row: Any,
    stream: bool,
    kind: ProviderKind,
    registry: AdapterRegistry,
    base_url: Place,
    simulator: SimulatorProcess,
):
    status, headers, meaning, wait = row
    simulator.fault(status=status, headers=headers)
    error = await failure(registry, kind, base_url(kind), stream=stream)
    assert (type(error), error.upstream_status, error.retry_after_ms) == (meaning, status, wait)
    assert len(simulator.calls()) == 1


@pytest.mark.parametrize("kind", KINDS)
async def test_key_in_a_provider_message_is_taken_out(
    kind: ProviderKind, registry: AdapterRegistry, base_url: Place, simulator: SimulatorProcess
):
    plain = "plain-words-as-a-key"
    body = {"error": {"type": "x", "message": f"no {KEY} and no {plain} at https://h.test/?key=AIzaSyA1234567890"}}
    simulator.fault(status=500, body=body)
    error = await failure(registry, kind, base_url(kind), stream=False, key=plain)
    assert plain not in error.message
    assert "canary" not in error.message
    assert "1234567890" not in error.message
    assert error.message.startswith("no ")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "row",
    [
        ({"silent_after": 0}, False, "total", 300),
        ({"silent_after": 0}, True, "first_token", 100),
        ({"silent_after": 0, "send_head": True}, True, "first_token", 100),
        ({"silent_after": 4}, True, "idle", 200),
        ({"slice_bytes": 1, "slice_delay_ms": 2}, True, "total", 300),
    ],
)
async def test_silence_ends_in_a_timeout_that_says_what_was_waited_for(
    row: Any, kind: ProviderKind, registry: AdapterRegistry, base_url: Place, simulator: SimulatorProcess
):
    fault, stream, waited_for, timeout_ms = row
    simulator.fault(**fault)
    first_token = 0.1 if waited_for == "first_token" else 5.0
    waits = CallTimeouts(connect=1.0, first_token=first_token, idle=0.2, total=0.3 if waited_for == "total" else 5.0)
    error = await failure(registry, kind, base_url(kind), stream=stream, timeouts=waits)
    assert type(error) is errors.TimeoutError
    assert (error.waited_for, error.timeout_ms) == (waited_for, timeout_ms)


@pytest.mark.parametrize("kind", KINDS)
async def test_refused_connection_is_a_network_error(kind: ProviderKind, registry: AdapterRegistry):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        place = f"http://127.0.0.1:{taken.getsockname()[1]}"
        error = await failure(registry, kind, place, stream=False)
    assert type(error) is errors.NetworkError


async def test_tls_to_a_server_that_speaks_none_is_a_network_error(
    registry: AdapterRegistry, simulator: SimulatorProcess
):
    place = simulator.openai_url.replace("http:", "https:")
    assert type(await failure(registry, "openai", place, stream=False)) is errors.NetworkError


async def test_connection_that_is_never_accepted_ends_in_a_connect_timeout(registry: AdapterRegistry):
    waits = CallTimeouts(connect=0.1, first_token=5, idle=5, total=5)
    with socket.socket() as deaf, socket.socket() as filler:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        filler.connect(deaf.getsockname())
        place = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        error = await failure(registry, "openai", place, stream=False, timeouts=waits)
    assert (type(error), error.waited_for, error.timeout_ms) == (errors.TimeoutError, "connect", 100)


@pytest.mark.parametrize("key", ["", "clé", "two\nlines"])
async def test_key_that_cannot_be_sent_is_an_invalid_key(key: str, registry: AdapterRegistry, base_url: Place):
    error = await failure(registry, "openai", base_url("openai"), stream=False, key=key)
    assert type(error) is errors.InvalidAPIKeyError


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", ["aclose", "cancel"])
async def test_leaving_a_stream_closes_the_connection_within_a_second(
    way: str, kind: ProviderKind, registry: AdapterRegistry, base_url: Place, simulator: SimulatorProcess
):
    simulator.control("POST", "latency", {"ttft_ms": 1, "token_ms": 20})
    adapter = await registry.adapter(kind)
    stream = adapter.stream(call_to(kind, base_url(kind), prompt="A long story, please. " * 20))
    await anext(stream)
    if way == "aclose":
        await stream.aclose()
    else:
        waiting = asyncio.create_task(anext(stream))
        await asyncio.wait([waiting], timeout=0.001)
        waiting.cancel()
        await asyncio.wait([waiting])
    async with asyncio.timeout(1):
        while not (ended := await asyncio.to_thread(simulator.calls)):
            pass
    assert [call["outcome"] for call in ended] == ["client_closed"]
    assert simulator.counts()["active_calls"] == 0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("place", ["http://127.0.0.1:99999999", "ftp://127.0.0.1/v1", "http://no-such-host.invalid/v1"])
async def test_base_url_that_leads_nowhere_is_a_network_error(
    place: str, kind: ProviderKind, registry: AdapterRegistry
):
    assert type(await failure(registry, kind, place, stream=False)) is errors.NetworkError
