"""A model calls tools that run here, reads what they give back, and goes on: all of it is one request."""

from typing import Any

import pytest
from msgspec import UNSET, structs

from router_core.errors import LLMError, NetworkError, ValidationError
from router_core.types import (
    CachePolicy,
    DefaultLimit,
    ImagePart,
    LimitBook,
    Message,
    RequestEvent,
    Snapshot,
    TextPart,
    ToolCallPart,
    ToolFormat,
    ToolResultPart,
    ToolRun,
    named_tool,
)
from tests.router_core.steps.step_scenes import CLIENTS, HAIKU, MINI, WEATHER, asked_of, call, calling, stepped
from tests.support.core_fakes import CoreRig, answer, ask, rig, service, standard_providers

SUNNY = {"sky": "clear"}


def weather(city: str) -> dict[str, str]:
    return SUNNY | {"city": city}


def weather_desk(*script: Any, **options: Any) -> CoreRig:
    """Return a router that knows the weather, in front of a model that answers ``script``."""
    desk = rig(**options)
    desk.router.register_tool("weather", WEATHER, weather)
    desk.adapters.script(MINI, *script)
    return desk


def outcomes(event: RequestEvent) -> list[tuple[int, str, str]]:
    runs = event.decision.tools
    assert isinstance(runs, tuple)
    return [(run.step, run.name, run.outcome) for run in runs]


# --- running ---------------------------------------------------------------------------------------------------------


async def test_a_registered_tool_is_run_and_the_model_answers_with_its_result() -> None:
    desk = weather_desk(calling(call("c1"), text="Let me look."), answer("It is clear."))
    response = await stepped(desk, tools={"weather": ToolFormat()})
    assert (response.text, response.finish_reason, response.steps) == ("It is clear.", "stop", 2)
    assert response.tool_calls == ()
    first, second = asked_of(desk, 0), asked_of(desk, 1)
    assert first.tools == {"weather": WEATHER}
    asked = (TextPart(text="Let me look."), ToolCallPart(tool_call_id="c1", tool_name="weather", args={"city": "Oslo"}))
    result = ToolResultPart(tool_call_id="c1", tool_name="weather", result={"sky": "clear", "city": "Oslo"})
    gained = (Message(role="assistant", content=asked), Message(role="tool", content=(result,)))
    assert second.messages == (Message(role="user", content="Say hello"), *gained)
    assert response.messages == (*gained, Message(role="assistant", content="It is clear."))
    desk.assert_nothing_held()


async def test_usage_and_cost_are_the_sums_and_every_call_is_reserved_and_settled() -> None:
    desk = weather_desk(calling(call("c1")), calling(call("c2")), answer("Done."))
    response = await stepped(desk)
    assert (response.steps, response.usage.prompt_tokens, response.usage.completion_tokens) == (3, 3000, 1500)
    assert response.cost.usd == "0.001350"
    assert [entry.closes for entry in desk.ledger.entries] == [[450_000]] * 3
    bounds = [entry.bound or 0 for entry in desk.ledger.entries]
    assert bounds == sorted(bounds)
    assert bounds[0] < bounds[-1], "a longer conversation may cost more"
    event = desk.events.only
    assert (event.usage.input_tokens, event.cost) == (3000, 1_350_000)


async def test_the_record_shows_each_step_with_its_calls_and_tools_and_no_content() -> None:
    desk = weather_desk(calling(call("c1"), call("c2", city=1)), answer("Done."))
    await stepped(desk)
    event = desk.events.only
    assert [(each.number, each.step, each.outcome) for each in event.decision.attempts] == [
        (1, 1, "success"), (2, 2, "success"),
    ]  # fmt: skip
    assert sorted(outcomes(event)) == [(1, "weather", "invalid"), (1, "weather", "success")]
    assert set(ToolRun.__struct_fields__) == {"step", "name", "outcome", "started_ms", "latency_ms"}


async def test_functions_may_come_with_the_request() -> None:
    desk = rig()
    desk.adapters.script(MINI, calling(call("c1")), answer("Done."))
    response = await stepped(desk, tools={"weather": WEATHER}, functions={"weather": weather})
    assert response.text == "Done."
    assert outcomes(desk.events.only) == [(1, "weather", "success")]


async def test_a_request_that_names_no_tools_is_offered_all_and_one_that_names_some_gets_those() -> None:
    desk = weather_desk(answer(), answer())
    desk.router.register_tool("clock", ToolFormat(), lambda: "noon")
    await stepped(desk)
    await stepped(desk, tools={"clock": ToolFormat()})
    assert [set(asked_of(desk, number).tools or {}) for number in (0, 1)] == [{"weather", "clock"}, {"clock"}]


async def test_one_step_runs_nothing_and_returns_the_calls() -> None:
    desk = weather_desk(calling(call("c1")))
    response = await stepped(desk, max_steps=1, tools={"weather": ToolFormat()})
    assert response.tool_calls == (call("c1"),)
    assert (response.steps, response.finish_reason) == (1, "tool-calls")
    assert desk.events.only.decision.tools is UNSET
    assert response.messages is UNSET


async def test_what_the_last_step_calls_is_run_too_and_the_caller_may_go_on_with_the_messages() -> None:
    desk = weather_desk(calling(call("c1")), calling(call("c2")), answer("Done."))
    response = await stepped(desk, max_steps=2)
    assert (response.steps, response.finish_reason, response.tool_calls) == (2, "tool-calls", ())
    assert isinstance(response.messages, tuple)
    more = await stepped(desk, messages=(Message(role="user", content="Say hello"), *response.messages))
    assert more.text == "Done."
    assert [message.role for message in asked_of(desk, 2).messages or ()] == [
        "user", "assistant", "tool", "assistant", "tool",
    ]  # fmt: skip


# --- whose tools -----------------------------------------------------------------------------------------------------


async def test_calls_of_the_callers_own_tools_come_back_and_ours_in_the_same_step_are_run() -> None:
    desk = weather_desk(calling(call("c1"), call("c2", "ask_person")))
    response = await stepped(desk, tools={"weather": ToolFormat(), "ask_person": CLIENTS})
    assert (response.tool_calls, response.finish_reason) == ((call("c2", "ask_person"),), "tool-calls")
    assert isinstance(response.messages, tuple)
    spoken, results = response.messages
    assert [part.tool_call_id for part in spoken.content if isinstance(part, ToolCallPart)] == ["c1", "c2"]
    assert [part.tool_call_id for part in results.content if isinstance(part, ToolResultPart)] == ["c1"]
    assert len(desk.adapters.calls) == 1


async def test_a_tool_that_the_request_describes_itself_is_the_callers_own_whatever_is_registered() -> None:
    desk = weather_desk(calling(call("c1")))
    response = await stepped(desk, tools={"weather": ToolFormat(description="My own")})
    assert response.tool_calls == (call("c1"),)
    assert response.messages is UNSET
    assert asked_of(desk, 0).tools == {"weather": ToolFormat(description="My own")}


async def test_a_tool_described_as_it_is_registered_is_the_registered_one() -> None:
    desk = weather_desk(calling(call("c1")), answer("Done."))
    assert (await stepped(desk, tools={"weather": WEATHER})).text == "Done."


async def test_a_call_of_a_tool_that_nobody_offered_is_told_to_the_model() -> None:
    desk = weather_desk(calling(call("c1", "nonsense")), answer("Sorry."))
    response = await stepped(desk)
    assert response.text == "Sorry."
    assert outcomes(desk.events.only) == [(1, "nonsense", "unknown")]


@pytest.mark.parametrize("choice", ["none", None])
async def test_a_model_that_may_call_nothing_has_nothing_run(choice: Any) -> None:
    desk = weather_desk(calling(call("c1")))
    tools = {"weather": ToolFormat()} if choice == "none" else {}
    response = await stepped(desk, tools=tools, tool_choice=choice)
    assert (response.steps, response.tool_calls) == (1, (call("c1"),))
    assert desk.events.only.decision.tools is UNSET


# --- what every step is asked ----------------------------------------------------------------------------------------


async def test_a_forced_choice_holds_for_the_first_step_alone() -> None:
    desk = weather_desk(calling(call("c1")), answer("Done."))
    await stepped(desk, tools={"weather": ToolFormat()}, tool_choice=named_tool("weather"))
    assert [asked_of(desk, number).tool_choice for number in (0, 1)] == [named_tool("weather"), "auto"]


async def test_images_stay_in_the_question_that_they_belong_to() -> None:
    desk = weather_desk(calling(call("c1")), answer("Done."))
    picture = "https://pictures.test/a.png"
    await stepped(desk, images=(picture,))
    second = asked_of(desk, 1)
    assert second.images == ()
    assert second.messages is not None
    assert second.messages[0].content == (TextPart(text="Say hello"), ImagePart(image=picture))


async def test_a_choice_of_a_tool_that_is_not_there_is_refused_by_name() -> None:
    desk = weather_desk()
    with pytest.raises(ValidationError) as caught:
        await stepped(desk, tool_choice=named_tool("clock"))
    assert caught.value.field == "toolChoice"


async def test_answers_with_tools_that_run_here_are_neither_kept_nor_found() -> None:
    desk = weather_desk(calling(call("c1")), answer("Once."), calling(call("c1")), answer("Twice."))
    keep = CachePolicy(ttl_seconds=60)
    texts = [(await stepped(desk, cache=keep)).text for _ in range(2)]
    assert texts == ["Once.", "Twice."]


# --- failures --------------------------------------------------------------------------------------------------------


async def test_a_step_stays_with_the_model_before_it_and_fails_over_when_that_fails() -> None:
    desk = rig()
    desk.router.register_tool("weather", WEATHER, weather)
    broken = NetworkError("connection reset", provider="any")
    desk.adapters.script(HAIKU, broken, broken, answer("Done."))
    desk.adapters.script(MINI, calling(call("c1")), calling(call("c2")), broken, broken)
    response = await stepped(desk, use_case="draft")
    assert (response.text, response.provider) == ("Done.", HAIKU)
    called = [(each.number, each.step, each.provider) for each in desk.events.only.decision.attempts]
    assert called == [
        (1, 1, HAIKU), (2, 1, HAIKU), (3, 1, MINI), (4, 2, MINI), (5, 3, MINI), (6, 3, MINI), (7, 3, HAIKU),
    ]  # fmt: skip


async def test_a_failure_in_a_later_step_is_the_requests_and_what_was_used_is_paid() -> None:
    desk = weather_desk(calling(call("c1")), NetworkError("gone", provider=MINI), max_attempts=1)
    with pytest.raises(LLMError) as caught:
        await stepped(desk)
    assert caught.value.code == "NETWORK"
    event = desk.events.only
    assert (event.status, event.error_code, event.cost) == ("error", "NETWORK", 450_000)
    assert outcomes(event) == [(1, "weather", "success")]
    desk.assert_nothing_held()


async def test_an_answer_that_was_cut_off_has_nothing_run() -> None:
    desk = weather_desk(structs.replace(calling(call("c1")), finish_reason="length"))
    response = await stepped(desk)
    assert (response.finish_reason, response.tool_calls) == ("length", (call("c1"),))


def test_a_tool_is_registered_once_and_well_formed() -> None:
    desk = weather_desk()
    with pytest.raises(ValueError, match="registered already"):
        desk.router.register_tool("weather", WEATHER, weather)
    with pytest.raises(ValueError, match="no JSON schema"):
        desk.router.register_tool("odd", ToolFormat(parameters={"type": "object", "properties": 1}), weather)
    with pytest.raises(ValueError, match="above 0"):
        desk.router.register_tool("late", WEATHER, weather, timeout=0)
    with pytest.raises(ValidationError):
        desk.router.register_tool("a b", WEATHER, weather)


async def test_a_request_that_is_refused_for_its_tools_takes_its_token_all_the_same() -> None:
    book = LimitBook(default=DefaultLimit(requests_per_second=1.0, burst=1))
    desk = rig(Snapshot(standard_providers(), limits=book))
    request = ask(max_steps=2, tool_choice=named_tool("clock"))
    codes = []
    for _ in range(2):
        with pytest.raises(LLMError) as caught:
            await desk.router.complete(request, service("acme"))
        codes.append(caught.value.code)
    assert codes == ["VALIDATION_ERROR", "RATE_LIMIT_EXCEEDED"]


@pytest.mark.parametrize(
    ("tools", "field"),
    [
        ({}, "tools"),
        (None, "tools"),
        ({"weather": ToolFormat(parameters={"type": "object", "required": 1})}, "tools.weather.parameters"),
    ],
)
async def test_functions_that_fit_no_tool_of_the_request_are_refused_by_name(tools: Any, field: str) -> None:
    with pytest.raises(ValidationError) as caught:
        await stepped(rig(), tools=tools, functions={"weather": weather})
    assert caught.value.field == field


async def test_who_has_too_many_tools_names_those_to_offer() -> None:
    desk = rig()
    for number in range(129):
        desk.router.register_tool(f"t{number}", ToolFormat(), weather)
    desk.adapters.always(MINI, answer("Done."))
    with pytest.raises(ValidationError) as caught:
        await stepped(desk)
    assert caught.value.field == "tools"
    assert (await stepped(desk, tools={"t1": ToolFormat()})).text == "Done."


async def test_tools_that_may_not_be_called_are_not_offered_unasked() -> None:
    desk = weather_desk(answer("Done."))
    await stepped(desk, tool_choice="none")
    assert not asked_of(desk, 0).tools
