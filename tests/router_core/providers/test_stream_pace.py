"""The minimum rate of a stream."""

import pytest

from router_core.errors import TimeoutError
from router_core.providers.stage_timer import StageTimer
from router_core.types import CallTimeouts, LLMRequest, ProviderCall, Secret, TextDelta
from tests.support.core_fakes import provider
from tests.support.fake_clock import FakeClock


def timer(clock: FakeClock, rate: float) -> StageTimer:
    call = ProviderCall(
        request=LLMRequest(prompt="x"), provider=provider("a"), key=Secret("sk-x"), max_tokens=1,
        timeouts=CallTimeouts(min_tokens_per_s=rate),
    )  # fmt: skip
    return StageTimer(call, clock)


def test_a_stream_that_trickles_ends_in_a_timeout_of_its_rate() -> None:
    clock = FakeClock()
    watched = timer(clock, 2.0)
    for _ in range(5):
        watched.keep_pace(TextDelta("four"))
        clock.advance(1.0)
    with pytest.raises(TimeoutError) as caught:
        watched.keep_pace(TextDelta("four"))
    assert caught.value.waited_for == "rate"
    assert "too slowly" in caught.value.message


def test_a_stream_that_keeps_pace_goes_on() -> None:
    clock = FakeClock()
    watched = timer(clock, 2.0)
    for _ in range(60):
        watched.keep_pace(TextDelta("eight letters"))
        clock.advance(1.0)


def test_a_slow_beginning_is_forgiven() -> None:
    clock = FakeClock()
    watched = timer(clock, 2.0)
    watched.keep_pace(TextDelta("a"))
    clock.advance(4.9)
    watched.keep_pace(TextDelta("and now a long piece of text that makes up for it all"))
    clock.advance(1.0)
    watched.keep_pace(TextDelta("b"))
