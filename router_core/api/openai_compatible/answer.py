"""Writes chat completions: the vendor's own body where there is one, else one made of the answer in our terms."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import msgspec

from router_core.api.encoding import encode_json
from router_core.api.openai_compatible.reasoning import details_of
from router_core.types import FinishReason, RelayedResponse, ToolCall, Usage

__all__ = ["FINISH_REASONS", "chat_id", "usage_document", "write_completion"]

FINISH_REASONS: Final[Mapping[FinishReason, str]] = MappingProxyType(
    {
        "stop": "stop",
        "length": "length",
        "content-filter": "content_filter",
        "tool-calls": "tool_calls",
        "error": "stop",
        "other": "stop",
    }
)


def write_completion(response: RelayedResponse, created: int) -> bytes:
    """Return the body of the answer, which is ``created`` seconds after 1970."""
    if response.native:
        return response.native
    return encode_json(
        {
            "id": chat_id(response.request_id),
            "object": "chat.completion",
            "created": created,
            "model": response.model,
            "choices": [
                {
                    "index": 0,
                    "message": _message(response),
                    "logprobs": None,
                    "finish_reason": FINISH_REASONS[response.finish_reason],
                }
            ],
            "usage": usage_document(response.spent),
        }
    )


def chat_id(request_id: str) -> str:
    """Return what an answer of our own making is called."""
    return f"chatcmpl-{request_id}"


def usage_document(spent: Usage) -> dict[str, Any]:
    """Return usage as the protocol counts it: cached tokens among those read, reasoning among those written."""
    return {
        "prompt_tokens": spent.prompt_tokens,
        "completion_tokens": spent.completion_tokens,
        "total_tokens": spent.total_tokens,
        "prompt_tokens_details": {
            "cached_tokens": spent.cache_read_tokens,
            "cache_write_tokens": spent.cache_write_tokens + spent.cache_write_1h_tokens,
        },
        "completion_tokens_details": {"reasoning_tokens": spent.reasoning_tokens},
    }


def _message(response: RelayedResponse) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": response.text or None, "refusal": None}
    if not response.tool_calls:
        message["content"] = response.text
    else:
        message["tool_calls"] = [_call(each) for each in response.tool_calls]
    reasoning = "".join(each.text for each in response.reasoning)
    if reasoning:
        message["reasoning_content"] = reasoning
    details = details_of(response.reasoning)
    if details:
        message["reasoning_details"] = details
    return message


def _call(call: ToolCall) -> dict[str, Any]:
    arguments = msgspec.json.encode(call.args).decode()
    return {
        "id": call.tool_call_id, "type": "function", "function": {"name": call.tool_name, "arguments": arguments},
    }  # fmt: skip
