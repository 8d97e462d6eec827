"""Several steps as one stream: every part in its order, in the protocols of the AI SDK too."""

import json
from typing import Any

from router_core.api.chat import request_document
from router_core.api.data_stream import DataStream
from router_core.api.ui_stream import UiStream
from router_core.tools.results import ToolError
from router_core.types import (
    FinishPart,
    StartPart,
    StepEnd,
    StreamPart,
    TextDelta,
    ToolCallDelta,
    ToolCallEnd,
    ToolCallStart,
    ToolFormat,
    ToolOutput,
    WireUsage,
)
from tests.router_core.steps.step_scenes import CLIENTS, MINI, WEATHER, call, says
from tests.support.core_fakes import ask, rig

STEP = WireUsage(prompt_tokens=1000, completion_tokens=500, total_tokens=1500, cached_tokens=0, reasoning_tokens=0)


async def streamed(*script: Any, failing: bool = False, **fields: Any) -> list[StreamPart]:
    """Return the parts of an answer whose model follows ``script`` and may ask for the weather."""

    def weather(city: str) -> str:
        if failing:
            raise ToolError(f"nobody knows {city}")
        return f"clear in {city}"

    desk = rig()
    desk.router.register_tool("weather", WEATHER, weather)
    desk.adapters.script(MINI, *script)
    parts = [part async for part in desk.router.stream(ask(**{"max_steps": 3} | fields), request_id="r")]
    desk.assert_nothing_held()
    return parts


async def test_a_stream_goes_through_its_steps_in_order() -> None:
    parts = await streamed(says("Look: ", calls=(call("c1"),)), says("Clear", "."))
    assert parts[:-1] == [
        StartPart("r", MINI, "gpt-4o-mini"),
        TextDelta("Look: "),
        ToolCallStart("c1", "weather", runs_here=True),
        ToolCallDelta("c1", "{}"),
        ToolCallEnd(call("c1"), runs_here=True),
        ToolOutput("c1", "weather", "clear in Oslo"),
        StepEnd("tool-calls", STEP),
        TextDelta("Clear"),
        TextDelta("."),
    ]
    last = parts[-1]
    assert isinstance(last, FinishPart)
    assert (last.response.text, last.response.steps, last.response.usage.prompt_tokens) == ("Clear.", 2, 2000)


async def test_the_callers_own_calls_are_not_marked_as_run_here() -> None:
    tools = {"weather": ToolFormat(), "ask_person": CLIENTS}
    parts = await streamed(says(calls=(call("c1"), call("c2", "ask_person"))), tools=tools)
    assert [part.runs_here for part in parts if isinstance(part, ToolCallEnd)] == [True, False]
    assert [part.tool_call_id for part in parts if isinstance(part, ToolOutput)] == ["c1"]
    last = parts[-1]
    assert isinstance(last, FinishPart)
    assert last.response.tool_calls == (call("c2", "ask_person"),)


def events(parts: list[StreamPart]) -> list[dict[str, Any]]:
    stream = UiStream("r")
    text = b"".join(stream.encode(part) for part in parts).decode()
    return [json.loads(line.removeprefix("data: ")) for line in text.split("\n\n")[:-2]]


async def test_the_ui_stream_has_a_step_for_each_call_of_a_model_and_outputs_between() -> None:
    sent = events(await streamed(says("Look.", calls=(call("c1"),)), says("Clear.")))
    executed = {"toolCallId": "c1", "providerExecuted": True}
    assert [event["type"] for event in sent] == [
        "start", "start-step", "text-start", "text-delta", "text-end", "tool-input-start", "tool-input-delta",
        "tool-input-available", "tool-output-available", "finish-step", "start-step", "text-start", "text-delta",
        "text-end", "finish-step", "finish",
    ]  # fmt: skip
    assert sent[5] == {"type": "tool-input-start", "toolName": "weather", **executed}
    assert sent[7] == {"type": "tool-input-available", "toolName": "weather", "input": {"city": "Oslo"}, **executed}
    assert sent[8] == {"type": "tool-output-available", "output": "clear in Oslo", **executed}
    assert sent[-1]["messageMetadata"]["steps"] == 2


async def test_a_tool_that_fails_is_an_output_error_and_the_model_goes_on() -> None:
    sent = events(await streamed(says(calls=(call("c1"),)), says("Sorry."), failing=True))
    failed = next(event for event in sent if event["type"] == "tool-output-error")
    assert failed == {
        "type": "tool-output-error", "toolCallId": "c1", "errorText": "nobody knows Oslo", "providerExecuted": True,
    }  # fmt: skip
    assert sent[-1]["finishReason"] == "stop"


def lines(parts: list[StreamPart]) -> list[tuple[str, Any]]:
    stream = DataStream("r")
    text = b"".join(stream.encode(part) for part in parts).decode()
    return [(line[0], json.loads(line[2:])) for line in text.splitlines()]


async def test_the_data_stream_has_results_and_the_usage_of_each_step_and_of_all() -> None:
    sent = lines(await streamed(says("Look.", calls=(call("c1"),)), says("Clear.")))
    assert [code for code, _ in sent] == ["f", "0", "b", "c", "9", "a", "e", "f", "0", "8", "e", "d"]
    by_code: dict[str, list[Any]] = {}
    for code, document in sent:
        by_code.setdefault(code, []).append(document)
    assert by_code["a"] == [{"toolCallId": "c1", "result": "clear in Oslo"}]
    usage = {"promptTokens": 1000, "completionTokens": 500}
    assert by_code["e"] == [
        {"finishReason": "tool-calls", "usage": usage, "isContinued": False},
        {"finishReason": "stop", "usage": usage, "isContinued": False},
    ]
    assert by_code["d"] == [{"finishReason": "stop", "usage": {"promptTokens": 2000, "completionTokens": 1000}}]


async def test_the_data_stream_says_that_a_result_is_an_error() -> None:
    sent = lines(await streamed(says(calls=(call("c1"),)), says("Sorry."), failing=True))
    assert ("a", {"toolCallId": "c1", "result": "Error: nobody knows Oslo"}) in sent


def test_what_ran_here_comes_back_with_the_conversation() -> None:
    tool = {
        "type": "tool-weather", "toolCallId": "c1", "state": "output-available", "input": {"city": "Oslo"},
        "output": "clear", "providerExecuted": True,
    }  # fmt: skip
    posted = {
        "messages": [{"role": "assistant", "parts": [tool, {"type": "step-start"}, {"type": "text", "text": "x"}]}]
    }
    told = json.loads(request_document(json.dumps(posted).encode()))["messages"]
    assert [message["role"] for message in told] == ["assistant", "tool", "assistant"]
    assert told[1]["content"] == [
        {"type": "tool-result", "toolCallId": "c1", "toolName": "weather", "result": "clear"},
    ]  # fmt: skip
