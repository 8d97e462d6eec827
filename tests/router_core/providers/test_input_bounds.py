"""What is held for reading is never less than what the simulated vendors count, whatever a request carries."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router_core.attempts.payment import most_input
from router_core.providers.anthropic import shaped_schema
from router_core.providers.anthropic_wire import request_body as anthropic_body
from router_core.providers.openai_wire import request_body as openai_body
from router_core.selection import estimate_input_tokens
from router_core.types import LLMRequest
from simulator.anthropic_read import read_messages
from simulator.openai_read import read_chat
from tests.router_core.providers.provider_calls import call_to


def enum_schema(keys: int, values: int) -> dict[str, Any]:
    each = {"type": "string", "enum": [str(number) for number in range(values)]}
    return {"type": "object", "properties": {f"k{number}": each for number in range(keys)}}


def tools(count: int, description: str, properties: int = 0) -> dict[str, Any]:
    fields = {f"p{number}": {"type": "string", "description": description} for number in range(properties)}
    parameters = {"type": "object", "properties": fields}
    return {f"tool{number}": {"description": description, "parameters": parameters} for number in range(count)}


def held_tokens(request: LLMRequest) -> int:
    return most_input(estimate_input_tokens(request))


def counted(request: LLMRequest) -> tuple[int, int]:
    """Return what the simulated OpenAI and Anthropic say that they read."""
    openai, anthropic = (msgspec.structs.replace(call_to(kind), request=request) for kind in ("openai", "anthropic"))
    chat = read_chat(openai_body(openai, stream=False))
    return chat.prompt_tokens, read_messages(anthropic_body(anthropic, shaped_schema, stream=False)).prompt_tokens


@pytest.mark.parametrize(
    "carried",
    [
        {},
        {"responseFormat": {"type": "json_schema", "schema": enum_schema(40, 40)}},
        {"tools": tools(60, "d")},
        {"tools": tools(40, "é", 1)},
        {"tools": tools(20, "天気を調べる", 20)},
        {"tools": tools(3, "weather"), "responseFormat": {"type": "json_schema", "schema": enum_schema(2, 3)}},
        {"systemPrompt": "Отвечай кратко. " * 50},
    ],
)
def test_what_is_held_covers_what_is_read(carried: dict[str, Any]) -> None:
    request = msgspec.convert({"prompt": "x"} | carried, LLMRequest)
    assert max(counted(request)) <= held_tokens(request)


@given(
    text=st.text(max_size=300), description=st.text(min_size=1, max_size=60),
    count=st.integers(0, 30), properties=st.integers(0, 8),
)  # fmt: skip
def test_no_mix_of_text_and_tools_is_read_for_more_than_was_held(
    text: str, description: str, count: int, properties: int
) -> None:
    asked = {"prompt": text or "x", "tools": tools(count, description, properties) or None}
    request = msgspec.convert({name: value for name, value in asked.items() if value}, LLMRequest)
    assert max(counted(request)) <= held_tokens(request)
