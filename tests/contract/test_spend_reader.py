"""Spending by the hour, read from what the recorder adds up, and from its twin in memory."""

from datetime import timedelta

import pytest

from router_core.ports import SpendBy
from router_core.types import RequestEvent
from tests.contract.conftest import Books
from tests.support.record_events import AT, event

HOUR = AT.replace(minute=0, second=0, microsecond=0)
EVER = (HOUR - timedelta(days=1), HOUR + timedelta(days=1))


def _events() -> list[RequestEvent]:
    return [
        event(1, timestamp=HOUR + timedelta(minutes=5), account_id="acme", provider="a", model="m1", cost=100),
        event(2, timestamp=HOUR + timedelta(minutes=55), account_id="acme", provider="b", model="m1", cost=23),
        event(3, timestamp=HOUR + timedelta(minutes=65), account_id="globex", provider="a", model="m2", cost=7),
        event(4, timestamp=HOUR + timedelta(minutes=66), account_id="globex", provider=None, model=None, cost=None),
    ]


async def test_hours_are_summed_by_name_and_what_has_no_price_is_counted_apart(books: Books) -> None:
    await books.record(_events())
    found = await books.spending.hourly("model", *EVER, None)
    later = HOUR + timedelta(hours=1)
    assert [(each.hour, each.name, each.requests, each.cost, each.unpriced) for each in found] == [
        (HOUR, "m1", 2, 123, 0),
        (later, "", 1, 0, 1),
        (later, "m2", 1, 7, 0),
    ]


@pytest.mark.parametrize("by", ["account", "key", "use_case", "provider", "model"])
async def test_the_sum_of_the_parts_is_the_whole_whatever_it_is_split_by(books: Books, by: SpendBy) -> None:
    await books.record(_events())
    found = await books.spending.hourly(by, *EVER, None)
    assert (sum(each.cost for each in found), sum(each.requests for each in found)) == (130, 4)
    assert sum(each.tokens for each in found) == sum(each.usage.total_tokens for each in _events())


async def test_only_the_accounts_that_are_asked_for_are_read(books: Books) -> None:
    await books.record(_events())
    found = await books.spending.hourly("account", *EVER, ["globex"])
    assert [(each.name, each.cost) for each in found] == [("globex", 7)]
    assert await books.spending.hourly("account", *EVER, []) == []


async def test_the_range_begins_and_ends_with_whole_hours(books: Books) -> None:
    await books.record(_events())
    found = await books.spending.hourly("account", HOUR + timedelta(hours=1), HOUR + timedelta(hours=2), None)
    assert {each.hour for each in found} == {HOUR + timedelta(hours=1)}
