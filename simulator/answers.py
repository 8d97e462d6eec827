"""Decides what the simulated model says: text of a set length, tool calls, or JSON that fits a schema."""

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import Final
from zlib import crc32

import msgspec

from simulator.ask import Answer, Ask, ToolCall, ToolOffer
from simulator.prose import Prose
from simulator.schema_values import SchemaValues
from simulator.tokens import split_pieces

# Completion tokens of the Azure conversation trace of 2023: median 129, 95th percentile 451, at most 1,000.
MEDIAN_TOKENS: Final = 129
P95_TOKENS: Final = 451
LONGEST_TOKENS: Final = 1_000
SHORTEST_TOKENS: Final = 8

_NORMAL: Final = NormalDist()
_SIGMA: Final = math.log(P95_TOKENS / MEDIAN_TOKENS) / _NORMAL.inv_cdf(0.95)
_REFUSAL: Final = "I'm sorry, but I can't help with that request."


def compose(ask: Ask, seed: int, choice: int = 0) -> Answer:
    """Return the answer to a request; the same request, seed and choice give the same answer."""
    variant = crc32(f"{ask.model}\0{ask.prompt}\0{choice}".encode(errors="replace"), seed)
    prose = Prose(ask.prompt, variant)
    answer = _said(ask, prose, variant)
    if ask.thinking:
        answer.thinking = split_pieces(f"Let me think about {prose.word()} first. {prose.sentence()}")
    _stop_early(answer, ask.stops)
    answer.completion_tokens += len(answer.pieces) + len(answer.thinking) + sum(_call_tokens(c) for c in answer.calls)
    _cut_to_limit(answer, ask.max_tokens)
    return answer


def default_length(variant: int) -> int:
    """Return a completion length in tokens drawn from the trace's distribution by a 32-bit number."""
    quantile = (variant % 1_000_003 + 0.5) / 1_000_003
    tokens = MEDIAN_TOKENS * math.exp(_SIGMA * _NORMAL.inv_cdf(quantile))
    return int(min(max(tokens, SHORTEST_TOKENS), LONGEST_TOKENS))


def _said(ask: Ask, prose: Prose, variant: int) -> Answer:
    calls = _tool_calls(ask, variant)
    if calls:
        return Answer([], calls=calls, finish="tool")
    finish = ask.directives.get("finish", "")
    if finish == "refusal":
        return Answer(split_pieces(_REFUSAL), finish="refusal")
    if "say" in ask.directives:
        return Answer(split_pieces(ask.directives["say"]))
    if ask.schema is not None or ask.json_object:
        return Answer(split_pieces(_fitting_json(ask, prose, variant)))
    wanted = ask.number("output_tokens")
    pieces = prose.pieces(wanted or default_length(variant), _subject(ask, prose), exact=wanted is not None)
    return Answer(pieces, finish="content_filter" if finish == "content_filter" else "stop")


def _subject(ask: Ask, prose: Prose) -> str:
    if ask.tool_result is not None:
        return f"The tool reports: {' '.join(ask.tool_result.split())[:200]}."
    if ask.images:
        shown = "The image shows" if ask.images == 1 else f"The {ask.images} images show"
        return f"{shown} {prose.word()} in the foreground, with even light and little else around it."
    return ""


def _fitting_json(ask: Ask, prose: Prose, variant: int) -> str:
    schema = ask.schema
    if schema is None:
        schema = {"type": "object", "properties": {"answer": {"type": "string"}, "score": {"type": "integer"}}}
    return msgspec.json.encode(SchemaValues(schema, prose, variant).make()).decode()


def _tool_calls(ask: Ask, variant: int) -> list[ToolCall]:
    wanted = ask.number("tool_calls")
    if not ask.tools or ask.tool_choice == "none" or wanted == 0:
        return []
    if ask.tool_choice == "auto" and ask.tool_result is not None:
        return []
    offers = _chosen(ask)
    count = (wanted or 1) if ask.parallel_tools else 1
    calls = []
    for index in range(count):
        offer = offers[index % len(offers)]
        values = SchemaValues(offer.schema, Prose(ask.prompt, variant + index * 31), variant + index * 31)
        made = values.make()
        calls.append(ToolCall(offer.name, msgspec.json.encode(made if isinstance(made, dict) else {}).decode()))
    return calls


def _chosen(ask: Ask) -> Sequence[ToolOffer]:
    if ask.tool_choice == "forced":
        return [offer for offer in ask.tools if offer.name == ask.forced_tool]
    named = ask.directives.get("tool")
    words = frozenset(ask.prompt.lower().replace("?", " ").split())

    def fit(offer: ToolOffer) -> int:
        known = frozenset(f"{offer.name.replace('_', ' ')} {offer.description}".lower().split())
        return -len(words & known) - 1_000 * (offer.name == named)

    return sorted(ask.tools, key=fit)


def _call_tokens(call: ToolCall) -> int:
    return len(split_pieces(call.arguments)) + len(split_pieces(call.name)) + 4


def _stop_early(answer: Answer, stops: tuple[str, ...]) -> None:
    if not stops or not answer.pieces:
        return
    text = answer.text
    found = [(text.index(stop), stop) for stop in stops if stop and stop in text]
    if found:
        position, stop = min(found)
        answer.pieces = split_pieces(text[:position])
        answer.finish, answer.stop_sequence = "stop_sequence", stop


def _cut_to_limit(answer: Answer, limit: int | None) -> None:
    if limit is None or answer.completion_tokens <= limit:
        return
    answer.thinking = answer.thinking[:limit]
    room = limit - len(answer.thinking)
    answer.pieces = answer.pieces[:room]
    if answer.calls:
        answer.calls = []
    answer.completion_tokens = limit
    answer.finish, answer.stop_sequence = "length", None
