"""Reads recordings the plain way, whole and slow, to say what the adapters must find in them."""

import json
import re
from pathlib import Path
from typing import Any

from router_core.errors import provider_errors as errors

CHAT = "/v1/chat/completions"
MESSAGES = "/v1/messages"
OPENAI_FINISH = {"stop": "stop", "length": "length", "tool_calls": "tool-calls", "content_filter": "content-filter"}
ANTHROPIC_FINISH = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "tool_use": "tool-calls",
    "refusal": "content-filter",
}


def exchanges(folder: Path) -> dict[str, dict[str, Any]]:
    """Return the chat and messages exchanges that have a body, and the 429 answers known by their headers only."""
    found = {
        path.name: json.loads(path.read_text()) for path in sorted(folder.glob("*.json")) if path.name != "index.json"
    }
    return {name: recording for name, recording in found.items() if _wanted(recording)}


def _wanted(recording: dict[str, Any]) -> bool:
    path = recording["request"]["path"].split("?")[0]
    answer = recording["response"]
    return path in (CHAT, MESSAGES) and (answer["body"] is not None or answer["status"] == 429)


def is_stream(recording: dict[str, Any]) -> bool:
    """Say whether the answer is an event stream."""
    return (recording["response"]["body"] or "").startswith(("data:", "event:"))


def expected(recording: dict[str, Any]) -> dict[str, Any]:
    """Return what the recording holds: an answer's facts, or an error's class and wait."""
    answer = recording["response"]
    openai = recording["request"]["path"].startswith(CHAT)
    if answer["status"] != 200:
        return _failure(answer["status"], answer["body"], answer["headers"])
    if not is_stream(recording):
        whole = json.loads(answer["body"])
        return _openai_whole(whole) if openai else _anthropic_whole(whole)
    events = _events(answer["body"])
    error = next((event for event in events if event.get("type") == "error"), None)
    if error is not None:
        return _failure({"overloaded_error": 529}[error["error"]["type"]], json.dumps(error), {})
    return _openai_stream(events) if openai else _anthropic_stream(events)


def _events(body: str) -> list[dict[str, Any]]:
    data = [line[5:].strip() for block in body.split("\n\n") for line in block.split("\n") if line.startswith("data:")]
    return [json.loads(text) for text in data if text != "[DONE]"]


def _failure(status: int, body: str | None, headers: dict[str, str]) -> dict[str, Any]:
    error = json.loads(body)["error"] if body else {}
    kinds: dict[Any, type[Exception]] = {
        400: errors.RequestRefusedError,
        401: errors.InvalidAPIKeyError,
        404: errors.ProviderModelError,
        429: errors.RateLimitError,
        "insufficient_quota": errors.QuotaExceededError,
        "context_length_exceeded": errors.ContextTooLongError,
    }
    wait = int(headers["retry-after"]) * 1000 if "retry-after" in headers and status in (429, 500, 503, 529) else None
    spoken = re.search(r"try again in (\d+)ms", error.get("message", ""))
    kind = kinds.get(error.get("code")) or kinds.get(status, errors.LLMProviderError)
    return {"error": kind, "status": status, "wait": int(spoken[1]) if spoken and wait is None else wait}


def _openai_usage(usage: dict[str, Any] | None) -> dict[str, int] | None:
    if usage is None:
        return None
    cached = (usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0
    reasoning = (usage.get("completion_tokens_details") or {}).get("reasoning_tokens") or 0
    return {
        "input": usage["prompt_tokens"] - cached,
        "read": cached,
        "write": 0,
        "write_1h": 0,
        "output": usage["completion_tokens"] - reasoning,
        "reasoning": reasoning,
    }


def _openai_whole(whole: dict[str, Any]) -> dict[str, Any]:
    choice = whole["choices"][0]
    message = choice["message"]
    calls = [call["function"] | {"id": call["id"]} for call in message.get("tool_calls") or []]
    return {
        "text": message["content"] or message.get("refusal") or "",
        "reasoning": "",
        "calls": [(call["id"], call["name"], json.loads(call["arguments"])) for call in calls],
        "finish": "content-filter" if message.get("refusal") else OPENAI_FINISH[choice["finish_reason"]],
        "model": whole["model"],
        "usage": _openai_usage(whole["usage"]),
    }


def _openai_stream(events: list[dict[str, Any]]) -> dict[str, Any]:
    choices = [choice for event in events for choice in event["choices"] if choice["index"] == 0]
    deltas = [choice["delta"] for choice in choices]
    calls: dict[int, dict[str, str]] = {}
    for piece in (piece for delta in deltas for piece in delta.get("tool_calls") or []):
        call = calls.setdefault(piece["index"], {"id": piece.get("id", ""), "name": "", "args": ""})
        call["name"] += piece["function"].get("name") or ""
        call["args"] += piece["function"].get("arguments") or ""
    finish = next(choice["finish_reason"] for choice in choices if choice["finish_reason"])
    return {
        "text": "".join(delta.get("content") or delta.get("refusal") or "" for delta in deltas),
        "reasoning": "",
        "calls": [(call["id"], call["name"], json.loads(call["args"])) for call in calls.values()],
        "finish": OPENAI_FINISH[finish],
        "model": events[0]["model"],
        "usage": _openai_usage(next((event["usage"] for event in events if event.get("usage")), None)),
    }


def _anthropic_usage(usage: dict[str, Any]) -> dict[str, int]:
    written = usage.get("cache_creation_input_tokens") or 0
    hour = (usage.get("cache_creation") or {}).get("ephemeral_1h_input_tokens") or 0
    thinking = (usage.get("output_tokens_details") or {}).get("thinking_tokens") or 0
    return {
        "input": usage["input_tokens"],
        "read": usage.get("cache_read_input_tokens") or 0,
        "write": written - hour,
        "write_1h": hour,
        "output": usage["output_tokens"] - thinking,
        "reasoning": thinking,
    }


def _anthropic_whole(whole: dict[str, Any]) -> dict[str, Any]:
    blocks = whole["content"]
    return {
        "text": "".join(block["text"] for block in blocks if block["type"] == "text"),
        "reasoning": "".join(block["thinking"] for block in blocks if block["type"] == "thinking"),
        "calls": [(block["id"], block["name"], block["input"]) for block in blocks if block["type"] == "tool_use"],
        "finish": ANTHROPIC_FINISH[whole["stop_reason"]],
        "model": whole["model"],
        "usage": _anthropic_usage(whole["usage"]),
    }


def _anthropic_stream(events: list[dict[str, Any]]) -> dict[str, Any]:
    whole: dict[str, Any] = {}
    blocks: dict[int, dict[str, Any]] = {}
    for event in events:
        if event["type"] == "message_start":
            whole = event["message"]
        elif event["type"] == "message_delta":
            whole |= event["delta"]
            whole["usage"] |= event["usage"]
        elif event["type"] == "content_block_start":
            blocks[event["index"]] = event["content_block"] | {"json": ""}
        elif event["type"] == "content_block_delta":
            block, delta = blocks[event["index"]], event["delta"]
            block["json"] += delta.get("partial_json", "")
            for name in ("text", "thinking"):
                if name in delta:
                    block[name] += delta[name]
    for block in blocks.values():
        if block["type"] == "tool_use" and block["json"]:
            block["input"] = json.loads(block["json"])
    return _anthropic_whole(whole | {"content": [blocks[index] for index in sorted(blocks)]})
