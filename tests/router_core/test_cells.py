"""Cells that a spreadsheet takes for text, and the way back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router_core.cells import plain_cell, safe_cell


@given(st.text(alphabet="'=+-@\t\ra1 \uff1d\u200b\x00", max_size=6))
def test_every_text_comes_back_as_it_was(text: str) -> None:
    assert plain_cell(safe_cell(text)) == text


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@a", "\t=1", "\r", " =1", "\uff1d1", "\u200b@a", " \ufeff \uff0b1", "\x00=1"]
)
def test_no_formula_is_left_one(text: str) -> None:
    assert safe_cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["gpt-4o", "'quoted'", "a=1", ""])
def test_other_text_is_left_alone(text: str) -> None:
    assert safe_cell(text) == text
