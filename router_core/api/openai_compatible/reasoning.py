"""How thoughts travel in chat completions, whose own vendor keeps them: ``reasoning_details`` beside the plain text.

What a vendor sealed comes back to it unchanged: clients send the details of an answer back with its message.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

from router_core.types import ReasoningDelta, ReasoningPart

__all__ = ["Detail", "DetailedReasoning", "details_of", "parts_of", "without_details"]

_TEXT: Final = "reasoning.text"
_LOCKED: Final = "reasoning.encrypted"
_OWN: Final = ("reasoning_details", "reasoning_content")


class Detail(Struct):
    """One passage as clients send it back."""

    type: str
    text: str | None = None
    signature: str | None = None
    data: str | None = None


def details_of(parts: Sequence[ReasoningPart]) -> list[dict[str, Any]]:
    """Return the passages of an answer."""
    return [{"index": place, **_detail(part)} for place, part in enumerate(parts)]


def _detail(part: ReasoningPart) -> dict[str, Any]:
    if part.data:
        return {"type": _LOCKED, "data": part.data}
    return {"type": _TEXT, "text": part.text, "signature": part.signature}


def parts_of(details: Sequence[Detail]) -> tuple[ReasoningPart, ...]:
    """Return the passages that a vendor sealed; nobody takes others back."""
    made = (
        ReasoningPart(text=each.text or "", signature=each.signature or "", data=each.data or "") for each in details
    )
    return tuple(part for part in made if part.signature or part.data)


class DetailedReasoning:
    """Tells passages piece by piece: the text at once, as plain text and as a detail, which clients add up by index."""

    __slots__ = ("_begun", "_index")

    def __init__(self) -> None:
        self._index = 0
        self._begun = False

    def delta(self, part: ReasoningDelta) -> dict[str, Any]:
        """Return what ``part`` adds to a message."""
        told: dict[str, Any] = {"reasoning_content": part.text} if part.text else {}
        details = [self._piece({"type": _TEXT, "text": part.text})] if part.text else []
        if part.data:
            self._index += self._begun
            details.append(self._piece({"type": _LOCKED, "data": part.data}))
        elif part.signature:
            details.append(self._piece({"type": _TEXT, "signature": part.signature}))
        if part.data or part.signature:
            self._index, self._begun = self._index + 1, False
        return {**told, "reasoning_details": details}

    def _piece(self, detail: dict[str, Any]) -> dict[str, Any]:
        self._begun = True
        return {"index": self._index, **detail}


def without_details(messages: Raw) -> Raw:
    """Return the messages as the protocol's own vendor takes them: without what it does not know."""
    turns = msgspec.json.decode(messages, type=list[dict[str, Raw]])
    kept = [
        {name: value for name, value in turn.items() if name not in _OWN} if "reasoning_details" in turn else turn
        for turn in turns
    ]
    return Raw(msgspec.json.encode(kept))
