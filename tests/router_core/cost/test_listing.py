"""What becomes of a catalogue in the book: new models whole, changed prices from now on, nothing lost."""

from datetime import UTC, datetime, timedelta

import pytest

from router_core.cost.listing import additions, is_newer
from router_core.types import PriceBook
from tests.support.price_worlds import dated

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("release", "known", "newer"),
    [("0.10.0", "0.9.3", True), ("0.9.3", "0.10.0", False), ("0.2.3", "0.2.3", False), ("0.0.1", "", True)],
)
def test_releases_are_compared_number_by_number(release, known, newer):
    assert is_newer(release, known) is newer


def test_a_model_that_is_new_comes_with_its_past_and_its_future():
    listed = [dated("m", 1), dated("m", 2, NOW - DAY), dated("m", 3, NOW + DAY)]
    assert additions(PriceBook(), listed, NOW) == listed


def test_what_is_in_the_book_is_not_added_again():
    listed = [dated("m", 1), dated("n", 2, NOW + DAY)]
    assert additions(PriceBook(listed), listed, NOW) == []


def test_a_price_that_changed_at_a_time_unknown_holds_from_now_on():
    book = PriceBook([dated("m", 1)])
    (added,) = additions(book, [dated("m", 5)], NOW)
    after = PriceBook([*book.versions, added])
    before, held = after.listed("m", NOW - DAY), after.listed("m", NOW)
    assert before is not None
    assert held is not None
    assert (before.rates().input, held.rates().input) == (1, 5)
    assert additions(after, [dated("m", 5)], NOW + DAY) == []


def test_a_price_that_returns_to_what_it_was_is_a_version_of_its_own():
    book = PriceBook([dated("m", 1)])
    raised = PriceBook([*book.versions, *additions(book, [dated("m", 5)], NOW)])
    (back,) = additions(raised, [dated("m", 1)], NOW + DAY)
    assert (back.starts, back.rates().input) == (NOW + DAY, 1)
    assert back.id not in {each.id for each in raised.versions}


def test_a_change_that_is_announced_is_added_with_its_day():
    (added,) = additions(PriceBook([dated("m", 1)]), [dated("m", 1), dated("m", 5, NOW + DAY)], NOW)
    assert (added.starts, added.rates().input) == (NOW + DAY, 5)


def test_a_model_that_left_the_catalogue_keeps_its_price():
    assert additions(PriceBook([dated("m", 1)]), [dated("n", 1)], NOW) == [dated("n", 1)]


def test_an_announced_change_that_is_moved_or_dropped_does_not_take_effect_at_its_old_day():
    soon, later = NOW + DAY, NOW + 3 * DAY
    book = PriceBook([dated("m", 1), dated("m", 5, soon)])
    for listed in ([dated("m", 1), dated("m", 5, later)], [dated("m", 1)]):
        after = PriceBook([*book.versions, *additions(book, listed, NOW)])
        for moment in (NOW, soon, later, later + DAY):
            said, held = PriceBook(listed).listed("m", moment), after.listed("m", moment)
            assert said is not None
            assert held is not None
            assert held.tiers == said.tiers
        assert len({each.id for each in after.versions}) == len(after.versions)
        assert additions(after, listed, NOW + DAY / 2) == []
