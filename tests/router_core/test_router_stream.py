"""An answer in parts: who begins, what a break means, and that leaving closes everything."""

import asyncio
from typing import Any

import pytest

from router_core.errors import LLMError, LLMProviderError, MaxRetriesExceededError, NetworkError, RequestRefusedError
from router_core.types import (
    CachePolicy,
    FinishPart,
    ReasoningDelta,
    StartPart,
    StreamPart,
    TextDelta,
    ToolCall,
    ToolCallEnd,
)
from tests.support.core_fakes import (
    HANG,
    CoreRig,
    LedgerBudget,
    Slow,
    answer,
    ask,
    parts,
    provider,
    rig,
    service,
)

MINI = "openai-gpt4o-mini"
KEEP = CachePolicy(ttl_seconds=60)
BROKEN = NetworkError("connection reset", provider=MINI)


async def read(desk: CoreRig, **fields: Any) -> list[StreamPart]:
    return [part async for part in desk.router.stream(ask(**fields), request_id="r-1")]


async def read_until_error(desk: CoreRig) -> tuple[list[StreamPart], LLMError]:
    received: list[StreamPart] = []

    async def drain() -> None:
        async for part in desk.router.stream(ask()):
            received.append(part)  # noqa: PERF401 - what came before the error matters

    with pytest.raises(LLMError) as caught:
        await drain()
    return received, caught.value


# --- a good stream -------------------------------------------------------------------------------------------------


async def test_a_stream_starts_with_who_answers_and_ends_with_the_answer() -> None:
    desk = rig()
    call = ToolCallEnd(ToolCall(tool_call_id="c", tool_name="t", args={}))
    script = parts("Hel", "lo")
    desk.adapters.script(MINI, (ReasoningDelta("hm"), *script[:2], call, script[2]))
    received = await read(desk)
    assert received[0] == StartPart("r-1", MINI, "gpt-4o-mini")
    assert received[1:-1] == [ReasoningDelta("hm"), TextDelta("Hel"), TextDelta("lo"), call]
    last = received[-1]
    assert isinstance(last, FinishPart)
    assert (last.response.text, last.response.tool_calls) == ("Hello", (call.call,))
    assert (last.response.cost.usd, last.response.cost.estimated) == ("0.000450", False)
    desk.assert_nothing_held()


async def test_a_stream_is_recorded_once_with_its_first_token_time() -> None:
    desk = rig()
    desk.adapters.script(MINI, (Slow(0.3, TextDelta("Hel")), Slow(0.2, TextDelta("lo")), *parts()))
    await read(desk)
    event = desk.events.only
    assert (event.status, event.streamed, event.first_token_ms, event.latency_ms) == ("success", True, 300.0, 500.0)
    assert event.cost == 450_000
    assert desk.ledger.entries[0].closes == [450_000]


async def test_parts_are_handed_on_as_they_come() -> None:
    desk = rig()
    desk.adapters.script(MINI, (TextDelta("first"), HANG))
    stream = desk.router.stream(ask())
    assert isinstance(await anext(stream), StartPart)
    assert await anext(stream) == TextDelta("first")
    await stream.aclose()


async def test_a_kept_answer_is_replayed_as_a_stream_at_no_cost() -> None:
    desk = rig()
    desk.adapters.script(MINI, answer("kept"))
    await desk.router.complete(ask(cache=KEEP))
    received = await read(desk, cache=KEEP)
    assert [type(part) for part in received] == [StartPart, TextDelta, FinishPart]
    assert received[0] == StartPart("r-1", MINI, "gpt-4o-mini", "hit")
    assert (desk.events.events[-1].cached, desk.events.events[-1].cost, len(desk.adapters.calls)) == (True, 0, 1)
    desk.assert_nothing_held()


# --- failure before the first part ---------------------------------------------------------------------------------


async def test_before_the_first_part_the_next_provider_takes_over() -> None:
    desk = rig([provider("a"), provider("b")])
    desk.adapters.script("a", (BROKEN,), (BROKEN,))
    desk.adapters.script("b", parts("from b"))
    received = await read(desk)
    assert isinstance(received[0], StartPart)
    assert received[0].provider == "b"
    assert desk.adapters.called == ["a", "a", "b"]
    desk.assert_nothing_held()


async def test_a_stream_that_nobody_begins_raises_without_any_part() -> None:
    desk = rig()
    desk.adapters.always(MINI, (BROKEN,))
    received, error = await read_until_error(desk)
    assert received == []
    assert isinstance(error, MaxRetriesExceededError)
    assert (desk.events.only.error_code, desk.events.only.cost) == ("MAX_RETRIES_EXCEEDED", 0)
    desk.assert_nothing_held()


async def test_a_refused_stream_is_recorded_once() -> None:
    desk = rig(ledger=LedgerBudget(spent_out=True))
    received, error = await read_until_error(desk)
    assert (received, error.code, desk.events.only.error_code) == ([], "PAYMENT_REQUIRED", "PAYMENT_REQUIRED")
    desk.assert_nothing_held()


# --- failure after it ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 2, 5])
@pytest.mark.parametrize("error", [BROKEN, LLMProviderError("overloaded", provider=MINI)])
async def test_after_the_first_part_there_is_no_retry_and_no_failover(count: int, error: LLMError) -> None:
    desk = rig([provider("a"), provider("b")])
    texts = tuple(TextDelta(f"word{number} ") for number in range(count))
    desk.adapters.script("a", (*texts, error))
    received, raised = await read_until_error(desk)
    assert raised is error
    assert received[1:] == list(texts)
    assert desk.adapters.called == ["a"]
    assert desk.router.breakers()["a"].failure_count == 1
    desk.assert_nothing_held()


async def test_a_broken_stream_is_recorded_with_estimated_usage_and_its_cost() -> None:
    desk = rig()
    desk.adapters.script(MINI, (Slow(0.1, TextDelta("x" * 4_000)), BROKEN))
    await read_until_error(desk)
    event = desk.events.only
    assert (event.status, event.error_code, event.provider) == ("error", "NETWORK", MINI)
    assert event.usage.estimated
    assert (event.usage.input_tokens, event.usage.output_tokens) == (event.decision.estimated_input_tokens, 1_000)
    assert event.cost is not None
    assert event.cost >= 600_000
    assert event.first_token_ms == 100.0
    assert desk.ledger.entries[0].closes == [event.cost]
    assert event.decision.attempts[0].outcome == "NETWORK"


async def test_a_stream_without_an_end_is_a_failure_of_the_provider() -> None:
    desk = rig()
    desk.adapters.script(MINI, (TextDelta("Hel"),))
    received, error = await read_until_error(desk)
    assert received[1:] == [TextDelta("Hel")]
    assert isinstance(error, LLMProviderError)
    assert (desk.events.only.status, desk.events.only.usage.estimated) == ("error", True)


async def test_usage_that_arrived_before_the_caller_left_wins_over_an_estimate() -> None:
    desk = rig()
    desk.adapters.script(MINI, parts("Hello"))
    stream = desk.router.stream(ask())
    async for part in stream:
        if isinstance(part, FinishPart):
            break
    await stream.aclose()
    assert (desk.events.only.status, desk.events.only.cost) == ("success", 450_000)


# --- leaving -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("taken", [1, 2, 3])
async def test_closing_the_stream_closes_the_provider_and_is_recorded_as_cancelled(taken: int) -> None:
    desk = rig()
    desk.adapters.script(MINI, parts("one ", "two ", "three ", "four "))
    stream = desk.router.stream(ask(), service("acme"))
    for _ in range(taken):
        await anext(stream)
    assert (desk.adapters.open_streams, desk.router.in_flight) == (1, 1)
    await stream.aclose()
    assert (desk.adapters.open_streams, desk.adapters.closed_streams) == (0, 1)
    event = desk.events.only
    assert (event.status, event.error_code, event.account_id, event.provider) == ("cancelled", None, "acme", MINI)
    assert event.usage.estimated
    assert desk.ledger.entries[0].closes == [event.cost]
    assert desk.router.breakers()[MINI].failure_count == 0
    desk.assert_nothing_held()


async def test_cancelling_the_reader_closes_the_provider_too() -> None:
    desk = rig()
    desk.adapters.script(MINI, (TextDelta("one"), HANG))
    task = asyncio.ensure_future(read(desk))
    await desk.adapters.hanging.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (desk.events.only.status, desk.adapters.open_streams) == ("cancelled", 0)
    desk.assert_nothing_held()


async def test_leaving_before_the_first_part_is_cancelled_as_well() -> None:
    desk = rig()
    desk.adapters.script(MINI, (HANG,))
    task = asyncio.ensure_future(read(desk))
    await desk.adapters.hanging.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert desk.events.only.status == "cancelled"
    assert [each.outcome for each in desk.events.only.decision.attempts] == ["cancelled"]
    desk.assert_nothing_held()


async def test_many_readers_that_leave_at_random_points_leave_nothing_behind() -> None:
    desk = rig()
    desk.adapters.always(MINI, parts(*["word "] * 8))
    for number in range(60):
        stream = desk.router.stream(ask())
        for _ in range(number % 10):
            await anext(stream)
        await stream.aclose()
    begun = 60 - 6
    assert len(desk.events.events) == begun
    assert desk.adapters.closed_streams == begun
    desk.assert_nothing_held()


async def test_a_stream_refused_by_the_provider_ends_at_once() -> None:
    desk = rig()
    desk.adapters.script(MINI, (RequestRefusedError("bad request", provider=MINI),))
    received, error = await read_until_error(desk)
    assert (received, error.code, len(desk.adapters.calls)) == ([], "VALIDATION_ERROR", 1)
