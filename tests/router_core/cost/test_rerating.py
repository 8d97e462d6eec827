"""Requests of the past at the prices of their time, as the book knows them now."""

from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec import structs

from router_core.cost.rerating import RatedGroup, RatedSum, Rerating
from router_core.ports import ChargedRequest
from router_core.types import Attempt, Price, PriceBook, Tariff, Usage
from tests.support.price_worlds import ALIASES, dated

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
MILLION = Usage(input_tokens=1_000_000)


def request(**changes: Any) -> ChargedRequest:
    plain: dict[str, Any] = {
        "at": NOW, "account_id": "acme", "provider": "row", "model": "gpt-4o", "usage": MILLION, "cost": 10,
        "attempts": 1, "unknown": False,
    }  # fmt: skip
    return ChargedRequest(**(plain | changes))


def call(model: str, usage: Usage | None, price: str = "") -> Attempt:
    return Attempt(number=1, provider="row", model=model, outcome="success", latency_ms=1.0, usage=usage, price=price)


def rerating(*versions: Price) -> Rerating:
    return Rerating(Tariff(PriceBook(versions), ALIASES.get, None, NOW))


def test_a_price_that_was_corrected_backwards_shows_what_was_charged_too_much():
    found = rerating(dated("gpt-4o", 10), dated("gpt-4o", 7, NOW - timedelta(hours=1), kind="own"))
    found.add([request(), request(), request(at=NOW - timedelta(hours=2))])
    assert found.sums == {RatedGroup("acme", "row", "gpt-4o"): RatedSum(requests=3, charged=30, rated=24)}


def test_what_was_agreed_for_an_account_holds_for_its_requests_only():
    found = rerating(dated("gpt-4o", 10), dated("gpt-4o", 7, kind="own", account_id="acme"))
    found.add([request(), request(account_id="rival")])
    assert [each.rated for each in found.sums.values()] == [7, 10]


def test_a_request_is_rated_by_the_name_under_which_it_was_charged():
    special = dated("gpt-4o-2024-05-13", 20)
    found = rerating(dated("gpt-4o", 10), special)
    assert found.cost(request(price=special.id)) == 20
    assert found.cost(request(price="")) == 10


def test_every_call_of_a_request_is_rated_for_itself():
    found = rerating(dated("gpt-4o", 10), dated("gpt-4o-mini", 3))
    calls = (call("gpt-4o", MILLION), call("gpt-4o-mini", MILLION), call("gpt-4o", None))
    assert found.cost(request(attempts=3, calls=calls)) == 13


def test_what_cannot_be_said_is_counted_apart_with_what_it_was_charged():
    found = rerating(dated("gpt-4o", 10))
    found.add(
        [
            request(attempts=2, cost=4),
            request(attempts=2, cost=5, calls=(call("gpt-4o", MILLION), call("gpt-99", MILLION))),
            request(unknown=True, cost=6),
            request(cost=None),
        ]
    )
    known = RatedSum(requests=1, charged=0, rated=10, unrated=3, unrated_charged=15)
    assert found.sums == {RatedGroup("acme", "row", "gpt-4o"): known}
    found.add([request(model="gpt-99", cost=None)])
    assert found.sums[RatedGroup("acme", "row", "gpt-99")] == RatedSum(unrated=1)


def test_a_call_that_cost_something_but_says_not_what_it_used_makes_a_request_unrated():
    found = rerating(dated("gpt-4o", 10))
    mute = structs.replace(call("gpt-4o", None), cost_nano=5)
    assert found.cost(request(attempts=2, calls=(mute, call("gpt-4o", MILLION)))) is None
