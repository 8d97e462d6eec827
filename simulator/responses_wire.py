"""Writes the answers of OpenAI's Responses: one JSON body, or a stream of numbered events."""

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from simulator.ask import Answer, Ask, ToolCall
from simulator.models import is_reasoning
from simulator.reply import EVENT_TYPE, JSON_TYPE, Marks, Reply
from simulator.tokens import split_pieces

_PADDING: Final = "hT4xWq0ZkRb7Ny"
_REASONS: Final = {"length": "max_output_tokens", "content_filter": "content_filter"}

_EMPTY: Final[dict[str, dict[str, Any]]] = {
    "message": {"content": [], "status": "in_progress"},
    "reasoning": {"summary": []},
    "function_call": {"arguments": "", "status": "in_progress"},
}

_encode = msgspec.json.encode
Event = tuple[str, dict[str, Any], int]


def response_reply(ask: Ask, data: dict[str, Any], answer: Answer, marks: Marks) -> Reply:
    """Return the reply to a request whose fields are ``data``."""
    completion = answer.completion_tokens + (ask.number("reasoning_tokens") or 0)
    shell = _shell(ask, data, marks)
    items = [item for item, _ in _items(answer, marks)]
    end = _ended(shell, ask, answer, items, completion)
    headers = {"content-type": EVENT_TYPE if ask.stream else JSON_TYPE}
    if ask.stream:
        frames, weights = _frames(shell, answer, end, marks)
    else:
        frames, weights = [msgspec.json.format(_encode(end), indent=2) + b"\n"], [completion]
    return Reply(200, headers, frames, weights, ask.stream, ask.model, ask.prompt_tokens, completion, marked=True)


def _shell(ask: Ask, data: dict[str, Any], marks: Marks) -> dict[str, Any]:
    """Return a response that has only begun."""
    reasoning = data.get("reasoning") or {}
    wanted = (data.get("text") or {}).get("format") or {"type": "text"}
    thinks = is_reasoning(ask.model)
    return {
        "id": f"resp_{marks.id}",
        "object": "response",
        "created_at": marks.created,
        "status": "in_progress",
        "background": False,
        "error": None,
        "incomplete_details": None,
        "instructions": data.get("instructions"),
        "max_output_tokens": ask.max_tokens,
        "max_tool_calls": None,
        "model": ask.dated,
        "output": [],
        "parallel_tool_calls": ask.parallel_tools,
        "previous_response_id": None,
        "prompt_cache_key": data.get("prompt_cache_key"),
        "reasoning": {
            "effort": reasoning.get("effort") or ("medium" if thinks else None),
            "summary": reasoning.get("summary"),
        },
        "safety_identifier": data.get("safety_identifier"),
        "service_tier": "default",
        "store": data.get("store") is not False,
        "temperature": 1.0 if data.get("temperature") is None else data["temperature"],
        "text": {"format": wanted, "verbosity": (data.get("text") or {}).get("verbosity") or "medium"},
        "tool_choice": data.get("tool_choice") or "auto",
        "tools": data.get("tools") or [],
        "top_logprobs": data.get("top_logprobs") or 0,
        "top_p": 1.0 if data.get("top_p") is None else data["top_p"],
        "truncation": data.get("truncation") or "disabled",
        "usage": None,
        "user": data.get("user"),
        "metadata": data.get("metadata") or {},
    }


def _ended(
    shell: dict[str, Any], ask: Ask, answer: Answer, items: list[dict[str, Any]], completion: int
) -> dict[str, Any]:
    reason = _REASONS.get(answer.finish)
    cached = min(ask.number("cached_tokens") or 0, ask.prompt_tokens)
    thought = len(answer.thinking) + (ask.number("reasoning_tokens") or 0)
    usage = {
        "input_tokens": ask.prompt_tokens,
        "input_tokens_details": {"cached_tokens": cached, "cache_write_tokens": 0},
        "output_tokens": completion,
        "output_tokens_details": {"reasoning_tokens": thought},
        "total_tokens": ask.prompt_tokens + completion,
    }
    return shell | {
        "status": "incomplete" if reason else "completed",
        "incomplete_details": {"reason": reason} if reason else None,
        "output": items,
        "usage": usage,
    }


def _items(answer: Answer, marks: Marks) -> Iterator[tuple[dict[str, Any], ToolCall | None]]:
    """Yield what the answer consists of: visible thinking, a message, calls."""
    if answer.thinking:
        yield {"id": f"rs_{marks.id}", "type": "reasoning", "summary": [_summary("".join(answer.thinking))]}, None
    if answer.pieces:
        status = "incomplete" if answer.finish in _REASONS else "completed"
        message = {"id": f"msg_{marks.id}", "type": "message", "status": status, "content": [_content(answer)]}
        yield message | {"role": "assistant"}, None
    for index, call in enumerate(answer.calls):
        yield _call(call, index, marks), call


def _summary(text: str) -> dict[str, Any]:
    return {"type": "summary_text", "text": text}


def _content(answer: Answer, text: str | None = None) -> dict[str, Any]:
    said = answer.text if text is None else text
    if answer.finish == "refusal":
        return {"type": "refusal", "refusal": said}
    return {"type": "output_text", "annotations": [], "logprobs": [], "text": said}


def _call(call: ToolCall, index: int, marks: Marks) -> dict[str, Any]:
    return {
        "id": f"fc_{index:02d}{marks.id}",
        "type": "function_call",
        "status": "completed",
        "arguments": call.arguments,
        "call_id": f"call_s{index:03d}{marks.id}",
        "name": call.name,
    }


def _frames(shell: dict[str, Any], answer: Answer, end: dict[str, Any], marks: Marks) -> tuple[list[bytes], list[int]]:
    events: list[Event] = [
        ("response.created", {"response": shell}, 0),
        ("response.in_progress", {"response": shell}, 0),
    ]
    for index, (item, call) in enumerate(_items(answer, marks)):
        events.extend(_item_events(item, call, answer, index))
    events.append((f"response.{end['status']}", {"response": end}, 0))
    frames = [
        b"event: %s\ndata: %s\n\n" % (name.encode(), _encode({"type": name} | fields | {"sequence_number": number}))
        for number, (name, fields, _) in enumerate(events)
    ]
    return frames, [tokens for _, _, tokens in events]


def _item_events(item: dict[str, Any], call: ToolCall | None, answer: Answer, index: int) -> Iterator[Event]:
    place = {"item_id": item["id"], "output_index": index}
    begun: dict[str, Any] = item | _EMPTY[item["type"]]
    yield "response.output_item.added", {"output_index": index, "item": begun}, 0
    if call is not None:
        yield from _argument_events(call, place)
    elif item["type"] == "message":
        yield from _message_events(answer, place)
    else:
        yield from _summary_events(answer, place)
    yield "response.output_item.done", {"output_index": index, "item": item}, 0


def _message_events(answer: Answer, place: dict[str, Any]) -> Iterator[Event]:
    refused = answer.finish == "refusal"
    name, told = ("refusal", "refusal") if refused else ("output_text", "text")
    extra: dict[str, Any] = {} if refused else {"logprobs": []}
    inside = place | {"content_index": 0}
    yield "response.content_part.added", inside | {"part": _content(answer, "")}, 0
    for step, piece in enumerate(answer.pieces):
        padding = {"obfuscation": _PADDING[: (step * 5 + len(piece)) % 13]}
        yield f"response.{name}.delta", inside | {"delta": piece} | extra | padding, 1
    yield f"response.{name}.done", inside | {told: answer.text} | extra, 0
    yield "response.content_part.done", inside | {"part": _content(answer)}, 0


def _summary_events(answer: Answer, place: dict[str, Any]) -> Iterator[Event]:
    inside, text = place | {"summary_index": 0}, "".join(answer.thinking)
    yield "response.reasoning_summary_part.added", inside | {"part": _summary("")}, 0
    for piece in answer.thinking:
        yield "response.reasoning_summary_text.delta", inside | {"delta": piece}, 1
    yield "response.reasoning_summary_text.done", inside | {"text": text}, 0
    yield "response.reasoning_summary_part.done", inside | {"part": _summary(text)}, 0


def _argument_events(call: ToolCall, place: dict[str, Any]) -> Iterator[Event]:
    extra = 4 + len(split_pieces(call.name))
    for piece in split_pieces(call.arguments):
        yield "response.function_call_arguments.delta", place | {"delta": piece}, 1 + extra
        extra = 0
    yield "response.function_call_arguments.done", place | {"arguments": call.arguments}, 0
