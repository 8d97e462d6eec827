"""Writes OpenAI's chat completion answers: one JSON body, or a stream of chunks."""

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from simulator.ask import Answer, Ask
from simulator.models import CREATED_EPOCH, known_names
from simulator.reply import EVENT_TYPE, JSON_TYPE, Marks, Reply
from simulator.tokens import split_pieces

_FINISH: Final = {
    "stop": "stop",
    "stop_sequence": "stop",
    "length": "length",
    "tool": "tool_calls",
    "refusal": "stop",
    "content_filter": "content_filter",
}
_FINGERPRINT: Final = "fp_5d1f6e2a90"
_PADDING: Final = "Qz7LkV0xWm3RtB"
_DONE: Final = b"data: [DONE]\n\n"

_encode = msgspec.json.encode


def chat_reply(ask: Ask, answers: list[Answer], marks: Marks) -> Reply:
    """Return the reply to a chat completion request."""
    completion = sum(answer.completion_tokens for answer in answers) + _reasoning(ask)
    usage = _usage(ask, completion)
    headers = {"content-type": EVENT_TYPE if ask.stream else JSON_TYPE}
    if ask.stream:
        frames, weights = _stream_frames(ask, answers, usage, marks)
    else:
        frames, weights = [_json_body(ask, answers, usage, marks)], [completion]
    return Reply(200, headers, frames, weights, ask.stream, ask.model, ask.prompt_tokens, completion, marked=True)


def model_list() -> dict[str, Any]:
    """Return the answer to ``GET /v1/models``."""
    return {"object": "list", "data": [model_card(name) for name in known_names("openai")]}


def model_card(name: str) -> dict[str, Any]:
    """Return one model as the list shows it."""
    return {"id": name, "object": "model", "created": CREATED_EPOCH, "owned_by": "system"}


def call_id(index: int, marks: Marks) -> str:
    """Return the id of a tool call, unique to the answer."""
    return f"call_s{index:03d}{marks.id}"


def _reasoning(ask: Ask) -> int:
    return ask.number("reasoning_tokens") or 0


def _usage(ask: Ask, completion: int) -> dict[str, Any]:
    cached = min(ask.number("cached_tokens") or 0, ask.prompt_tokens)
    return {
        "prompt_tokens": ask.prompt_tokens,
        "completion_tokens": completion,
        "total_tokens": ask.prompt_tokens + completion,
        "prompt_tokens_details": {"cached_tokens": cached, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": _reasoning(ask),
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def _json_body(ask: Ask, answers: list[Answer], usage: dict[str, Any], marks: Marks) -> bytes:
    body = {
        "id": f"chatcmpl-Simulated{marks.id}",
        "object": "chat.completion",
        "created": marks.created,
        "model": ask.dated,
        "choices": [_choice(answer, index, marks) for index, answer in enumerate(answers)],
        "usage": usage,
        "service_tier": "default",
        "system_fingerprint": _FINGERPRINT,
    }
    return msgspec.json.format(_encode(body), indent=2) + b"\n"


def _choice(answer: Answer, index: int, marks: Marks) -> dict[str, Any]:
    refused = answer.finish == "refusal"
    message: dict[str, Any] = {"role": "assistant", "content": None if answer.calls or refused else answer.text}
    if answer.calls:
        message["tool_calls"] = [
            {
                "id": call_id(position + 100 * index, marks),
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
            }
            for position, call in enumerate(answer.calls)
        ]
    message |= {"refusal": answer.text if refused else None, "annotations": []}
    return {"index": index, "message": message, "logprobs": None, "finish_reason": _FINISH[answer.finish]}


def _stream_frames(
    ask: Ask, answers: list[Answer], usage: dict[str, Any], marks: Marks
) -> tuple[list[bytes], list[int]]:
    frames: list[bytes] = []
    weights: list[int] = []
    head = b'data: {"id":"chatcmpl-Simulated%s","object":"chat.completion.chunk","created":%d,' % (
        marks.id_bytes,
        marks.created,
    )
    head += b'"model":%s,"service_tier":"default","system_fingerprint":"%s","choices":[' % (
        _encode(ask.dated),
        _FINGERPRINT.encode(),
    )
    tail = b'],"usage":null,"obfuscation":"' if ask.include_usage else b'],"obfuscation":"'
    step = 0
    for choice, delta, finish, tokens in _deltas(answers, marks):
        step = (step * 5 + len(delta)) % 13
        frames.append(
            b'%s{"index":%d,"delta":%s,"logprobs":null,"finish_reason":%s}%s%s"}\n\n'
            % (head, choice, delta, finish, tail, _PADDING[:step].encode())
        )
        weights.append(tokens)
    if ask.include_usage:
        frames.append(b'%s],"usage":%s,"obfuscation":""}\n\n' % (head, _encode(usage)))
        weights.append(0)
    return [*frames, _DONE], [*weights, 0]


def _deltas(answers: list[Answer], marks: Marks) -> Iterator[tuple[int, bytes, bytes, int]]:
    """Yield (choice, delta, finish reason, tokens): the choices take turns, as they do on the wire."""
    running = [(index, _choice_deltas(answer, index, marks)) for index, answer in enumerate(answers)]
    while running:
        still = []
        for index, deltas in running:
            made = next(deltas, None)
            if made is not None:
                yield index, made[0], b"null", made[1]
                still.append((index, deltas))
        running = still
    for index, answer in enumerate(answers):
        yield index, b"{}", _encode(_FINISH[answer.finish]), 0


def _choice_deltas(answer: Answer, choice: int, marks: Marks) -> Iterator[tuple[bytes, int]]:
    opening = b"null" if answer.calls or answer.finish == "refusal" else b'""'
    yield b'{"role":"assistant","content":%s,"refusal":null}' % opening, 0
    field = b"refusal" if answer.finish == "refusal" else b"content"
    for piece in answer.pieces:
        yield b'{"%s":%s}' % (field, _encode(piece)), 1
    for index, call in enumerate(answer.calls):
        first = {
            "index": index,
            "id": call_id(index + 100 * choice, marks),
            "type": "function",
            "function": {"name": call.name, "arguments": ""},
        }
        yield _encode({"tool_calls": [first]}), 4 + len(split_pieces(call.name))
        for piece in split_pieces(call.arguments):
            yield _encode({"tool_calls": [{"index": index, "function": {"arguments": piece}}]}), 1
