"""Answers as they are kept: what is fit to be kept, its bytes, and how it is answered again."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec
from msgspec import Struct

from router_core.types import (
    AnswerEnd,
    AnswerPart,
    FinishReason,
    NativeEvents,
    ProviderAnswer,
    ReasoningDelta,
    ReasoningPart,
    Served,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    ToolCallEnd,
    ToolCallStart,
    Usage,
    reasoning_parts,
)

__all__ = ["Gathering", "KeptAnswer", "decode_answer", "encode_answer", "replayed"]

# Neither cut off nor refused.
_WHOLE: Final = frozenset({"stop", "tool-calls"})
# As much text as comes in one part of a replay; a word is not cut in two unless it is longer than that.
PART_CHARS: Final = 240
_PIECES: Final = re.compile(rf"(?s).{{1,{PART_CHARS}}}\Z|.{{1,{PART_CHARS}}}(?<=\s)|.{{1,{PART_CHARS}}}")


class KeptAnswer(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An answer, who gave it, what it used and when, in seconds since 1970, it was kept.

    ``native`` is the vendor's own body where it was asked in its protocol, ``events`` what its stream was.
    """

    text: str
    finish_reason: FinishReason
    usage: Usage
    provider: str
    model: str
    answered_as: str
    kept_at: float
    reasoning: tuple[ReasoningPart, ...] = ()
    tool_calls: tuple[ToolCall, ...] = ()
    stop_sequence: str = ""
    native: bytes = b""
    events: tuple[bytes, ...] = ()


encode_answer = msgspec.msgpack.Encoder().encode
decode_answer = msgspec.msgpack.Decoder(KeptAnswer).decode


class Gathering:
    """Puts an answer together while its parts pass by, the vendor's own events too where ``verbatim``."""

    __slots__ = ("_calls", "_end", "_events", "_reasoning", "_texts", "_verbatim")

    def __init__(self, *, verbatim: bool = False) -> None:
        self._verbatim = verbatim
        self._events: list[bytes] = []
        self._texts: list[str] = []
        self._reasoning: list[ReasoningDelta] = []
        self._calls: list[ToolCall] = []
        self._end: ProviderAnswer | AnswerEnd | None = None

    def add(self, part: AnswerPart) -> None:
        """Take ``part`` in."""
        match part:
            case TextDelta():
                self._texts.append(part.text)
            case ReasoningDelta():
                self._reasoning.append(part)
            case ToolCallEnd():
                self._calls.append(part.call)
            case NativeEvents():
                self._note(part.payloads)
            case AnswerEnd():
                self._note(part.native)
                self._end = part
            case ProviderAnswer():
                self._texts, self._calls = [part.text], list(part.tool_calls)
                self._reasoning = [ReasoningDelta(each.text, each.signature, each.data) for each in part.reasoning]
                self._end = part

    def fit(self, served: Served | None, kept_at: float) -> KeptAnswer | None:
        """Return the answer that ``served`` says who gave, None unless it is whole and may be served again."""
        if self._end is None or self._end.finish_reason not in _WHOLE or served is None:
            return None
        return KeptAnswer(
            text="".join(self._texts),
            finish_reason=self._end.finish_reason,
            usage=self._end.usage,
            provider=served.provider,
            model=served.model,
            answered_as=self._end.model,
            kept_at=kept_at,
            reasoning=reasoning_parts(self._reasoning),
            tool_calls=tuple(self._calls),
            stop_sequence=self._end.stop_sequence,
            native=self._end.native if isinstance(self._end, ProviderAnswer) else b"",
            events=tuple(self._events),
        )

    def _note(self, payloads: Iterable[bytes]) -> None:
        if self._verbatim:
            self._events.extend(payloads)


def replayed(kept: KeptAnswer, *, streamed: bool) -> Iterator[AnswerPart]:
    """Yield ``kept`` as the parts of a stream, or whole."""
    if not streamed:
        yield ProviderAnswer(
            text=kept.text, finish_reason=kept.finish_reason, usage=kept.usage, model=kept.answered_as,
            tool_calls=kept.tool_calls, reasoning=kept.reasoning, stop_sequence=kept.stop_sequence, native=kept.native,
        )  # fmt: skip
        return
    parts = tuple(_parts(kept))
    if kept.events:
        yield NativeEvents(kept.events, len(parts))
    yield from parts
    yield AnswerEnd(
        finish_reason=kept.finish_reason, usage=kept.usage, model=kept.answered_as, stop_sequence=kept.stop_sequence,
    )  # fmt: skip


def _parts(kept: KeptAnswer) -> Iterator[AnswerPart]:
    for passage in kept.reasoning:
        for piece in _PIECES.findall(passage.text):
            yield ReasoningDelta(piece)
        if passage.signature or passage.data:
            yield ReasoningDelta("", passage.signature, passage.data)
    for piece in _PIECES.findall(kept.text):
        yield TextDelta(piece)
    for call in kept.tool_calls:
        yield ToolCallStart(call.tool_call_id, call.tool_name)
        yield ToolCallDelta(call.tool_call_id, msgspec.json.encode(call.args).decode())
        yield ToolCallEnd(call)
