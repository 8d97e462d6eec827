"""Streams that break off, refuse or are late, seen from the router with scripted providers."""

import asyncio
from typing import Any

import pytest

from router_core.errors import ContentRefusedError, NetworkError, TimeoutError
from router_core.types import (
    AnswerEnd,
    FinishPart,
    LLMRequest,
    ProviderAnswer,
    ResponseFormat,
    Snapshot,
    StreamPart,
    TextDelta,
    ToolCallStart,
    Usage,
    UseCasePolicy,
)
from tests.support.core_fakes import HANG, CoreRig, Slow, answer, ask, parts, provider, rig

CUT = NetworkError("connection reset", provider="a")
LATE = TimeoutError(15_000, provider="a", waited_for="first_token")
USED = Usage(input_tokens=10, output_tokens=4)


def desk_with(policy: UseCasePolicy, *names: str, **options: Any) -> CoreRig:
    """Return a router with equal rows, whose use case general is served by ``policy``."""
    rows = [provider(name, model="gpt-4o-mini" if name == "a" else "gpt-4o") for name in names]
    preferences = {"general": "gpt-4o-mini"}
    return rig(Snapshot(rows, preferences=preferences, policies={"general": policy}), **options)  # type: ignore[arg-type]


async def collect(desk: CoreRig, request: LLMRequest | None = None) -> list[StreamPart]:
    got = [part async for part in desk.router.stream(request or ask(explain=True))]
    desk.assert_nothing_held()
    assert all(each.limiter.in_flight == 0 for each in desk.router.upstreams.all())
    return got


def text_of(got: list[StreamPart]) -> str:
    return "".join(part.text for part in got if isinstance(part, TextDelta))


def finish_of(got: list[StreamPart]) -> FinishPart:
    assert isinstance(got[-1], FinishPart)
    return got[-1]


# --- broken streams ------------------------------------------------------------------------------------------------

RESUME = UseCasePolicy(mid_stream="resume")


async def test_by_default_a_broken_stream_ends_in_its_error_and_nobody_else_is_asked() -> None:
    desk = desk_with(UseCasePolicy(), "a", "b")
    desk.adapters.script("a", (TextDelta("Once "), CUT))
    with pytest.raises(NetworkError):
        await collect(desk)
    assert desk.adapters.called == ["a"]


async def test_a_resumed_stream_goes_on_at_the_next_candidate_from_the_text_so_far() -> None:
    desk = desk_with(RESUME, "a", "b")
    desk.adapters.script("a", (TextDelta("Once upon "), TextDelta("a "), CUT))
    desk.adapters.script("b", parts("time."))
    got = await collect(desk)
    assert text_of(got) == "Once upon a time."
    asked = desk.adapters.calls[1].request
    assert asked.prompt is None
    assert [(each.role, each.content) for each in (asked.messages or ())][:2] == [
        ("user", "Say hello"),
        ("assistant", "Once upon a "),
    ]
    assert asked.messages is not None
    assert asked.messages[2].role == "user"
    response = finish_of(got).response
    assert (response.text, response.provider) == ("Once upon a time.", "b")


async def test_a_resumed_stream_is_marked_in_the_trace_and_both_calls_are_paid() -> None:
    desk = desk_with(RESUME, "a", "b")
    desk.adapters.script("a", (TextDelta("x" * 400), CUT))
    desk.adapters.script("b", parts("y", usage=USED))
    response = finish_of(await collect(desk)).response
    first, second = desk.events.only.decision.attempts
    assert (first.outcome, first.reason, second.outcome, second.reason) == ("NETWORK", "first", "success", "resume")
    assert first.usage is not None
    assert (first.usage.output_tokens, first.usage.estimated) == (100, True)
    mini = first.usage.input_tokens * 150 + 100 * 600
    assert desk.events.only.cost == mini + 10 * 2_500 + 4 * 10_000
    assert response.cost.estimated
    assert response.usage.completion_tokens == 104
    assert [entry.closes for entry in desk.ledger.entries] == [[mini], [10 * 2_500 + 4 * 10_000]]


async def test_what_a_resumed_call_may_write_is_what_is_left() -> None:
    desk = desk_with(RESUME, "a", "b")
    desk.adapters.script("a", (TextDelta("x" * 400), CUT))
    desk.adapters.script("b", parts("y"))
    await collect(desk, ask(max_tokens=150))
    assert [call.max_tokens for call in desk.adapters.calls] == [150, 50]


async def test_a_stream_may_be_resumed_until_the_calls_are_used_up() -> None:
    desk = desk_with(RESUME, "a", "b")
    desk.adapters.script("a", (TextDelta("1 "), CUT))
    desk.adapters.script("b", (TextDelta("2 "), CUT), (TextDelta("3 "), CUT))
    with pytest.raises(NetworkError):
        await collect(desk)
    assert desk.adapters.called == ["a", "b", "b"]


@pytest.mark.parametrize(
    ("broken", "shape"),
    [
        ((TextDelta("1"), ToolCallStart("t", "weather"), CUT), None),
        ((TextDelta('{"a":'), CUT), ResponseFormat(type="json_schema", schema={"type": "object"})),
    ],
)
async def test_tool_calls_and_json_values_are_never_patched_together(
    broken: tuple[Any, ...], shape: ResponseFormat | None
) -> None:
    desk = desk_with(RESUME, "a", "b")
    desk.adapters.script("a", broken)
    with pytest.raises(NetworkError):
        await collect(desk, ask(response_format=shape))
    assert desk.adapters.called == ["a"]


# --- refusals ------------------------------------------------------------------------------------------------------

PASS_ON = UseCasePolicy(refusal_fails_over=True)


def refusal() -> ProviderAnswer:
    return ProviderAnswer(text="", finish_reason="content-filter", usage=USED, model="")


async def test_a_refused_content_ends_the_request_unless_the_use_case_says_otherwise() -> None:
    for policy, called in ((UseCasePolicy(), ["a"]), (PASS_ON, ["a", "b"])):
        desk = desk_with(policy, "a", "b")
        desk.adapters.script("a", ContentRefusedError("no", provider="a", upstream_status=400))
        desk.adapters.always("b", answer())
        if policy is PASS_ON:
            assert (await desk.router.complete(ask())).provider == "b"
        else:
            with pytest.raises(ContentRefusedError):
                await desk.router.complete(ask())
        assert desk.adapters.called == called
        assert desk.router.breakers()["a"].failure_count == 0


async def test_an_answer_that_is_a_refusal_is_passed_on_too_and_still_paid() -> None:
    desk = desk_with(PASS_ON, "a", "b")
    desk.adapters.script("a", refusal())
    desk.adapters.script("b", answer("yes", input_tokens=10, output_tokens=4))
    assert (await desk.router.complete(ask())).text == "yes"
    assert desk.events.only.cost == 10 * 150 + 4 * 600 + 10 * 2_500 + 4 * 10_000
    assert desk.events.only.usage.total_tokens == 14


async def test_a_stream_that_is_nothing_but_a_refusal_is_passed_on_too() -> None:
    desk = desk_with(PASS_ON, "a", "b")
    desk.adapters.script("a", (AnswerEnd(finish_reason="content-filter", usage=USED, model=""),))
    desk.adapters.script("b", parts("yes"))
    assert text_of(await collect(desk)) == "yes"


async def test_the_last_candidates_refusal_is_the_answer() -> None:
    desk = desk_with(PASS_ON, "a")
    desk.adapters.script("a", refusal())
    assert (await desk.router.complete(ask())).finish_reason == "content-filter"


# --- hedges --------------------------------------------------------------------------------------------------------

HEDGED = UseCasePolicy(hedge=True, hedge_after_ms=300)


def late(step: Any) -> Any:
    """Return ``step`` late, in so many pauses that everything else gets its turn meanwhile."""
    for _ in range(10):
        step = Slow(0.001, step)
    return step


async def test_a_late_first_token_is_hedged_and_the_first_to_speak_answers() -> None:
    desk = desk_with(HEDGED, "a", "b")
    desk.adapters.script("a", (HANG,))
    desk.adapters.script("b", parts("from b"))
    got = await collect(desk)
    assert text_of(got) == "from b"
    assert desk.adapters.closed_streams == 2
    lost, won = desk.events.only.decision.attempts
    assert (lost.provider, lost.outcome, lost.reason) == ("a", "cancelled", "first")
    assert (won.provider, won.outcome, won.reason) == ("b", "success", "hedge")
    assert lost.usage is not None
    assert lost.usage.estimated
    assert desk.events.only.cost == lost.usage.input_tokens * 150 + 1000 * 2_500 + 500 * 10_000
    assert desk.router.breakers()["a"].failure_count == 0


async def test_a_timely_first_token_is_not_hedged() -> None:
    desk = desk_with(UseCasePolicy(hedge=True), "a", "b")
    desk.adapters.script("a", parts("from a"))
    got = await collect(desk)
    assert text_of(got) == "from a"
    assert finish_of(got).response.provider == "a"


async def test_when_both_fail_the_walk_goes_on_behind_the_hedge() -> None:
    desk = desk_with(HEDGED, "a", "b", "c")
    desk.adapters.script("a", (late(LATE),))
    desk.adapters.script("b", (LATE,))
    desk.adapters.always("c", parts("from c"))
    got = await collect(desk)
    assert text_of(got) == "from c"
    assert sorted(desk.adapters.called) == ["a", "b", "c"]


async def test_a_hedge_counts_among_the_calls_of_the_request() -> None:
    desk = desk_with(HEDGED, "a", "b", max_attempts=1)
    desk.adapters.script("a", (late(TextDelta("late")), *parts("!")))
    assert text_of(await collect(desk)) == "late!"
    assert desk.adapters.called == ["a"]


async def test_hedges_stay_within_their_budget() -> None:
    desk = desk_with(HEDGED, "a", "b")
    desk.adapters.always("a", (late(TextDelta("late")), *parts("!")))
    desk.adapters.always("b", (HANG,))
    for _ in range(20):
        assert text_of(await collect(desk)) == "late!"
    assert desk.clock.now() < 9
    assert desk.adapters.called.count("b") == 3


async def test_leaving_during_the_race_closes_both_streams() -> None:
    desk = desk_with(HEDGED, "a", "b")
    desk.adapters.script("a", (HANG,))
    desk.adapters.script("b", (HANG,))
    waiting = asyncio.create_task(collect(desk))
    await desk.adapters.hanging.wait()
    for _ in range(10):
        await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    desk.assert_nothing_held()
    assert all(each.limiter.in_flight == 0 for each in desk.router.upstreams.all())
    assert desk.adapters.closed_streams == len(desk.adapters.calls) == 2
    assert desk.events.only.status == "cancelled"
    assert [each.outcome for each in desk.events.only.decision.attempts] == ["cancelled", "cancelled"]


# --- waits ---------------------------------------------------------------------------------------------------------


async def test_a_use_cases_own_waits_reach_the_adapter() -> None:
    wish = UseCasePolicy(connect_s=1.0, first_token_s=2.0, idle_s=3.0, min_tokens_per_s=4.0)
    desk = desk_with(wish, "a")
    desk.adapters.script("a", parts("x"))
    await collect(desk)
    timeouts = desk.adapters.calls[0].timeouts
    assert (timeouts.connect, timeouts.first_token, timeouts.idle, timeouts.min_tokens_per_s) == (1.0, 2.0, 3.0, 4.0)


async def test_the_trace_says_what_a_timeout_waited_for() -> None:
    desk = desk_with(UseCasePolicy(), "a", "b")
    desk.adapters.script("a", TimeoutError(4_000, provider="a", waited_for="first_token"))
    desk.adapters.script("b", answer())
    await desk.router.complete(ask())
    assert desk.events.only.decision.attempts[0].waited_for == "first_token"


async def test_a_stream_that_had_no_time_to_speak_is_paid_for_what_was_read() -> None:
    desk = desk_with(UseCasePolicy(), "a", "b")
    desk.adapters.script("a", TimeoutError(4_000, provider="a", waited_for="first_token"))
    desk.adapters.script("b", answer(input_tokens=0, output_tokens=0))
    await desk.router.complete(ask())
    first = desk.events.only.decision.attempts[0]
    assert first.usage is not None
    assert desk.events.only.cost == first.usage.input_tokens * 150
