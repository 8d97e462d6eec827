"""The shipped test double plays its script."""

import pytest

from router_core.errors.provider_errors import NetworkError
from router_core.providers import FakeAdapter, FakeAdapterSource, Hold
from router_core.types import AnswerEnd, ProviderAnswer, TextDelta, ToolCall, ToolCallEnd, ToolCallStart, Usage
from tests.router_core.providers.provider_calls import call_to
from tests.support.fake_clock import FakeClock

CALL = call_to("openai")
END = AnswerEnd(finish_reason="stop", usage=Usage(output_tokens=1), model="m")


async def test_answers_errors_and_echo_come_in_turn():
    answer = ProviderAnswer(text="a", finish_reason="stop", usage=Usage(), model="m")
    fake = FakeAdapter([answer, NetworkError("gone", provider="p")])
    assert await fake.complete(CALL) is answer
    with pytest.raises(NetworkError):
        await fake.complete(CALL)
    assert (await fake.complete(CALL)).text == "echo: Say hello"
    assert len(fake.calls) == 3


async def test_whole_answer_is_streamed_in_parts():
    call = ToolCall(tool_call_id="1", tool_name="t", args={})
    answer = ProviderAnswer(text="a", finish_reason="stop", usage=END.usage, model="m", tool_calls=(call,))
    parts = [part async for part in FakeAdapter([answer]).stream(CALL)]
    assert parts == [TextDelta("a"), ToolCallStart("1", "t"), ToolCallEnd(call), END]


async def test_parts_wait_on_the_clock_and_fail_where_the_script_says():
    clock = FakeClock()
    fake = FakeAdapter([[TextDelta("a"), Hold(3.0), NetworkError("gone", provider="p")]], clock=clock)
    stream = fake.stream(CALL)
    assert await anext(stream) == TextDelta("a")
    with pytest.raises(NetworkError):
        await anext(stream)
    assert clock.waits == [3.0]


async def test_parts_make_a_whole_answer():
    assert (await FakeAdapter([[TextDelta("a"), TextDelta("b"), END]]).complete(CALL)).text == "ab"


async def test_abandoned_stream_is_counted():
    fake = FakeAdapter([[TextDelta("a"), END]])
    stream = fake.stream(CALL)
    await anext(stream)
    await stream.aclose()
    assert fake.closed_early == 1


async def test_source_hands_out_what_it_was_given():
    fake = FakeAdapter()
    assert await FakeAdapterSource({"openai": fake}).adapter("openai") is fake
