"""Writes Anthropic's message answers: one JSON body, or a stream of named events."""

from base64 import b64encode
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from simulator.ask import Answer, Ask, ToolCall
from simulator.models import known_names
from simulator.reply import EVENT_TYPE, JSON_TYPE, Marks, Reply
from simulator.tokens import split_pieces

_STOP: Final = {
    "stop": "end_turn",
    "stop_sequence": "stop_sequence",
    "length": "max_tokens",
    "tool": "tool_use",
    "refusal": "refusal",
    "content_filter": "refusal",
}
_GROUPS: Final = (1, 3, 5, 4, 6, 2)
_SIGNATURE: Final = b64encode(b"simulated signature, checked by nobody, as long as a real one usually is").decode()
_BLANKS: Final = b" " * 16

_encode = msgspec.json.encode


def message_reply(ask: Ask, answer: Answer, marks: Marks) -> Reply:
    """Return the reply to a messages request."""
    headers = {"content-type": EVENT_TYPE if ask.stream else JSON_TYPE}
    if ask.stream:
        headers["cache-control"] = "no-cache"
        made = list(_events(ask, answer, marks))
        frames, weights = [_event(*event[:2], step) for step, event in enumerate(made)], [event[2] for event in made]
    else:
        frames, weights = [_encode(_message(ask, answer, marks))], [answer.completion_tokens]
    billed = _usage(ask, answer)
    prompt = billed["input_tokens"] + billed["cache_creation_input_tokens"] + billed["cache_read_input_tokens"]
    return Reply(200, headers, frames, weights, ask.stream, ask.model, prompt, answer.completion_tokens, marked=True)


def model_list() -> dict[str, Any]:
    """Return the answer to ``GET /v1/models``."""
    names = known_names("anthropic")
    return {"data": [model_card(name) for name in names], "has_more": False, "first_id": names[0], "last_id": names[-1]}


def model_card(name: str) -> dict[str, Any]:
    """Return one model as the list shows it."""
    title = name.replace("-", " ").title()
    return {"type": "model", "id": name, "display_name": title, "created_at": "2025-10-01T00:00:00Z"}


def _usage(ask: Ask, answer: Answer) -> dict[str, int]:
    read = min(ask.number("cached_tokens") or 0, ask.prompt_tokens)
    written = min(ask.number("cache_write_tokens") or 0, ask.prompt_tokens - read)
    return {
        "input_tokens": ask.prompt_tokens - read - written,
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": read,
        "output_tokens": answer.completion_tokens,
    }


def _full_usage(ask: Ask, answer: Answer) -> dict[str, Any]:
    usage: dict[str, Any] = dict(_usage(ask, answer))
    tokens = usage.pop("output_tokens")
    creation = {"ephemeral_5m_input_tokens": usage["cache_creation_input_tokens"], "ephemeral_1h_input_tokens": 0}
    rest = {"output_tokens": tokens, "service_tier": "standard", "inference_geo": "not_available"}
    return usage | {"cache_creation": creation} | rest


def _shell(ask: Ask, marks: Marks, content: list[Any]) -> dict[str, Any]:
    return {
        "model": ask.dated,
        "id": f"msg_01Si{marks.id}",
        "type": "message",
        "role": "assistant",
        "content": content,
        "stop_reason": None,
        "stop_sequence": None,
        "stop_details": None,
    }


def _message(ask: Ask, answer: Answer, marks: Marks) -> dict[str, Any]:
    content: list[Any] = []
    if answer.thinking:
        content.append({"type": "thinking", "thinking": "".join(answer.thinking), "signature": _SIGNATURE})
    if answer.pieces:
        content.append({"type": "text", "text": answer.text})
    for index, call in enumerate(answer.calls):
        content.append(_tool_block(call, index, marks, msgspec.Raw(call.arguments.encode())))
    message = _shell(ask, marks, content)
    message |= {"stop_reason": _STOP[answer.finish], "stop_sequence": answer.stop_sequence}
    return message | {"usage": _full_usage(ask, answer)}


def _tool_block(call: ToolCall, index: int, marks: Marks, arguments: Any) -> dict[str, Any]:
    return {
        "type": "tool_use",
        "id": f"toolu_01{index:02d}{marks.id}",
        "name": call.name,
        "input": arguments,
        "caller": {"type": "direct"},
    }


def _event(name: str, data: bytes, step: int) -> bytes:
    if name == "ping":
        return b'event: ping\ndata: {"type": "ping"}\n\n'
    return b"event: %s\ndata: %s%s}\n\n" % (name.encode(), data[:-1], _BLANKS[: (step * 7 + len(data)) % 15])


def _events(ask: Ask, answer: Answer, marks: Marks) -> Iterator[tuple[str, bytes, int]]:
    """Yield (event name, JSON, tokens) in Anthropic's order; a ping follows the first block's start."""
    usage = _full_usage(ask, answer) | {"output_tokens": 1}
    start = _shell(ask, marks, []) | {"usage": usage}
    yield "message_start", _encode({"type": "message_start", "message": start}), 0
    for index, (block, deltas) in enumerate(_streamed_blocks(answer, marks)):
        opening = {"type": "content_block_start", "index": index, "content_block": block}
        yield "content_block_start", _encode(opening), 0
        if index == 0:
            yield "ping", b"", 0
        head = b'{"type":"content_block_delta","index":%d,"delta":' % index
        for delta, tokens in deltas:
            yield "content_block_delta", head + delta + b"}", tokens
        yield "content_block_stop", b'{"type":"content_block_stop","index":%d}' % index, 0
    end = {"stop_reason": _STOP[answer.finish], "stop_sequence": answer.stop_sequence, "stop_details": None}
    yield "message_delta", _encode({"type": "message_delta", "delta": end, "usage": _usage(ask, answer)}), 0
    yield "message_stop", b'{"type":"message_stop"}', 0


_Deltas = Iterator[tuple[bytes, int]]


def _streamed_blocks(answer: Answer, marks: Marks) -> Iterator[tuple[dict[str, Any], _Deltas]]:
    if answer.thinking:
        yield {"type": "thinking", "thinking": "", "signature": ""}, _thinking_deltas(answer.thinking)
    if answer.pieces:
        yield {"type": "text", "text": ""}, _text_deltas(answer.pieces)
    for index, call in enumerate(answer.calls):
        yield _tool_block(call, index, marks, {}), _input_deltas(call)


def _text_deltas(pieces: list[str]) -> _Deltas:
    for group in _grouped(pieces):
        yield b'{"type":"text_delta","text":%s}' % _encode("".join(group)), len(group)


def _thinking_deltas(pieces: list[str]) -> _Deltas:
    for group in _grouped(pieces):
        yield b'{"type":"thinking_delta","thinking":%s}' % _encode("".join(group)), len(group)
    yield b'{"type":"signature_delta","signature":"%s"}' % _SIGNATURE.encode(), 0


def _input_deltas(call: ToolCall) -> _Deltas:
    yield b'{"type":"input_json_delta","partial_json":""}', 4 + len(split_pieces(call.name))
    if call.arguments == "{}":
        return
    for group in _grouped(split_pieces(call.arguments)):
        yield b'{"type":"input_json_delta","partial_json":%s}' % _encode("".join(group)), len(group)


def _grouped(pieces: list[str]) -> Iterator[list[str]]:
    position = step = 0
    while position < len(pieces):
        size = _GROUPS[step % len(_GROUPS)]
        yield pieces[position : position + size]
        position, step = position + size, step + 1
