"""How a tool is run: in bounded time, beside others, without a word about its insides."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest

from router_core.errors import LLMError
from router_core.router import RouterPolicy
from router_core.steps import ToolPolicy
from router_core.tools.results import ToolError
from router_core.types import ToolFormat, ToolResultPart
from tests.router_core.steps.step_scenes import MINI, WEATHER, asked_of, call, calling, says, stepped
from tests.support.core_fakes import CoreRig, answer, ask, rig

ANY = ToolFormat(parameters={"type": "object"})
SECRET = "sk-proj-0123456789abcdefghij"


async def told(function: Any, tool: ToolFormat = ANY, *, policy: RouterPolicy | None = None, **args: Any) -> Any:
    """Return what the model is told when it calls ``function``."""
    desk = rig(policy=policy)
    desk.router.register_tool("t", tool, function)
    desk.adapters.script(MINI, calling(call("c1", "t", **args)), answer("Done."))
    await stepped(desk)
    part = (asked_of(desk, 1).messages or ())[-1].content[0]
    assert isinstance(part, ToolResultPart)
    return (part.result, part.is_error, outcome(desk))


def outcome(desk: CoreRig) -> str:
    runs = desk.events.only.decision.tools
    assert isinstance(runs, tuple)
    return runs[-1].outcome


# --- calling ---------------------------------------------------------------------------------------------------------


async def by_name(city: str) -> str:
    return f"clear in {city}"


class Gate:
    async def __call__(self, args: dict[str, Any]) -> int:
        return len(args)


@pytest.mark.parametrize(
    ("function", "result"),
    [
        (by_name, "clear in Oslo"),
        (lambda city: f"cold in {city}", "cold in Oslo"),
        (lambda args: [*args], ["city"]),
        (lambda **args: args, {"city": "Oslo"}),
        (lambda city: by_name(city=city), "clear in Oslo"),
        (Gate(), 1),
        (lambda city, unit="C": unit, "C"),
    ],
)
async def test_arguments_come_by_name_or_all_at_once(function: Any, result: Any) -> None:
    assert await told(function, WEATHER, city="Oslo") == (result, False, "success")


async def test_a_plain_function_runs_beside_the_event_loop() -> None:
    names: list[str] = []
    await told(lambda: names.append(threading.current_thread().name))
    assert names == ["tool"]


# --- what goes wrong -------------------------------------------------------------------------------------------------


async def test_an_exception_is_an_error_without_internals() -> None:
    def fail() -> None:
        raise RuntimeError(f"no route to {SECRET}")

    assert await told(fail) == ("The tool failed.", True, "error")


async def test_a_tool_may_say_what_the_model_should_know_but_no_secret() -> None:
    def fail() -> None:
        raise ToolError(f"No such city; asked with {SECRET}")

    result, is_error, how = await told(fail)
    assert (is_error, how) == (True, "error")
    assert result.startswith("No such city")
    assert SECRET not in result


async def test_a_tool_that_cancels_itself_fails_alone() -> None:
    async def fail() -> None:
        raise asyncio.CancelledError

    assert await told(fail) == ("The tool failed.", True, "error")


@pytest.mark.parametrize(
    ("args", "says"),
    [({}, "'city' is a required property"), ({"city": 1}, "city: 1 is not of type 'string'")],
)
async def test_arguments_that_do_not_fit_are_told_to_the_model_and_nothing_is_run(args: Any, says: str) -> None:
    ran: list[Any] = []
    wrong = args or {"town": "Oslo"}
    result, is_error, how = await told(lambda **given: ran.append(given), WEATHER, **wrong)
    assert (is_error, how, ran) == (True, "invalid", [])
    assert says in result


async def test_a_tool_that_takes_too_long_is_given_up() -> None:
    ended = asyncio.Event()

    async def hang() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    policy = RouterPolicy(tools=ToolPolicy(timeout=0.02))
    assert await told(hang, policy=policy) == ("The tool did not answer in time.", True, "timeout")
    assert ended.is_set()


async def test_a_tool_never_outlasts_the_requests_deadline() -> None:
    desk = rig(policy=RouterPolicy(request_timeout=0.05))

    async def hang() -> None:
        desk.clock.advance(0.05)
        await asyncio.Event().wait()

    desk.router.register_tool("t", ANY, hang)
    desk.adapters.script(MINI, calling(call("c1", "t")))
    with pytest.raises(LLMError) as caught:
        await stepped(desk)
    assert caught.value.code == "TIMEOUT"
    assert outcome(desk) == "timeout"
    desk.assert_nothing_held()


@pytest.mark.parametrize("result", ["ä" * 100, ["x" * 100]])
async def test_a_result_that_is_too_long_is_cut(result: Any) -> None:
    cut, is_error, _ = await told(lambda: result, policy=RouterPolicy(tools=ToolPolicy(most_bytes=50)))
    assert not is_error
    assert cut.endswith("bytes")
    assert len(cut.encode()) < 50 + 40


@pytest.mark.parametrize("result", [float("nan"), {1, 2}, object, None, b"abc"])
async def test_every_result_is_json_in_the_end(result: Any) -> None:
    _, is_error, how = await told(lambda: result)
    assert (is_error, how) == (False, "success")


# --- at once ---------------------------------------------------------------------------------------------------------


async def test_the_tools_of_a_step_run_at_once_up_to_a_bound() -> None:
    running, most = 0, 0

    async def work() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        for _ in range(5):
            await asyncio.sleep(0)
        running -= 1

    desk = rig(policy=RouterPolicy(tools=ToolPolicy(at_once=3)))
    desk.router.register_tool("t", ANY, work)
    desk.adapters.script(MINI, calling(*(call(f"c{number}", "t") for number in range(8))), answer("Done."))
    await stepped(desk)
    assert most == 3
    turn = (asked_of(desk, 1).messages or ())[-1].content
    assert [part.tool_call_id for part in turn if isinstance(part, ToolResultPart)] == [f"c{n}" for n in range(8)]


async def test_a_client_that_leaves_ends_the_tools_and_is_on_record() -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def hang() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    desk = rig()
    desk.router.register_tool("t", ANY, hang)
    desk.adapters.script(MINI, calling(call("c1", "t")))
    asking = asyncio.create_task(stepped(desk))
    await begun.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert ended.is_set()
    event = desk.events.only
    assert (event.status, event.cost, outcome(desk)) == ("cancelled", 450_000, "cancelled")
    desk.assert_nothing_held()


async def test_closing_a_stream_ends_the_tools() -> None:
    ended = asyncio.Event()

    async def hang() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async def quick() -> int:
        return 1

    desk = rig()
    desk.router.register_tool("slow", ANY, hang)
    desk.router.register_tool("quick", ANY, quick)
    desk.adapters.script(MINI, says(calls=(call("c1", "slow"), call("c2", "quick"))))
    async with aclosing(desk.router.stream(ask(max_steps=2))) as parts:
        await _read_to_output(parts)
    assert ended.is_set()
    assert desk.events.only.status == "cancelled"
    desk.assert_nothing_held()


async def _read_to_output(parts: AsyncIterator[Any]) -> None:
    async for part in parts:
        if type(part).__name__ == "ToolOutput":
            return
