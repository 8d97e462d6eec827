"""Answer texts, lengths and schema values, without a process."""

import statistics
from typing import Any
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.answers import compose, default_length
from simulator.ask import Ask, take_directives
from simulator.prose import Prose
from simulator.schema_values import SchemaValues
from simulator.tokens import split_pieces


def made(schema: dict[str, Any], variant: int = 7) -> Any:
    return SchemaValues(schema, Prose("Plan a garden with roses", variant), variant).make()


@given(st.text())
def test_pieces_join_to_the_text(text: str):
    assert "".join(split_pieces(text)) == text


@given(st.text(max_size=200), st.integers(1, 400))
def test_every_prompt_gets_an_answer_of_the_length_asked_for(prompt: str, tokens: int):
    answer = compose(
        Ask("openai", "gpt-4o", "gpt-4o", prompt=prompt, directives={"output_tokens": str(tokens)}), seed=1
    )
    assert answer.completion_tokens == len(answer.pieces) == tokens


def test_lengths_follow_the_conversation_trace():
    lengths = [default_length(crc32(str(number).encode())) for number in range(20_000)]
    assert statistics.median(lengths) == pytest.approx(129, rel=0.05)
    assert statistics.quantiles(lengths, n=20)[-1] == pytest.approx(451, rel=0.08)
    assert max(lengths) <= 1_000


def test_directives_are_taken_off_the_prompt():
    assert take_directives("Hello [[sim:a=1]] [[sim:b=x y]]") == ("Hello", {"a": "1", "b": "x y"})


@pytest.mark.parametrize("variant", range(20))
def test_numbers_keep_their_bounds(variant: int):
    whole = made({"type": "integer", "minimum": -4, "exclusiveMaximum": 3, "multipleOf": 2}, variant)
    assert whole in {-4, -2, 0, 2}
    part = made({"type": "number", "exclusiveMinimum": 0, "maximum": 1}, variant)
    assert 0 < part <= 1


def test_strings_keep_their_lengths_and_formats():
    assert 5 <= len(made({"type": "string", "minLength": 5, "maxLength": 6})) <= 6
    assert made({"type": "string", "format": "date"}) == "2026-03-14"


def test_a_schema_that_contains_itself_comes_to_an_end():
    node = {"type": "object", "properties": {"name": {"type": "string"}, "child": {"$ref": "#"}}, "required": ["child"]}
    assert isinstance(made(node), dict)


def test_parts_of_a_schema_are_merged():
    parts = [{"properties": {"a": {"const": 1}}}, {"$ref": "#/$defs/b"}]
    schema = {"$defs": {"b": {"type": "object", "properties": {"b": {"enum": ["x"]}}}}, "allOf": parts}
    assert made(schema) == {"a": 1, "b": "x"}
