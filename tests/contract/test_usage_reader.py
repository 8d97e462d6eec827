"""Usage by the hour and model, read from what the recorder keeps, and from its twin in memory."""

from datetime import timedelta
from typing import get_args

import pytest

from router_core.ports import UsageBy
from router_core.types import RequestEvent, Usage
from tests.contract.conftest import Books
from tests.support.record_events import AT, event

HOUR = AT.replace(minute=0, second=0, microsecond=0)
LATER = HOUR + timedelta(hours=1)
EVER = (HOUR - timedelta(days=1), HOUR + timedelta(days=1))


def _events() -> list[RequestEvent]:
    kept = Usage(input_tokens=9, output_tokens=1)
    usage = Usage(
        input_tokens=1, cache_read_tokens=2, cache_write_tokens=4, cache_write_1h_tokens=8, output_tokens=16,
        reasoning_tokens=32,
    )  # fmt: skip
    return [
        event(1, timestamp=HOUR + timedelta(minutes=5), provider="a", model="m1", cost=100, usage=usage),
        event(2, timestamp=HOUR + timedelta(minutes=55), provider="b", model="m1", cost=23, estimated=True),
        event(3, timestamp=HOUR + timedelta(minutes=65), account_id="globex", provider="a", model="m2", cost=500),
        event(4, timestamp=HOUR + timedelta(minutes=66), account_id="globex", provider="a", model="m2", cost=None),
        event(5, timestamp=HOUR + timedelta(minutes=67), provider="a", model="m1", cost=0, cached=True, usage=kept),
        event(
            6, timestamp=HOUR + timedelta(minutes=68), provider=None, model=None, cost=0, usage=Usage(), status="error"
        ),
    ]


async def test_hours_of_models_hold_every_class_of_tokens(books: Books) -> None:
    await books.record(_events())
    first, *rest = await books.usage.model_hours(*EVER, None)
    assert (first.hour, first.model, first.requests, first.cost, first.unpriced) == (HOUR, "m1", 2, 123, 0)
    assert first.usage == Usage(
        input_tokens=101, cache_read_tokens=2, cache_write_tokens=4, cache_write_1h_tokens=8, output_tokens=36,
        reasoning_tokens=32,
    )  # fmt: skip
    figures = ("model", "requests", "errors", "cached", "cost", "unpriced")
    assert {each.hour for each in rest} == {LATER}
    assert [tuple(getattr(each, name) for name in figures) for each in rest] == [
        ("", 1, 1, 0, 0, 0), ("m1", 1, 0, 1, 0, 0), ("m2", 2, 0, 0, 500, 1),
    ]  # fmt: skip


async def test_estimated_and_cached_requests_are_told_apart(books: Books) -> None:
    await books.record(_events())
    found = await books.usage.marked_hours(*EVER, None)
    assert [(each.hour, each.model, each.estimated, each.cached_usage.total_tokens) for each in found] == [
        (HOUR, "m1", 1, 0), (LATER, "m1", 0, 10),
    ]  # fmt: skip
    assert await books.usage.marked_hours(*EVER, ["globex"]) == []


async def test_marked_requests_of_several_days_are_all_found(books: Books) -> None:
    days = [event(number, timestamp=HOUR + timedelta(days=number), estimated=True) for number in range(1, 4)]
    await books.record(days)
    found = await books.usage.marked_hours(HOUR, HOUR + timedelta(days=3, hours=1), None)
    assert [each.hour for each in found] == [each.timestamp for each in days]


async def test_the_dearest_names_come_first_and_no_more_than_asked_for(books: Books) -> None:
    await books.record(_events())
    assert await books.usage.dearest("model", *EVER, None, 50) == ["m2", "m1", ""]
    assert await books.usage.dearest("model", *EVER, None, 1) == ["m2"]
    assert await books.usage.dearest("account", *EVER, ["acme"], 50) == ["acme"]
    assert await books.usage.dearest("installation", *EVER, None, 50) == [""]


@pytest.mark.parametrize("by", get_args(UsageBy))
async def test_the_sum_of_the_names_is_the_whole_whatever_it_is_split_by(books: Books, by: UsageBy) -> None:
    await books.record(_events())
    names = await books.usage.dearest(by, *EVER, None, 50)
    found = await books.usage.hours_of(by, names, *EVER, None)
    assert (sum(each.cost for each in found), sum(each.requests for each in found)) == (623, 6)
    assert sum(each.tokens for each in found) == sum(each.usage.total_tokens for each in _events())


async def test_only_what_is_asked_for_is_read(books: Books) -> None:
    await books.record(_events())
    found = await books.usage.hours_of("model", ["m2"], *EVER, None)
    assert [(each.name, each.cost, each.unpriced) for each in found] == [("m2", 500, 1)]
    assert await books.usage.hours_of("model", ["m2"], *EVER, ["acme"]) == []
    assert await books.usage.hours_of("model", [], *EVER, None) == []
    assert [each.model for each in await books.usage.model_hours(LATER, *EVER[1:], ["acme"])] == ["", "m1"]
