"""Alerts of budgets: each once for each period and limit, whoever finds the reason, with one delivery a channel."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from msgspec import structs
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from db.hop import StoreHop
from db.records.alerts import raise_alerts
from db.records.budgets import post_charges
from db.stores import SqlAlertChannels, SqlAlertOutbox, SqlAlertReader
from router_core.ports import DeliveryFilter, LeaseAsk
from router_core.types import Alert, AlertKind, Attempt, Charge, Decision, RequestEvent, SpentOut, TopUp
from tests.support.alert_worlds import channel
from tests.support.budget_worlds import BudgetWorld, budget, sql_world
from tests.support.fake_clock import START, FakeClock
from tests.support.record_events import event

POT, DAY = "account:acme:daily", "2026-03-01"
MONTH_POT, MONTH = "account:acme:monthly", "2026-03"


async def _know(world: BudgetWorld, limit: int, period: Any = "daily") -> None:
    """Let the store know of a limit that is nobody's own, as a process does that asks for money."""
    moment, key = world.clock.utcnow(), DAY if period == "daily" else MONTH
    wanted = budget(limit, period=period)
    ask = LeaseAsk(lease="n1-1", budget=wanted, period=key, keep=0, settled=0, ends_at=moment, close=True)
    await world.store.adjust("w1", [ask])


async def _post(world: BudgetWorld, hop: StoreHop, *events: RequestEvent) -> None:
    now = world.clock.utcnow()
    await hop.write(lambda session: post_charges(session, list(events), now))


def _spent(amount: int, world: BudgetWorld, pot: str = POT, period: str = DAY) -> RequestEvent:
    """Return a request that ended now and cost ``amount``."""
    return event(1, timestamp=world.clock.utcnow(), charges=(Charge("", pot, period, amount),))


async def _of(reader: SqlAlertReader, *kinds: AlertKind) -> list[Alert]:
    return [each for each in await reader.newest(100) if each.kind in kinds]


async def test_a_threshold_raises_one_alert_and_a_new_limit_arms_it_again(store_hop: StoreHop) -> None:
    world, reader = sql_world(store_hop), SqlAlertReader(store_hop)
    await _know(world, 1_000)
    await world.post([Charge("", POT, DAY, 499)])
    assert await _of(reader, "threshold") == []
    for _ in range(3):
        await world.post([Charge("", POT, DAY, 150)])
    found = await _of(reader, "threshold")
    assert sorted((each.threshold, each.limit) for each in found) == [(50, 1_000), (80, 1_000), (90, 1_000)]
    assert {each.subject for each in found} == {POT}
    await _know(world, 10_000)
    await world.post([Charge("", POT, DAY, 5_000)])
    again = await _of(reader, "threshold")
    assert (50, 10_000) in {(each.threshold, each.limit) for each in again}
    # The limit of before is nobody's any more: its last threshold is not crossed.
    assert len(again) == 4


async def test_money_that_goes_fast_is_told_once_and_again_under_another_limit(store_hop: StoreHop) -> None:
    world, reader = sql_world(store_hop), SqlAlertReader(store_hop)
    await _know(world, 1_000)
    await _post(world, store_hop, _spent(249, world))
    assert await _of(reader, "burn_fast") == []
    for _ in range(3):
        world.clock.advance(300)
        await _post(world, store_hop, _spent(5, world))
    (fast,) = await _of(reader, "burn_fast", "burn_slow")
    assert (fast.threshold, fast.spent, fast.detail) == (25, 254, "$0.000000254 within 1 hour")
    await _know(world, 800)
    await _post(world, store_hop, _spent(1, world))
    assert sorted(each.limit for each in await _of(reader, "burn_fast")) == [800, 1_000]


async def test_a_slow_burn_is_told_of_hours_and_marks_are_kept_between_them(store_hop: StoreHop) -> None:
    world, reader = sql_world(store_hop), SqlAlertReader(store_hop)
    await _know(world, 10_000, "monthly")
    for _ in range(5):
        await _post(world, store_hop, _spent(100, world, MONTH_POT, MONTH))
        world.clock.advance(4_000)
    (slow,) = await _of(reader, "burn_fast", "burn_slow")
    assert (slow.kind, slow.threshold, slow.spent) == ("burn_slow", 5, 500)


async def test_requests_that_come_on_record_late_are_no_burst(store_hop: StoreHop) -> None:
    world, reader = sql_world(store_hop), SqlAlertReader(store_hop)
    await _know(world, 1_000)
    past = [
        event(number, timestamp=START - timedelta(hours=number), charges=(Charge("", POT, DAY, 60),))
        for number in range(1, 8)
    ]
    await _post(world, store_hop, *past)
    assert await _of(reader, "burn_fast", "burn_slow") == []


async def test_nothing_burns_any_more_once_everything_is_spent(store_hop: StoreHop) -> None:
    world, reader = sql_world(store_hop), SqlAlertReader(store_hop)
    await _know(world, 1_000)
    await _post(world, store_hop, _spent(1_000, world))
    assert {each.threshold for each in await reader.newest(100)} == {50, 80, 90, 100}


async def test_what_goes_beyond_what_was_held_is_told_once_a_period(store_hop: StoreHop) -> None:
    world, reader = sql_world(store_hop), SqlAlertReader(store_hop)
    await _know(world, 1_000)
    for _ in range(2):
        await world.post([Charge("gone", POT, DAY, 7, 2)])
    (found,) = await _of(reader, "overage")
    assert (found.subject, found.period, found.limit, found.detail) == (POT, DAY, 1_000, "$0.000000007")


async def test_a_model_without_a_price_is_told_of_once_a_day(store_hop: StoreHop) -> None:
    world, reader = sql_world(store_hop), SqlAlertReader(store_hop)

    def asked(day: int, *calls: tuple[str, int | None]) -> RequestEvent:
        attempts = tuple(
            Attempt(number=number, provider="p", model=model, outcome="success", latency_ms=1.0, cost_nano=cost)
            for number, (model, cost) in enumerate(calls)
        )
        decision = Decision(use_case="draft", revision=1, estimated_input_tokens=1, considered=(), attempts=attempts)
        moment = START + timedelta(days=day)
        return event(day + 1, timestamp=moment, decision=decision, cost=None, model="priced")

    await _post(world, store_hop, asked(0, ("odd", None), ("priced", 5)), asked(0, ("odd", None)))
    await _post(world, store_hop, asked(0, ("odd", None)), asked(1, ("odd", None), ("strange", None)))
    await _post(world, store_hop, event(9, cost=None, model=None), event(10, cost=0))
    found = await reader.newest(100)
    assert sorted((each.subject, each.period) for each in found) == [
        ("odd", "2026-03-01"), ("odd", "2026-03-02"), ("strange", "2026-03-02"),
    ]  # fmt: skip
    assert {each.detail for each in found} == {"provider p"}


async def test_a_hundred_crossings_at_once_are_one_alert_and_one_delivery_a_channel(store_engine: Engine) -> None:
    hops = [StoreHop(store_engine, threads=3) for _ in range(3)]
    world, clock = sql_world(hops[0]), FakeClock()
    channels = SqlAlertChannels(hops[0], clock)
    for each in (channel("c1"), channel("c2", kinds=("threshold",)), channel("c3", kinds=("overage",))):
        await channels.put(each)
    await _know(world, 1_000)
    work = _crossing(world)
    await asyncio.gather(*(hops[number % 3].write(work) for number in range(100)))
    outbox, reader = SqlAlertOutbox(hops[0], clock), SqlAlertReader(hops[0])
    (crossed,) = [each for each in await reader.newest(100) if each.kind == "threshold" and each.threshold == 50]
    sent = await outbox.newest(100, DeliveryFilter(alerts=(crossed.id,)))
    assert sorted(each.channel_id for each in sent) == ["c1", "c2"]
    everything = await outbox.newest(1_000, DeliveryFilter())
    assert len({(each.alert_id, each.channel_id) for each in everything}) == len(everything)
    for hop in hops:
        hop.close()


def _crossing(world: BudgetWorld) -> Callable[[Session], None]:
    """Return a charge of 6, a hundred of which cross half of a thousand, and a call without a price."""
    now = world.clock.utcnow()
    finished = [event(1, timestamp=now, charges=(Charge("", POT, DAY, 6),), cost=None)]
    return lambda session: post_charges(session, finished, now)


async def _top_up(world: BudgetWorld, amount: int, begins: datetime, ends: datetime) -> None:
    asked = TopUp(
        id=f"t{amount}", scope="account", target="acme", period="daily", amount=amount, reason="launch", ends_at=ends,
        asked_at=begins, asked_by="ann", asked_by_id="u1",
    )  # fmt: skip
    await world.topups.add(asked)
    await world.topups.change(structs.replace(asked, state="approved", decided_at=begins), "pending")


async def test_thresholds_are_of_the_limit_with_its_top_up_while_it_ran_even_when_that_is_posted_later(
    store_hop: StoreHop,
) -> None:
    """All requests of this world began at one moment; what counts is whether the top-up ran then."""
    world, reader = sql_world(store_hop), SqlAlertReader(store_hop)
    began = event(1).timestamp - timedelta(milliseconds=event(1).latency_ms)
    await _know(world, 1_000)
    await _top_up(world, 1_000, began, began + timedelta(microseconds=1))
    await _top_up(world, 77, began - timedelta(hours=1), began)
    await world.post([Charge("", POT, DAY, 1_000)])
    assert [(each.threshold, each.limit) for each in await _of(reader, "threshold")] == [(50, 2_000)]


async def test_a_model_that_was_refused_for_want_of_a_price_is_told_once_a_day(store_hop: StoreHop) -> None:
    world, reader = sql_world(store_hop), SqlAlertReader(store_hop)
    for number in (1, 2):
        refused = event(
            number, status="error", error_code="PAYMENT_REQUIRED", cost=0, provider=None, model=None,
            unpriced=(("gpt-99", "odd"),),
        )  # fmt: skip
        await _post(world, store_hop, refused)
    (found,) = await _of(reader, "unpriced")
    assert (found.subject, found.period, found.detail) == ("gpt-99", DAY, "provider odd")


async def test_refusals_of_several_processes_raise_one_alert_with_its_deliveries_though_nothing_is_charged(
    store_engine: Engine,
) -> None:
    hops = [StoreHop(store_engine, threads=3) for _ in range(3)]
    world, reader = sql_world(hops[0]), SqlAlertReader(hops[0])
    await SqlAlertChannels(hops[0], world.clock).put(channel("c1", kinds=("spent_out",)))
    refused = [
        event(
            number, status="error", error_code="PAYMENT_REQUIRED", cost=0, provider=None, model=None,
            refused=(SpentOut(budget=POT, period=DAY, mode="hard", limit=1_000, spent=999, asked=2),),
        )
        for number in range(1, 13)
    ]  # fmt: skip
    await asyncio.gather(*(_post(world, hops[number % 3], each) for number, each in enumerate(refused)))
    await _post(world, hops[0], *refused)
    (found,) = await reader.newest(100)
    assert (found.kind, found.subject, found.period, found.limit, found.spent) == ("spent_out", POT, DAY, 1_000, 999)
    (sent,) = await SqlAlertOutbox(hops[0], world.clock).newest(100, DeliveryFilter())
    assert (sent.alert_id, sent.channel_id) == (found.id, "c1")
    for hop in hops:
        hop.close()


async def test_of_thresholds_that_one_charge_crosses_all_are_raised_and_the_highest_is_sent(
    store_hop: StoreHop,
) -> None:
    world, reader = sql_world(store_hop), SqlAlertReader(store_hop)
    await SqlAlertChannels(store_hop, world.clock).put(channel("c1", kinds=("threshold",)))
    await _know(world, 1_000)
    await world.post([Charge("", POT, DAY, 850)])
    await world.post([Charge("", POT, DAY, 60)])
    found = {each.id: each.threshold for each in await _of(reader, "threshold")}
    assert sorted(found.values()) == [50, 80, 90]
    sent = await SqlAlertOutbox(store_hop, world.clock).newest(100, DeliveryFilter())
    assert sorted(found[each.alert_id] for each in sent) == [80, 90]


async def test_a_batch_that_crosses_thousands_of_thresholds_is_told_whole_and_once(store_hop: StoreHop) -> None:
    world, reader = sql_world(store_hop), SqlAlertReader(store_hop)
    found = [
        Alert(
            kind="threshold", subject=f"account:a{number}:daily", period=DAY, threshold=50, limit=2, spent=1, at=START
        )
        for number in range(8_000)
    ]
    for _ in range(2):
        await store_hop.write(lambda session: raise_alerts(session, found, world.clock.utcnow()))
    assert len(await reader.newest(10_000)) == len(found)
