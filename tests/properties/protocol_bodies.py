"""Generated bodies of both protocols: requests, whole answers, and the events of a stream that amount to one."""

import json
import random
import string
from typing import Any

from hypothesis import strategies as st

__all__ = [
    "chat_requests", "chunks_of", "completions", "events_of", "message_requests", "messages", "response_requests",
    "sliced",
]  # fmt: skip

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=12)
NAMES = st.text(string.ascii_letters + string.digits + "_-", min_size=1, max_size=12)
IDS = st.builds("call_{}".format, st.text(string.ascii_letters + string.digits, min_size=4, max_size=12))
SEALS = st.text(string.ascii_letters + string.digits + "+/=", min_size=1, max_size=12)
SCALARS = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=2), max_leaves=4
)
ARGS = st.dictionaries(NAMES, VALUES, max_size=3)
IMAGES = st.sampled_from(["https://x.test/a.png", "data:image/png;base64,iVBORw0KGgo=", "data:image/jpeg;base64,/9j/"])
SCHEMA = {
    "type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"], "additionalProperties": False,
}  # fmt: skip
TOOLS = st.dictionaries(NAMES, st.tuples(TEXT | st.just(""), st.sampled_from([{"type": "object"}, SCHEMA])), max_size=3)
COUNTS = st.integers(0, 5000)
THOUGHTS = st.lists(st.tuples(TEXT, SEALS) | st.tuples(st.none(), SEALS), max_size=2)


@st.composite
def _rounds(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Draw a conversation: what the user says, then rounds of what the assistant says, results, and the user again."""
    ids = iter(draw(st.lists(IDS, min_size=6, max_size=6, unique=True)))
    rounds = []
    for _ in range(draw(st.integers(0, 2))):
        names = draw(st.lists(NAMES, max_size=3))
        calls = [(next(ids), name, draw(ARGS)) for name in names]
        rounds.append({
            "thoughts": draw(THOUGHTS), "text": draw(TEXT if not calls else TEXT | st.just("")), "calls": calls,
            "results": [(call[0], draw(TEXT | st.just("")), draw(st.booleans())) for call in calls],
            "asked": draw(st.none() | _asked()) if calls else draw(_asked()),
        })  # fmt: skip
    return rounds


def _asked() -> st.SearchStrategy[list[tuple[str, str]]]:
    return st.lists(st.tuples(st.just("text"), TEXT) | st.tuples(st.just("image"), IMAGES), min_size=1, max_size=3)


@st.composite
def chat_requests(draw: st.DrawFn, model: str) -> dict[str, Any]:
    """Draw a request for a chat completion by ``model``."""
    turns: list[dict[str, Any]] = [{"role": "system", "content": each} for each in draw(st.lists(TEXT, max_size=2))]
    turns.append({"role": "user", "content": draw(TEXT)})
    for each in draw(_rounds()):
        spoken: dict[str, Any] = {"role": "assistant", "content": each["text"] or None}
        if each["calls"]:
            spoken["tool_calls"] = [_chat_call(*call) for call in each["calls"]]
        if each["thoughts"]:
            spoken["reasoning_details"] = [_detail(*thought) for thought in each["thoughts"]]
        turns.append(spoken)
        turns.extend({"role": "tool", "tool_call_id": told, "content": text} for told, text, _ in each["results"])
        if each["asked"]:
            turns.append({"role": "user", "content": [_part(*part) for part in each["asked"]]})
    body: dict[str, Any] = {"model": model, "messages": turns, "max_completion_tokens": draw(st.integers(1, 4000))}
    tools = draw(TOOLS)
    if tools:
        body["tools"] = [
            {"type": "function", "function": {"name": name, "description": told, "parameters": schema}}
            for name, (told, schema) in tools.items()
        ]
        chosen = [{"type": "function", "function": {"name": name}} for name in tools]
        body |= draw(st.fixed_dictionaries({}, optional={
            "tool_choice": st.sampled_from(["auto", "none", "required", *chosen]), "parallel_tool_calls": st.booleans(),
        }))  # fmt: skip
    shape = {"type": "json_schema", "json_schema": {"name": "answer", "schema": SCHEMA, "strict": True}}
    return body | draw(st.fixed_dictionaries({}, optional={
        "stop": st.lists(NAMES, min_size=1, max_size=4), "temperature": st.sampled_from([0, 0.5, 1]),
        "response_format": st.just(shape),
    }))  # fmt: skip


@st.composite
def message_requests(draw: st.DrawFn, model: str) -> dict[str, Any]:
    """Draw a request for a message by ``model``."""
    turns: list[dict[str, Any]] = [{"role": "user", "content": draw(TEXT)}]
    for each in draw(_rounds()):
        content = [_thinking(*thought) for thought in each["thoughts"]]
        content += [{"type": "text", "text": each["text"]}] if each["text"] else []
        content += [{"type": "tool_use", "id": told, "name": name, "input": args} for told, name, args in each["calls"]]
        turns.append({"role": "assistant", "content": content})
        given = [_result(*result) for result in each["results"]] + [_block(*part) for part in each["asked"] or ()]
        turns.append({"role": "user", "content": given})
    body: dict[str, Any] = {"model": model, "messages": turns, "max_tokens": draw(st.integers(1, 4000))}
    tools = draw(TOOLS)
    if tools:
        body["tools"] = [
            {"name": name, "description": told, "input_schema": schema} for name, (told, schema) in tools.items()
        ]
        chosen = [
            {"type": "auto"},
            {"type": "none"},
            {"type": "any"},
            *({"type": "tool", "name": name} for name in tools),
        ]
        choice = draw(st.sampled_from([None, *chosen]))
        if choice is not None:
            single = {} if choice["type"] == "none" else {"disable_parallel_tool_use": draw(st.booleans())}
            body["tool_choice"] = {**choice, **single}
    return body | draw(st.fixed_dictionaries({}, optional={
        "stop_sequences": st.lists(NAMES, min_size=1, max_size=4), "temperature": st.sampled_from([0, 0.5, 1]),
        "output_config": st.just({"format": {"type": "json_schema", "schema": SCHEMA}}),
        "system": TEXT | st.lists(TEXT.map(lambda text: {"type": "text", "text": text}), min_size=1, max_size=2),
    }))  # fmt: skip


@st.composite
def response_requests(draw: st.DrawFn, model: str) -> dict[str, Any]:
    """Draw a request for a response by ``model``."""
    items: list[dict[str, Any]] = [{"role": "user", "content": draw(TEXT)}]
    for each in draw(_rounds()):
        items.extend(_reasoning(*thought) for thought in each["thoughts"])
        if each["text"]:
            said = [{"type": "output_text", "text": each["text"], "annotations": []}]
            items.append({"type": "message", "role": "assistant", "id": "msg_1", "content": said})
        items.extend(
            {"type": "function_call", "call_id": told, "name": name, "arguments": json.dumps(args)}
            for told, name, args in each["calls"]
        )
        items.extend(
            {"type": "function_call_output", "call_id": told, "output": text} for told, text, _ in each["results"]
        )
        if each["asked"]:
            items.append({"role": "user", "content": [_input_part(*part) for part in each["asked"]]})
    body: dict[str, Any] = {"model": model, "input": items, "max_output_tokens": draw(st.integers(1, 4000))}
    tools = draw(TOOLS)
    if tools:
        body["tools"] = [
            {"type": "function", "name": name, "description": told, "parameters": schema}
            for name, (told, schema) in tools.items()
        ]
        chosen = [{"type": "function", "name": name} for name in tools]
        body |= draw(st.fixed_dictionaries({}, optional={
            "tool_choice": st.sampled_from(["auto", "none", "required", *chosen]), "parallel_tool_calls": st.booleans(),
        }))  # fmt: skip
    shape = {"format": {"type": "json_schema", "name": "answer", "schema": SCHEMA, "strict": True}}
    return body | draw(st.fixed_dictionaries({}, optional={
        "temperature": st.sampled_from([0, 0.5, 1]), "text": st.just(shape), "instructions": TEXT,
    }))  # fmt: skip


@st.composite
def messages(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a message that a model answers with."""
    calls = draw(st.lists(st.tuples(IDS, NAMES, ARGS), max_size=3, unique_by=lambda call: call[0]))
    text = draw(TEXT if not calls else TEXT | st.just(""))
    content = [_thinking(*thought) for thought in draw(THOUGHTS)]
    content += [{"type": "text", "text": text}] if text else []
    content += [{"type": "tool_use", "id": told, "name": name, "input": args} for told, name, args in calls]
    stop = "tool_use" if calls else draw(st.sampled_from(["end_turn", "max_tokens", "stop_sequence", "refusal"]))
    written = draw(COUNTS)
    return {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5", "content": content,
        "stop_reason": stop, "stop_sequence": "END" if stop == "stop_sequence" else None,
        "usage": {
            "input_tokens": draw(COUNTS), "output_tokens": written, "cache_read_input_tokens": draw(COUNTS),
            "cache_creation_input_tokens": draw(COUNTS),
            "output_tokens_details": {"thinking_tokens": draw(st.integers(0, written))},
        },
    }  # fmt: skip


@st.composite
def completions(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a chat completion that a model answers with."""
    calls = draw(st.lists(st.tuples(IDS, NAMES, ARGS), max_size=3, unique_by=lambda call: call[0]))
    text = draw(TEXT if not calls else TEXT | st.just(""))
    message: dict[str, Any] = {"role": "assistant", "content": text or None}
    if calls:
        message["tool_calls"] = [_chat_call(*call) for call in calls]
    stop = "tool_calls" if calls else draw(st.sampled_from(["stop", "length", "content_filter"]))
    asked, written = draw(COUNTS), draw(COUNTS)
    return {
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "gpt-4o-2024-08-06",
        "choices": [{"index": 0, "message": message, "finish_reason": stop}],
        "usage": {
            "prompt_tokens": asked, "completion_tokens": written, "total_tokens": asked + written,
            "prompt_tokens_details": {"cached_tokens": draw(st.integers(0, asked))},
            "completion_tokens_details": {"reasoning_tokens": draw(st.integers(0, written))},
        },
    }  # fmt: skip


# --- streams -------------------------------------------------------------------------------------------------------


def events_of(message: dict[str, Any], rng: random.Random) -> bytes:
    """Return a stream that amounts to ``message``, its texts cut anywhere."""
    usage = message["usage"]
    begun = {
        **message,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {**usage, "output_tokens": 1},
    }
    del begun["usage"]["output_tokens_details"]
    events: list[dict[str, Any]] = [{"type": "message_start", "message": begun}, {"type": "ping"}]
    for index, block in enumerate(message["content"]):
        opened, deltas = _opened(block, rng)
        events.append({"type": "content_block_start", "index": index, "content_block": opened})
        events.extend({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas)
        events.append({"type": "content_block_stop", "index": index})
    delta = {"stop_reason": message["stop_reason"], "stop_sequence": message["stop_sequence"]}
    events += [{"type": "message_delta", "delta": delta, "usage": usage}, {"type": "message_stop"}]
    return b"".join(b"event: %s\ndata: %s\n\n" % (each["type"].encode(), _json(each)) for each in events)


def _opened(block: dict[str, Any], rng: random.Random) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    match block["type"]:
        case "text":
            return {"type": "text", "text": ""}, [
                {"type": "text_delta", "text": each} for each in _cut(block["text"], rng)
            ]
        case "tool_use":
            pieces = _cut(json.dumps(block["input"], ensure_ascii=False), rng)
            return {**block, "input": {}}, [{"type": "input_json_delta", "partial_json": each} for each in pieces]
        case "thinking":
            thought = [{"type": "thinking_delta", "thinking": each} for each in _cut(block["thinking"], rng)]
            sealed = {"type": "signature_delta", "signature": block["signature"]}
            return {"type": "thinking", "thinking": "", "signature": ""}, [*thought, sealed]
    return block, []


def chunks_of(completion: dict[str, Any], rng: random.Random) -> bytes:
    """Return a stream that amounts to ``completion``, its texts cut anywhere."""
    choice = completion["choices"][0]
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": each} for each in _cut(choice["message"]["content"] or "", rng)]
    for index, call in enumerate(choice["message"].get("tool_calls", [])):
        opened = {**call, "index": index, "function": {"name": call["function"]["name"], "arguments": ""}}
        deltas.append({"tool_calls": [opened]})
        for each in _cut(call["function"]["arguments"], rng):
            deltas.append({"tool_calls": [{"index": index, "function": {"arguments": each}}]})
    told = [{"index": 0, "delta": delta, "finish_reason": None} for delta in deltas]
    told.append({"index": 0, "delta": {}, "finish_reason": choice["finish_reason"]})
    base = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": completion["model"]}
    chunks = [{**base, "choices": [each], "usage": None} for each in told]
    chunks.append({**base, "choices": [], "usage": completion["usage"]})
    return b"".join(b"data: %s\n\n" % _json(each) for each in chunks) + b"data: [DONE]\n\n"


def sliced(stream: bytes, rng: random.Random) -> tuple[bytes, ...]:
    """Return ``stream`` in pieces that end anywhere."""
    places = sorted(rng.sample(range(1, len(stream)), min(rng.randrange(8), len(stream) - 1)))
    return tuple(stream[start:end] for start, end in zip([0, *places], [*places, len(stream)], strict=True))


def _cut(text: str, rng: random.Random) -> list[str]:
    place = rng.randint(0, len(text))
    return [each for each in (text[:place], text[place:]) if each]


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=len(str(value)) % 2 == 0).encode()


# --- pieces --------------------------------------------------------------------------------------------------------


def _chat_call(told: str, name: str, args: dict[str, Any]) -> dict[str, Any]:
    return {"id": told, "type": "function", "function": {"name": name, "arguments": json.dumps(args)}}


def _detail(text: str | None, seal: str) -> dict[str, Any]:
    if text is None:
        return {"type": "reasoning.encrypted", "data": seal}
    return {"type": "reasoning.text", "text": text, "signature": seal}


def _thinking(text: str | None, seal: str) -> dict[str, Any]:
    if text is None:
        return {"type": "redacted_thinking", "data": seal}
    return {"type": "thinking", "thinking": text, "signature": seal}


def _reasoning(text: str | None, seal: str) -> dict[str, Any]:
    summary = [] if text is None else [{"type": "summary_text", "text": text}]
    sealed = json.dumps(["", seal] if text is None else [seal, ""])
    return {"type": "reasoning", "id": "rs_1", "summary": summary, "encrypted_content": f"signalbox.{sealed}"}


def _input_part(kind: str, value: str) -> dict[str, Any]:
    return {"type": "input_text", "text": value} if kind == "text" else {"type": "input_image", "image_url": value}


def _result(told: str, text: str, is_error: bool) -> dict[str, Any]:
    content: Any = text if len(text) % 2 else [{"type": "text", "text": text}]
    return {"type": "tool_result", "tool_use_id": told, "content": content, "is_error": is_error}


def _part(kind: str, value: str) -> dict[str, Any]:
    return {"type": "text", "text": value} if kind == "text" else {"type": "image_url", "image_url": {"url": value}}


def _block(kind: str, value: str) -> dict[str, Any]:
    if kind == "text":
        return {"type": "text", "text": value}
    if not value.startswith("data:"):
        return {"type": "image", "source": {"type": "url", "url": value}}
    media, data = value.removeprefix("data:").split(";base64,")
    return {"type": "image", "source": {"type": "base64", "media_type": media, "data": data}}
