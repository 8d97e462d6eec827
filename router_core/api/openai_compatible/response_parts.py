"""What responses of our own making consist of: the response itself, its items, and their names."""

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec import Raw

from router_core.api.openai_compatible.thoughts import sealed_thought
from router_core.types import FinishReason, ReasoningPart, RelayedRequest, Usage

__all__ = [
    "call_item", "encoded", "ended", "item_status", "message_item", "reasoning_item", "response_id", "shell",
    "summary_part", "text_part",
]  # fmt: skip

_NOT_IN_AN_ID: Final = re.compile(r"[^A-Za-z0-9_-]")
_MOST_OF_AN_ID: Final = 48
_REASONS: Final[Mapping[FinishReason, str]] = {"length": "max_output_tokens", "content-filter": "content_filter"}
_PLAIN_TEXT: Final = {"format": {"type": "text"}}
# What a response says of its request, and what it says where the request says nothing.
_ECHOED: Final[Mapping[str, Any]] = {
    "instructions": None, "metadata": {}, "parallel_tool_calls": True, "reasoning": {"effort": None, "summary": None},
    "temperature": 1.0, "text": _PLAIN_TEXT, "tool_choice": "auto", "tools": [], "top_p": 1.0,
    "truncation": "disabled", "user": None,
}  # fmt: skip


def response_id(request_id: str) -> str:
    """Return what a response of our own making is called, in letters that every vendor takes."""
    return f"resp_{_NOT_IN_AN_ID.sub('_', request_id)[-_MOST_OF_AN_ID:]}"


def shell(request: RelayedRequest, request_id: str, created: int, model: str) -> dict[str, Any]:
    """Return a response that has only begun, ``created`` seconds after 1970."""
    fields = request.native.fields
    return {
        "id": response_id(request_id),
        "object": "response",
        "created_at": created,
        "status": "in_progress",
        "background": False,
        "error": None,
        "incomplete_details": None,
        "max_output_tokens": request.max_tokens,
        "model": model,
        "output": [],
        "previous_response_id": None,
        "service_tier": "default",
        "store": False,
        "usage": None,
        **{name: _echo(fields.get(name), default) for name, default in _ECHOED.items()},
    }


def _echo(given: Raw | None, default: Any) -> Any:
    return default if given is None or bytes(given) == b"null" else given


def ended(begun: Mapping[str, Any], finish: FinishReason, output: list[Any], spent: Usage) -> dict[str, Any]:
    """Return the response ``begun`` at its end."""
    reason = _REASONS.get(finish)
    return {
        **begun,
        "status": "incomplete" if reason else "completed",
        "incomplete_details": {"reason": reason} if reason else None,
        "output": output,
        "usage": {
            "input_tokens": spent.prompt_tokens,
            "input_tokens_details": {
                "cached_tokens": spent.cache_read_tokens,
                "cache_write_tokens": spent.cache_write_tokens + spent.cache_write_1h_tokens,
            },
            "output_tokens": spent.completion_tokens,
            "output_tokens_details": {"reasoning_tokens": spent.reasoning_tokens},
            "total_tokens": spent.total_tokens,
        },
    }


def item_status(finish: FinishReason) -> str:
    """Return how the last item of an answer ended."""
    return "incomplete" if finish in _REASONS else "completed"


def text_part(text: str) -> dict[str, Any]:
    """Return the content of a message."""
    return {"type": "output_text", "annotations": [], "logprobs": [], "text": text}


def summary_part(text: str) -> dict[str, Any]:
    """Return the visible text of a passage of thinking."""
    return {"type": "summary_text", "text": text}


def message_item(item_id: str, text: str | None, status: str) -> dict[str, Any]:
    """Return a message, one without content for None."""
    content = [] if text is None else [text_part(text)]
    return {"id": item_id, "type": "message", "status": status, "content": content, "role": "assistant"}


def call_item(item_id: str, call_id: str, name: str, arguments: str, status: str = "completed") -> dict[str, Any]:
    """Return the call of a function."""
    return {
        "id": item_id, "type": "function_call", "status": status, "arguments": arguments, "call_id": call_id,
        "name": name,
    }  # fmt: skip


def reasoning_item(item_id: str, thought: ReasoningPart | None) -> dict[str, Any]:
    """Return a passage of thinking, an empty one for None; its seal is what a later turn gives back."""
    thought = thought or ReasoningPart()
    summary = [summary_part(thought.text)] if thought.text else []
    item: dict[str, Any] = {"id": item_id, "type": "reasoning", "summary": summary}
    seal = sealed_thought(thought)
    return item if seal is None else {**item, "encrypted_content": seal}


def encoded(args: Mapping[str, Any]) -> str:
    """Return arguments as JSON text."""
    return msgspec.json.encode(args).decode()
