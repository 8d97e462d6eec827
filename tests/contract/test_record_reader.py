"""Requests that called a provider, as the record has them, a piece at a time."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

import pytest
from msgspec import structs

from db.engine import make_engine
from db.hop import StoreHop
from db.queries import charged
from db.queries.charged import SqlRecordReader
from db.records.event_store import SqlEventStore
from router_core.audit.signatures import ChainSigner
from router_core.ports import ChargedRequest, EventBatch
from router_core.types import Attempt, RequestEvent, Usage
from tests.support.fake_clock import FakeClock
from tests.support.record_events import AT, event

EVER = (AT - timedelta(days=1), AT + timedelta(days=1))


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def hop(request: pytest.FixtureRequest) -> Iterator[StoreHop]:
    made = StoreHop(make_engine(request.getfixturevalue(f"{request.param}_url")))
    yield made
    made.close()


async def record(hop: StoreHop, events: Sequence[RequestEvent]) -> None:
    store = SqlEventStore(hop, FakeClock(), ChainSigner(b"k" * 32))
    await store.apply(EventBatch(writer="w", events=tuple(events)))


async def read(hop: StoreHop, accounts: Sequence[str] | None = None) -> list[ChargedRequest]:
    return [each async for piece in SqlRecordReader(hop).charged(*EVER, accounts) for each in piece]


def called(number: int, *attempts: Attempt, **changes: object) -> RequestEvent:
    made = event(number, **changes)
    return structs.replace(made, decision=structs.replace(made.decision, attempts=attempts)) if attempts else made


async def test_a_request_comes_with_its_usage_its_cost_and_the_price_it_was_charged_by(hop: StoreHop) -> None:
    usage = Usage(
        input_tokens=1, image_tokens=10, cache_read_tokens=2, cache_write_tokens=3, cache_write_1h_tokens=4,
        output_tokens=5, reasoning_tokens=6,
    )  # fmt: skip
    await record(hop, [called(1, usage=usage, cost=27, price="p1")])
    (found,) = await read(hop)
    assert found == ChargedRequest(
        at=AT + timedelta(seconds=1) - timedelta(milliseconds=420.5), account_id="acme", provider="a",
        model="gpt-4o-mini", cost=27, attempts=1,
        usage=structs.replace(usage, input_tokens=11, image_tokens=0), unknown=False, price="p1",
    )  # fmt: skip


async def test_several_calls_come_each_with_what_it_used(hop: StoreHop) -> None:
    first = Attempt(
        number=1, provider="a", model="m", outcome="TIMEOUT", latency_ms=1.0, usage=Usage(input_tokens=7), price="p1"
    )
    second = structs.replace(first, number=2, model="n", outcome="success", usage=Usage(output_tokens=9), price="p2")
    await record(hop, [called(1, first, second)])
    (found,) = await read(hop)
    assert [(each.model, each.usage, each.price) for each in found.calls] == [
        ("m", Usage(input_tokens=7), "p1"),
        ("n", Usage(output_tokens=9), "p2"),
    ]


async def test_what_called_nobody_or_is_somebody_elses_or_outside_the_period_is_left_out(hop: StoreHop) -> None:
    refused = event(1, status="error", error_code="PAYMENT_REQUIRED", cost=0)
    refused = structs.replace(refused, decision=structs.replace(refused.decision, attempts=()))
    await record(hop, [refused, event(2), event(3, account_id="rival"), event(4, timestamp=EVER[1])])
    assert [each.account_id for each in await read(hop)] == ["acme", "rival"]
    assert [each.account_id for each in await read(hop, ["rival"])] == ["rival"]
    assert await read(hop, []) == []


async def test_every_request_comes_once_however_many_end_at_the_same_moment(hop: StoreHop) -> None:
    count = charged.PIECE + 3
    await record(hop, [event(number, timestamp=AT, cost=number) for number in range(1, count + 1)])
    assert sorted(each.cost or 0 for each in await read(hop)) == list(range(1, count + 1))
