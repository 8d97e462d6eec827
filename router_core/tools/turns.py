"""Conversations as messages alone, and what a step adds to them."""

from collections.abc import Iterable, Sequence

from msgspec import structs

from router_core.types import (
    ImagePart,
    LLMRequest,
    Message,
    ReasoningPart,
    TextPart,
    ToolCall,
    ToolCallPart,
    ToolResultPart,
)

__all__ = ["answer_turn", "asked_turns", "continued_request", "result_turn"]


def asked_turns(request: LLMRequest) -> tuple[Message, ...]:
    """Return what ``request`` asks as messages alone, its images in the last turn of the user."""
    turns = list(request.messages or ())
    if request.prompt is not None:
        turns = [Message(role="user", content=request.prompt)]
    if not request.images:
        return tuple(turns)
    images = tuple(ImagePart(image=each) for each in request.images)
    for place in range(len(turns) - 1, -1, -1):
        if turns[place].role == "user":
            content = turns[place].content
            before = (TextPart(text=content),) if isinstance(content, str) else content
            turns[place] = structs.replace(turns[place], content=(*before, *images))
            return tuple(turns)
    return (*turns, Message(role="user", content=images))


def answer_turn(text: str, calls: Iterable[ToolCall], reasoning: Iterable[ReasoningPart] = ()) -> Message:
    """Return what a model said and called as a turn, with those of its thoughts that a vendor takes back."""
    asked = tuple(
        ToolCallPart(tool_call_id=call.tool_call_id, tool_name=call.tool_name, args=call.args) for call in calls
    )
    sealed = tuple(part for part in reasoning if part.signature or part.data)
    if not asked and not sealed:
        return Message(role="assistant", content=text)
    return Message(role="assistant", content=(*sealed, *((TextPart(text=text),) if text else ()), *asked))


def result_turn(results: Iterable[ToolResultPart]) -> Message:
    """Return what tools gave back as a turn."""
    return Message(role="tool", content=tuple(results))


def continued_request(request: LLMRequest, turns: Sequence[Message]) -> LLMRequest:
    """Return the request for the step after ``turns``. Once a tool was called the model chooses freely: a call that is
    forced in every step would never come to an answer.
    """
    choice = request.tool_choice if request.tool_choice in (None, "none") else "auto"
    return structs.replace(
        request, prompt=None, images=(), messages=(*asked_turns(request), *turns), tool_choice=choice
    )
