"""What is asked and what must come back: one prompt, one answer in fifty pieces, in two wire protocols."""

from typing import Literal

import msgspec
from msgspec import Struct

__all__ = ["ANSWER", "CHUNKS", "MODEL", "PIECES", "Dialect", "LoadJob", "LoadResult", "Shape", "request_body"]

Dialect = Literal["openai", "llm"]
Shape = Literal["json", "stream"]

MODEL = "gpt-4o-mini"
CHUNKS = 50
_WORDS = ("The", "signal", "at", "the", "junction", "shows", "green", "for", "line", "two")
PIECES: tuple[str, ...] = tuple(f"{word} " for _ in range(CHUNKS // len(_WORDS)) for word in _WORDS)
ANSWER = "".join(PIECES)

_SYSTEM = "You are the dispatcher of a small railway."
_PROMPT = "Which line has a free road through the junction, and until what time may the goods train use it?"
_MAX_TOKENS = 256


class LoadJob(Struct, frozen=True, kw_only=True):
    """One load to make: ``requests`` over ``connections`` kept-alive connections, given up after ``deadline_s``."""

    port: int
    path: str
    key: str
    dialect: Dialect
    shape: Shape
    connections: int
    requests: int
    deadline_s: float


class LoadResult(Struct, frozen=True, kw_only=True):
    """What a load found: right answers, wrong or missing ones with samples, wall seconds and latencies in ms."""

    right: int
    wrong: int
    seconds: float
    p50_ms: float
    p99_ms: float
    samples: tuple[str, ...] = ()


def request_body(dialect: Dialect, shape: Shape) -> bytes:
    """Return the JSON body that asks for the answer in ``dialect``; about 250 bytes."""
    messages: list[dict[str, str]] = [{"role": "user", "content": _PROMPT}]
    stream = {"stream": True} if shape == "stream" else {}
    if dialect == "llm":
        asked = {"useCase": "general", "systemPrompt": _SYSTEM, "messages": messages}
        return msgspec.json.encode({**asked, "maxTokens": _MAX_TOKENS, "temperature": 0.7, **stream})
    messages = [{"role": "system", "content": _SYSTEM}, *messages]
    return msgspec.json.encode(
        {"model": MODEL, "messages": messages, "max_tokens": _MAX_TOKENS, "temperature": 0.7, **stream}
    )
