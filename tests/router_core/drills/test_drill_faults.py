"""Each injected fault is to the caller what the real one would be, and leaves nothing open."""

import asyncio
from contextlib import aclosing, suppress

import pytest

from router_core.drills.adapters import DrillAdapters
from router_core.drills.board import DrillBoard
from router_core.errors import LLMProviderError, NetworkError, ProviderError, RateLimitError
from router_core.errors import TimeoutError as AttemptTimeoutError
from router_core.ports import ProviderAdapter
from router_core.types import (
    CallTimeouts,
    Drill,
    DrillFault,
    DrillOrder,
    ProviderCall,
    ProviderPart,
    Secret,
    TextDelta,
)
from tests.support.core_fakes import HANG, ScriptedAdapters, Slow, answer, ask, parts, provider
from tests.support.fake_clock import FakeClock

ROW = provider("row")
OTHER = provider("other")
FIVE = parts("a", "b", "c", "d", "e")
LIMITS = CallTimeouts(connect=5, first_token=15, idle=10, total=58)


class Bench:
    """A drill layer over one scripted adapter, in virtual time."""

    def __init__(self, seed: int = 0) -> None:
        self.clock = FakeClock(seed=seed)
        self.inner = ScriptedAdapters(self.clock)
        self.ended: list[Drill] = []
        self.board = DrillBoard(self.clock, lambda: {"row", "other"}, self.ended.append)
        self.source = DrillAdapters(self.inner, self.board, self.clock)

    def drill(self, fault: DrillFault, *, percent: float = 100, delay_s: float = 5, duration_s: int = 600) -> Drill:
        order = DrillOrder(provider="row", fault=fault, percent=percent, duration_s=duration_s, delay_s=delay_s)
        return self.board.start(order, "Ada")

    async def adapter(self) -> ProviderAdapter:
        return await self.source.adapter("openai")


def call(row: str = "row", limits: CallTimeouts = LIMITS, event_id: str = "e1") -> ProviderCall:
    found = {"row": ROW, "other": OTHER}[row]
    return ProviderCall(
        request=ask(), provider=found, key=Secret("k"), max_tokens=100, timeouts=limits, event_id=event_id
    )


async def read(adapter: ProviderAdapter, made: ProviderCall) -> tuple[list[str], ProviderError | None]:
    """Return the texts that came and the error that ended the stream, if one did."""
    texts: list[str] = []
    try:
        async with aclosing(adapter.stream(made)) as stream:
            async for part in stream:
                texts += [part.text] if isinstance(part, TextDelta) else []
    except ProviderError as error:
        return texts, error
    return texts, None


async def whole(adapter: ProviderAdapter, made: ProviderCall) -> ProviderError:
    with pytest.raises(ProviderError) as failed:
        await adapter.complete(made)
    return failed.value


async def test_without_a_drill_the_real_adapter_is_handed_out() -> None:
    bench = Bench()
    assert await bench.adapter() is bench.inner
    drill = bench.drill("cut")
    assert await bench.adapter() is not bench.inner
    bench.board.stop(drill.id, "Ada")
    assert await bench.adapter() is bench.inner


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(
    ("fault", "kind", "status", "wait"),
    [("rate_limit", RateLimitError, 429, 2_000), ("server_error", LLMProviderError, 500, None)],
)
async def test_a_refusal_comes_at_once_and_never_reaches_the_provider(
    fault: DrillFault, kind: type[ProviderError], status: int, wait: int | None, streamed: bool
) -> None:
    bench = Bench()
    bench.drill(fault)
    adapter = await bench.adapter()
    error = (await read(adapter, call()))[1] if streamed else await whole(adapter, call())
    assert type(error) is kind
    assert (error.provider, error.upstream_status, error.retry_after_ms) == ("row", status, wait)
    assert bench.inner.calls == []
    assert bench.clock.now() == 0


async def test_a_slow_first_token_is_late_and_then_the_answer_is_whole() -> None:
    bench = Bench()
    bench.inner.script("row", FIVE, answer("whole"))
    bench.drill("slow_first_token", delay_s=5)
    adapter = await bench.adapter()
    assert await read(adapter, call()) == (["a", "b", "c", "d", "e"], None)
    assert bench.clock.now() == 5
    assert (await adapter.complete(call())).text == "whole"
    assert bench.clock.now() == 10
    left = bench.inner.calls[0].timeouts
    assert (left.first_token, left.total, left.idle) == (10, 53, 10)


@pytest.mark.parametrize(
    ("limits", "waited_for", "seconds"),
    [(LIMITS, "first_token", 15), (CallTimeouts(first_token=15, idle=10, total=8), "total", 8)],
)
async def test_a_first_token_later_than_the_limit_is_a_timeout(
    limits: CallTimeouts, waited_for: str, seconds: float
) -> None:
    bench = Bench()
    bench.drill("slow_first_token", delay_s=20)
    _, error = await read(await bench.adapter(), call(limits=limits))
    assert isinstance(error, AttemptTimeoutError)
    assert (error.waited_for, error.timeout_ms, bench.clock.now()) == (waited_for, seconds * 1000, seconds)
    assert bench.inner.calls == []


async def test_a_whole_answer_slower_than_its_limit_is_a_timeout_of_the_whole() -> None:
    bench = Bench()
    bench.drill("slow_first_token", delay_s=60)
    error = await whole(await bench.adapter(), call())
    assert isinstance(error, AttemptTimeoutError)
    assert (error.waited_for, error.timeout_ms, bench.clock.now()) == ("total", 58_000, 58)


async def test_what_is_late_after_the_delay_names_the_limit_that_was_set() -> None:
    bench = Bench()
    bench.inner.script("row", AttemptTimeoutError(10_000, provider="row", waited_for="first_token"))
    bench.drill("slow_first_token", delay_s=5)
    _, error = await read(await bench.adapter(), call())
    assert isinstance(error, AttemptTimeoutError)
    assert (error.waited_for, error.timeout_ms) == ("first_token", 15_000)


@pytest.mark.parametrize(
    ("limits", "waited_for", "seconds"),
    [(LIMITS, "idle", 10), (CallTimeouts(first_token=15, idle=10, total=7), "total", 7)],
)
async def test_a_stalled_stream_passes_three_parts_and_then_says_nothing(
    limits: CallTimeouts, waited_for: str, seconds: float
) -> None:
    bench = Bench()
    bench.inner.script("row", FIVE)
    bench.drill("stalled_stream")
    texts, error = await read(await bench.adapter(), call(limits=limits))
    assert texts == ["a", "b", "c"]
    assert isinstance(error, AttemptTimeoutError)
    assert (error.waited_for, bench.clock.now()) == (waited_for, seconds)
    assert (bench.inner.open_streams, bench.inner.closed_streams) == (0, 1)


async def test_a_stalled_whole_answer_hangs_until_its_limit() -> None:
    bench = Bench()
    bench.drill("stalled_stream")
    error = await whole(await bench.adapter(), call())
    assert isinstance(error, AttemptTimeoutError)
    assert (error.waited_for, bench.clock.now()) == ("total", 58)


@pytest.mark.parametrize("script", [FIVE, parts("a", "b")], ids=["long", "short"])
async def test_a_cut_stream_breaks_off_before_its_end_however_short(script: tuple[ProviderPart, ...]) -> None:
    bench = Bench()
    bench.inner.script("row", script)
    bench.drill("cut")
    texts, error = await read(await bench.adapter(), call())
    assert texts == ["a", "b", "c"][: len(script) - 1]
    assert type(error) is NetworkError
    assert bench.inner.open_streams == 0


async def test_a_cut_whole_answer_is_a_network_error() -> None:
    bench = Bench()
    bench.drill("cut")
    assert type(await whole(await bench.adapter(), call())) is NetworkError


async def test_a_real_fault_shows_through_a_drill() -> None:
    bench = Bench()
    bench.inner.script("row", [TextDelta("a"), LLMProviderError("real", provider="row", upstream_status=503)])
    bench.drill("cut")
    texts, error = await read(await bench.adapter(), call())
    assert (texts, error and error.upstream_status) == (["a"], 503)


@pytest.mark.parametrize("fault", ["slow_first_token", "stalled_stream", "cut"])
async def test_leaving_a_spoilt_stream_closes_the_real_one(fault: DrillFault) -> None:
    bench = Bench()
    bench.inner.script("row", FIVE)
    bench.drill(fault, delay_s=1)
    stream = (await bench.adapter()).stream(call())
    await anext(stream)
    assert bench.inner.open_streams == 1
    await stream.aclose()
    assert (bench.inner.open_streams, bench.inner.closed_streams) == (0, 1)


async def test_a_spoilt_call_can_be_cancelled_while_the_provider_is_silent() -> None:
    bench = Bench()
    bench.inner.script("row", [TextDelta("a"), HANG])
    bench.drill("cut")
    adapter = await bench.adapter()
    reading = asyncio.create_task(read(adapter, call()))
    await bench.inner.hanging.wait()
    reading.cancel()
    with suppress(asyncio.CancelledError):
        await reading
    assert bench.inner.open_streams == 0


async def test_the_other_rows_are_left_alone() -> None:
    bench = Bench()
    bench.inner.script("other", answer("fine"), FIVE)
    bench.drill("server_error")
    adapter = await bench.adapter()
    assert (await adapter.complete(call("other"))).text == "fine"
    assert await read(adapter, call("other")) == (["a", "b", "c", "d", "e"], None)


async def test_a_share_of_the_calls_is_spoilt() -> None:
    bench = Bench(seed=7)
    bench.inner.always("row", answer())
    bench.drill("server_error", percent=30)
    adapter, spoilt = await bench.adapter(), 0
    for _ in range(2_000):
        try:
            await adapter.complete(call())
        except LLMProviderError:
            spoilt += 1
    assert 0.27 < spoilt / 2_000 < 0.33
    assert bench.board.reports()[0].hit_calls == spoilt


async def test_a_call_that_outlives_its_drill_is_spoilt_and_the_next_is_not() -> None:
    bench = Bench()
    bench.inner.script("row", answer("well"))
    bench.drill("slow_first_token", delay_s=20, duration_s=10)
    adapter = await bench.adapter()
    _, error = await read(adapter, call())
    assert isinstance(error, AttemptTimeoutError)
    assert (await adapter.complete(call())).text == "well"
    assert [drill.stopped_by for drill in bench.ended] == ["system"]


async def test_closing_reaches_the_real_adapter() -> None:
    bench = Bench()
    bench.inner.script("row", Slow(1, answer()))
    bench.drill("cut")
    adapter = await bench.adapter()
    await adapter.close()
    assert bench.inner.calls == []
