"""What a request or an answer of either protocol says, read the plain way into one form."""

import json
from typing import Any

__all__ = [
    "of_chat", "of_completion", "of_message", "of_messages", "of_response", "of_response_request", "without_thoughts",
]  # fmt: skip

_STOPS = {
    "stop": "stop", "end_turn": "stop", "stop_sequence": "stop", "length": "length", "max_tokens": "length",
    "tool_calls": "tools", "tool_use": "tools", "content_filter": "filter", "refusal": "filter",
}  # fmt: skip
Item = tuple[Any, ...]


# --- requests ------------------------------------------------------------------------------------------------------


def of_chat(body: dict[str, Any]) -> dict[str, Any]:
    """Return what a chat completion request says."""
    system, items = [], []
    for turn in body["messages"]:
        if turn["role"] in ("system", "developer"):
            system.append(_plain(turn["content"]))
        elif turn["role"] == "tool":
            items.append(("user", "result", turn["tool_call_id"], _plain(turn["content"])))
        else:
            items.extend((turn["role"], *each) for each in _spoken(turn))
    choice = body.get("tool_choice", "auto")
    choice = choice if isinstance(choice, str) else ("tool", choice["function"]["name"])
    shape = body.get("response_format")
    functions = [each["function"] for each in body.get("tools", [])]
    return {
        "system": "\n\n".join(system),
        "items": items,
        "tools": {each["name"]: _tool(each.get("description"), each.get("parameters")) for each in functions},
        "choice": choice,
        "parallel": body.get("parallel_tool_calls", True) or choice == "none",
        "schema": None if shape is None else shape["json_schema"]["schema"],
        "limit": body.get("max_completion_tokens") or body.get("max_tokens"),
        "stop": body.get("stop") or [],
        "temperature": body.get("temperature"),
    }


def of_messages(body: dict[str, Any]) -> dict[str, Any]:
    """Return what a message request says."""
    items: list[Item] = []
    for turn in body["messages"]:
        content = turn["content"]
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
        items.extend((turn["role"], *_block(each)) for each in blocks)
    chosen = body.get("tool_choice", {"type": "auto"})
    names = {"any": "required", "tool": ("tool", chosen.get("name"))}
    choice = names.get(chosen["type"], chosen["type"])
    return {
        "system": _plain(body.get("system", ""), "\n\n"),
        "items": items,
        "tools": {each["name"]: _tool(each.get("description"), each["input_schema"]) for each in body.get("tools", [])},
        "choice": choice,
        "parallel": not chosen.get("disable_parallel_tool_use") or choice == "none",
        "schema": body.get("output_config", {}).get("format", {}).get("schema"),
        "limit": body["max_tokens"],
        "stop": body.get("stop_sequences") or [],
        "temperature": body.get("temperature"),
    }


def of_response_request(body: dict[str, Any]) -> dict[str, Any]:
    """Return what a request for a response says."""
    items: list[Item] = []
    for item in body["input"]:
        role = "user" if item.get("role") == "user" or item.get("type") == "function_call_output" else "assistant"
        items.extend((role, *each) for each in _item(item))
    choice = body.get("tool_choice", "auto")
    return {
        "system": body.get("instructions", ""),
        "items": items,
        "tools": {each["name"]: _tool(each.get("description"), each["parameters"]) for each in body.get("tools", [])},
        "choice": choice if isinstance(choice, str) else ("tool", choice["name"]),
        "parallel": body.get("parallel_tool_calls", True) or choice == "none",
        "schema": body.get("text", {}).get("format", {}).get("schema"),
        "limit": body["max_output_tokens"],
        "stop": [],
        "temperature": body.get("temperature"),
    }


def without_thoughts(said: dict[str, Any]) -> dict[str, Any]:
    """Return a request as it is to a vendor that cannot read another's thoughts."""
    return {**said, "items": [each for each in said["items"] if each[1] not in ("thought", "locked")]}


def _spoken(turn: dict[str, Any]) -> list[Item]:
    content = turn.get("content") or []
    parts: list[Any] = [{"type": "text", "text": content}] if isinstance(content, str) else content
    calls = [(each["id"], each["function"]) for each in turn.get("tool_calls", [])]
    return [
        *(_thought(each) for each in turn.get("reasoning_details", [])),
        *(("text", each["text"]) if each["type"] == "text" else ("image", each["image_url"]["url"]) for each in parts),
        *(("call", told, called["name"], json.loads(called["arguments"])) for told, called in calls),
    ]


def _block(block: dict[str, Any]) -> Item:
    match block["type"]:
        case "text":
            return ("text", block["text"])
        case "image":
            source = block["source"]
            inline = f"data:{source.get('media_type')};base64,{source.get('data')}"
            return ("image", source["url"] if source["type"] == "url" else inline)
        case "tool_use":
            return ("call", block["id"], block["name"], block["input"])
        case "tool_result":
            text = _plain(block.get("content", ""))
            return ("result", block["tool_use_id"], f"Error: {text}" if block.get("is_error") else text)
    return _thought(block)


def _item(item: dict[str, Any]) -> list[Item]:
    match item.get("type", "message"):
        case "reasoning":
            seal, locked = json.loads(item["encrypted_content"].removeprefix("signalbox."))
            return [("locked", locked) if locked else ("thought", item["summary"][0]["text"], seal)]
        case "function_call":
            return [("call", item["call_id"], item["name"], json.loads(item["arguments"]))]
        case "function_call_output":
            return [("result", item["call_id"], item["output"])]
    content = item["content"]
    parts: list[Any] = [{"text": content}] if isinstance(content, str) else content
    return [("text", each["text"]) if "text" in each else ("image", each["image_url"]) for each in parts]


def _thought(told: dict[str, Any]) -> Item:
    if "data" in told:
        return ("locked", told["data"])
    return ("thought", told.get("thinking", told.get("text")), told.get("signature", ""))


def _plain(content: Any, between: str = "") -> str:
    return content if isinstance(content, str) else between.join(each["text"] for each in content)


def _tool(description: str | None, schema: dict[str, Any] | None) -> Item:
    return (description or "", {"type": "object", **(schema or {})})


# --- answers -------------------------------------------------------------------------------------------------------


def of_completion(body: dict[str, Any]) -> dict[str, Any]:
    """Return what a chat completion says."""
    choice, usage = body["choices"][0], body["usage"]
    read, written = usage["prompt_tokens_details"], usage["completion_tokens_details"]
    cached, kept = read["cached_tokens"], read.get("cache_write_tokens", 0)
    return {
        "items": _spoken(choice["message"]),
        "stop": _STOPS[choice["finish_reason"]],
        "usage": (
            usage["prompt_tokens"] - cached - kept, cached, kept,
            usage["completion_tokens"], written["reasoning_tokens"],
        ),
    }  # fmt: skip


def of_message(body: dict[str, Any]) -> dict[str, Any]:
    """Return what a message says."""
    usage = body["usage"]
    thinking = (usage.get("output_tokens_details") or {}).get("thinking_tokens", 0)
    return {
        "items": [_block(each) for each in body["content"]],
        "stop": _STOPS[body["stop_reason"]],
        "usage": (
            usage["input_tokens"], usage.get("cache_read_input_tokens") or 0,
            usage.get("cache_creation_input_tokens") or 0, usage["output_tokens"], thinking,
        ),
    }  # fmt: skip


def of_response(body: dict[str, Any]) -> dict[str, Any]:
    """Return what a response says."""
    usage = body["usage"]
    read, written = usage["input_tokens_details"], usage["output_tokens_details"]
    cached, kept = read["cached_tokens"], read["cache_write_tokens"]
    items = [each for item in body["output"] for each in _item(item)]
    cut = {"max_output_tokens": "length", "content_filter": "filter"}
    whole = "tools" if any(each[0] == "call" for each in items) else "stop"
    return {
        "items": items,
        "stop": cut[body["incomplete_details"]["reason"]] if body["status"] == "incomplete" else whole,
        "usage": (
            usage["input_tokens"] - cached - kept, cached, kept, usage["output_tokens"], written["reasoning_tokens"],
        ),
    }  # fmt: skip
