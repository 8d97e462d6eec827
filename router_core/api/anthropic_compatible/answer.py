"""Writes messages: the vendor's own body where there is one, else one made of the answer in our terms."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from router_core.api.encoding import encode_json
from router_core.types import FinishReason, ReasoningPart, RelayedResponse, ToolCall, Usage

__all__ = ["STOP_REASONS", "message_id", "reasoning_block", "stop_of", "tool_block", "usage_document", "write_message"]

STOP_REASONS: Final[Mapping[FinishReason, str]] = MappingProxyType(
    {
        "stop": "end_turn",
        "length": "max_tokens",
        "content-filter": "refusal",
        "tool-calls": "tool_use",
        "error": "end_turn",
        "other": "end_turn",
    }
)


def write_message(response: RelayedResponse, _created: int) -> bytes:
    """Return the body of the answer."""
    if response.native:
        return response.native
    content: list[dict[str, Any]] = [reasoning_block(each) for each in response.reasoning]
    if response.text:
        content.append({"type": "text", "text": response.text})
    content.extend(tool_block(each) for each in response.tool_calls)
    return encode_json(
        {
            "id": message_id(response.request_id),
            "type": "message",
            "role": "assistant",
            "model": response.model,
            "content": content,
            **stop_of(response),
            "usage": usage_document(response.spent),
        }
    )


def message_id(request_id: str) -> str:
    """Return what an answer of our own making is called."""
    return f"msg_{request_id}"


def stop_of(response: RelayedResponse) -> dict[str, Any]:
    """Return why the answer ended, and the text that ended it where the vendor says so."""
    if response.stop_sequence:
        return {"stop_reason": "stop_sequence", "stop_sequence": response.stop_sequence}
    # Whoever is told to call a tool stops, for some vendors, and has called it all the same.
    called = response.finish_reason == "stop" and response.tool_calls
    return {"stop_reason": STOP_REASONS["tool-calls" if called else response.finish_reason], "stop_sequence": None}


def usage_document(spent: Usage) -> dict[str, Any]:
    """Return usage as the protocol counts it: what was cached apart from what was read afresh."""
    short, hour = spent.cache_write_tokens, spent.cache_write_1h_tokens
    told: dict[str, Any] = {
        "input_tokens": spent.fresh_tokens,
        "cache_creation_input_tokens": short + hour,
        "cache_read_input_tokens": spent.cache_read_tokens,
        "cache_creation": {"ephemeral_5m_input_tokens": short, "ephemeral_1h_input_tokens": hour},
        "output_tokens": spent.completion_tokens,
    }
    if spent.reasoning_tokens:
        told["output_tokens_details"] = {"thinking_tokens": spent.reasoning_tokens}
    return told


def reasoning_block(part: ReasoningPart) -> dict[str, Any]:
    """Return what the model thought; thoughts that no vendor signed have an empty signature."""
    if part.data:
        return {"type": "redacted_thinking", "data": part.data}
    return {"type": "thinking", "thinking": part.text, "signature": part.signature}


def tool_block(call: ToolCall) -> dict[str, Any]:
    """Return a call of a tool."""
    return {"type": "tool_use", "id": call.tool_call_id, "name": call.tool_name, "input": call.args}
