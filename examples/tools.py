"""A tool of the program's own: the model asks for it, the program runs it and says what came of it."""

from typing import Any

from router_core.client import RouterClient

TOOLS = {
    "free_slots": {
        "description": "Free appointments of a day.",
        "parameters": {
            "type": "object",
            "properties": {"day": {"type": "string", "description": "The day, such as Tuesday."}},
            "required": ["day"],
        },
    }
}
MOST_TURNS = 4


def free_slots(day: str) -> list[str]:
    return [f"{day} 09:00", f"{day} 15:30"]


def main() -> None:
    messages: list[dict[str, Any]] = [{"role": "user", "content": "When could a technician come on Tuesday?"}]
    with RouterClient() as client:
        for _ in range(MOST_TURNS):
            answer = client.call({"useCase": "general", "messages": messages, "tools": TOOLS})
            if not answer.tool_calls:
                break
            calls, results = [], []
            for call in answer.tool_calls:
                named = {"toolCallId": call.tool_call_id, "toolName": call.tool_name}
                print(f"-- {call.tool_name}({call.args})")
                calls.append({"type": "tool-call", **named, "args": call.args})
                results.append({"type": "tool-result", **named, "result": free_slots(**call.args)})
            # What the model said and what the tools gave are the next turns of the conversation.
            messages += [{"role": "assistant", "content": calls}, {"role": "tool", "content": results}]
    print(answer.text)


if __name__ == "__main__":
    main()
