"""The published table of what maps to what says what the code does."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from router_core.api.anthropic_compatible import answer as messages_answer
from router_core.api.anthropic_compatible import request as messages_request
from router_core.api.compatible.errors import ERROR_WORDS
from router_core.api.openai_compatible import answer as chat_answer
from router_core.api.openai_compatible import request as chat_request
from router_core.api.openai_compatible import response_request
from router_core.providers.anthropic_thinking import BUDGETS

PAGE = (Path(__file__).parents[3] / "docs" / "protocols.md").read_text(encoding="utf-8")
NAME = re.compile(r"`([^`]+)`")


def rows(heading: str) -> list[list[str]]:
    """Return the cells of the first table below ``heading``."""
    below = PAGE.split(f"\n## {heading}\n", 1)[1].split("\n|---", 1)[1].split("\n\n", 1)[0]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in below.split("\n")[1:]]


def named(cell: str) -> list[str]:
    return NAME.findall(cell)


def test_every_field_of_a_chat_completion_request_that_is_known_is_in_its_table() -> None:
    assert sorted(name for row in rows("Fields of a chat completion request") for name in named(row[0])) == sorted(
        chat_request._KNOWN
    )


def test_every_field_of_a_message_request_that_is_known_or_refused_is_in_its_table() -> None:
    known = messages_request._KNOWN | messages_request._REFUSED.keys()
    assert sorted(name for row in rows("Fields of a message request") for name in named(row[0])) == sorted(known)


def test_every_field_of_a_request_for_a_response_that_is_known_or_refused_is_in_its_table() -> None:
    known = response_request._PASSED_ON | response_request._REFUSED.keys()
    known |= frozenset(response_request._ResponseRequest.__struct_fields__)
    assert sorted(name for row in rows("Fields of a request for a response") for name in named(row[0])) == sorted(known)


@pytest.mark.parametrize(
    ("table", "refused"),
    [
        ("Fields of a message request", messages_request._REFUSED),
        ("Fields of a request for a response", response_request._REFUSED),
    ],
)
def test_a_field_that_is_refused_is_told_so(table: str, refused: Mapping[str, str]) -> None:
    told = {named(row[0])[0]: row[1] for row in rows(table)}
    assert {name for name in refused if told[name].startswith("refused")} == refused.keys()


def test_the_ends_of_answers_are_those_of_the_code() -> None:
    told = [tuple(name for cell in row for name in named(cell)) for row in rows("Answers")]
    assert told == [
        (ours, chat_answer.FINISH_REASONS[ours], messages_answer.STOP_REASONS[ours])
        for ours in messages_answer.STOP_REASONS
    ]


def test_the_budgets_of_efforts_are_those_of_the_code() -> None:
    assert {named(row[0])[0]: int(row[1]) for row in rows("Thinking")} == BUDGETS


def test_the_words_for_errors_are_those_of_the_code() -> None:
    told = {named(row[0])[0]: (*named(row[1]), *named(row[2])) for row in rows("Errors")}
    assert told == {
        code: tuple(word for word in (words.openai, words.code, words.anthropic) if word)
        for code, words in ERROR_WORDS.items()
    }
