"""Models that call tools, scripted step by step."""

from typing import Any

from msgspec import structs

from router_core.types import (
    AnswerEnd,
    FinishReason,
    LLMRequest,
    LLMResponse,
    ProviderAnswer,
    ProviderPart,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    ToolCallEnd,
    ToolCallStart,
    ToolFormat,
    Usage,
)
from tests.support.core_fakes import CoreRig, answer, ask

__all__ = ["CLIENTS", "HAIKU", "MINI", "WEATHER", "asked_of", "call", "calling", "says", "stepped"]

MINI, HAIKU = "openai-gpt4o-mini", "anthropic-claude-haiku-4-5"
WEATHER = ToolFormat(
    description="Weather of a city",
    parameters={"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
)
CLIENTS = ToolFormat(description="Asks the person", parameters={"type": "object", "properties": {}})


def call(call_id: str, name: str = "weather", **args: Any) -> ToolCall:
    """Return a call of ``name``, by default for the weather in Oslo."""
    return ToolCall(tool_call_id=call_id, tool_name=name, args=args or ({"city": "Oslo"} if name == "weather" else {}))


def calling(*calls: ToolCall, text: str = "", **fields: Any) -> ProviderAnswer:
    """Return a whole answer that calls tools."""
    return structs.replace(answer(text, **fields), tool_calls=calls, finish_reason="tool-calls")


def says(*texts: str, calls: tuple[ToolCall, ...] = ()) -> tuple[ProviderPart, ...]:
    """Return the script of a stream that says ``texts`` and calls ``calls``."""
    spoken: list[ProviderPart] = [TextDelta(text) for text in texts]
    for each in calls:
        spoken.append(ToolCallStart(each.tool_call_id, each.tool_name))
        spoken.append(ToolCallDelta(each.tool_call_id, "{}"))
        spoken.append(ToolCallEnd(each))
    reason: FinishReason = "tool-calls" if calls else "stop"
    return (*spoken, AnswerEnd(finish_reason=reason, usage=Usage(input_tokens=1000, output_tokens=500), model=""))


def asked_of(desk: CoreRig, number: int) -> LLMRequest:
    """Return what the call with ``number``, from 0, asked."""
    return desk.adapters.calls[number].request


async def stepped(desk: CoreRig, max_steps: int = 3, **fields: Any) -> LLMResponse:
    """Return the answer to a request for several steps."""
    functions = fields.pop("functions", None)
    return await desk.router.complete(ask(max_steps=max_steps, **fields), functions=functions)
