"""No row of the catalogue is forgotten, and no test that shows its outcome goes away unseen."""

import re
from pathlib import Path

import pytest

from tests.bad_input.catalogue import CATALOGUE, LAST_ROW
from tests.bad_input.requests_table import REQUESTS

_TEST = re.compile(r"^(?:async )?def (test_\w+)\(", re.MULTILINE)


@pytest.fixture(scope="module")
def existing() -> set[str]:
    """Return the names of all tests."""
    folder = Path(__file__).parents[1]
    return {name for path in folder.rglob("test_*.py") for name in _TEST.findall(path.read_text("utf-8"))}


def test_every_row_is_in_the_catalogue_once() -> None:
    assert sorted(CATALOGUE) == list(range(1, LAST_ROW + 1))


@pytest.mark.parametrize("row", CATALOGUE)
def test_the_tests_of_a_row_exist(row: int, existing: set[str]) -> None:
    assert CATALOGUE[row]
    assert set(CATALOGUE[row]) <= existing


def test_every_input_of_the_table_belongs_to_a_row_that_the_catalogue_has() -> None:
    shown_by = "test_a_bad_request_is_told_what_is_wrong_and_shown_nothing_of_it"
    assert {bad.row for bad in REQUESTS} == {row for row, tests in CATALOGUE.items() if shown_by in tests}
