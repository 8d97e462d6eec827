"""Passages of reasoning, put together from the pieces in which they arrive."""

from router_core.types import ReasoningDelta, ReasoningPart, reasoning_parts


def test_pieces_are_one_passage_until_a_signature_ends_it() -> None:
    pieces = [ReasoningDelta("One"), ReasoningDelta(" two"), ReasoningDelta(signature="s1"), ReasoningDelta("Three")]
    assert reasoning_parts(pieces) == (ReasoningPart(text="One two", signature="s1"), ReasoningPart(text="Three"))


def test_encrypted_thinking_stands_by_itself() -> None:
    pieces = [ReasoningDelta("Open"), ReasoningDelta(data="x1"), ReasoningDelta(data="x2")]
    assert reasoning_parts(pieces) == (ReasoningPart(text="Open"), ReasoningPart(data="x1"), ReasoningPart(data="x2"))


def test_thinking_that_is_not_shown_keeps_its_signature() -> None:
    assert reasoning_parts([ReasoningDelta(signature="s1")]) == (ReasoningPart(signature="s1"),)
    assert reasoning_parts([ReasoningDelta("")]) == ()
