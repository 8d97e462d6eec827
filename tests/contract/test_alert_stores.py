"""Alerts, channels and the outbox, in memory and on both databases."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta

import pytest
from msgspec import structs

from db.engine import make_engine
from db.hop import StoreHop
from router_core.errors import NotFoundError, ValidationError
from router_core.ports import Attempted, Claimed, DeliveryFilter
from router_core.types import AlertDelivery
from tests.support.alert_worlds import AlertWorld, alert, channel, memory_alerts, sql_alerts
from tests.support.fake_clock import START

EVERY = DeliveryFilter()


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def world(request: pytest.FixtureRequest) -> Iterator[AlertWorld]:
    if request.param == "memory":
        yield memory_alerts()
        return
    hop = StoreHop(make_engine(request.getfixturevalue(f"{request.param}_url")))
    yield sql_alerts(hop)
    hop.close()


async def _claim(world: AlertWorld, limit: int = 10, busy: tuple[str, ...] = ()) -> list[Claimed]:
    return list(await world.outbox.claim(world.clock.utcnow() + timedelta(seconds=90), limit, busy))


async def test_an_alert_is_raised_once_with_a_delivery_for_each_channel_that_wants_it(world: AlertWorld) -> None:
    for each in (
        channel("all"),
        channel("some", kinds=("threshold", "overage")),
        channel("other", kinds=("overage",)),
        channel("off", active=False),
    ):
        await world.channels.put(each)
    assert await world.raise_alerts([alert(), alert(limit=5)]) != []
    assert await world.raise_alerts([alert(), alert(limit=5)]) == []
    found = await world.outbox.newest(100, EVERY)
    assert sorted((each.alert_id, each.channel_id) for each in found) == sorted(
        (each.id, name) for each in (alert(), alert(limit=5)) for name in ("all", "some")
    )
    assert {(each.state, each.attempts) for each in found} == {("pending", 0)}


async def test_of_thresholds_that_are_crossed_together_the_highest_is_carried_and_all_are_kept(
    world: AlertWorld,
) -> None:
    await world.channels.put(channel())
    crossed = [alert(threshold=50), alert(threshold=90), alert()]
    others = [alert(threshold=50, limit=5), alert(threshold=50, period="2026-03-02"), alert(kind="spent_out")]
    assert len(await world.raise_alerts([*crossed, *others])) == 6
    found = await world.outbox.newest(100, EVERY)
    assert {each.alert_id for each in found} == {each.id for each in (alert(threshold=90), *others)}
    assert len(await world.reader.newest(100)) == 6
    await world.raise_alerts([*crossed, alert(threshold=100)])
    assert len(await world.outbox.newest(100, EVERY)) == len(found) + 1


async def test_another_limit_period_or_threshold_is_another_alert(world: AlertWorld) -> None:
    for changes in ({}, {"limit": 5}, {"period": "2026-03-02"}, {"threshold": 90}, {"kind": "burn_fast"}):
        assert len(await world.raise_alerts([alert(**changes)])) == 1
    assert len(await world.reader.newest(100)) == 5


async def test_alerts_are_read_newest_first_and_by_account(world: AlertWorld) -> None:
    await world.raise_alerts([alert(), alert(subject="account:other:daily", at=START + timedelta(seconds=5))])
    await world.raise_alerts(
        [alert(kind="unpriced", subject="account:acme:daily", threshold=0), alert(subject="key:acme:daily")]
    )
    newest = await world.reader.newest(100)
    assert newest[0].subject == "account:other:daily"
    assert len(newest) == 4
    assert await world.reader.newest(100, ["acme"]) == [alert()]
    assert await world.reader.newest(100, []) == []
    assert len(await world.reader.newest(2)) == 2
    assert await world.reader.by_id(alert().id) == alert()
    assert await world.reader.by_id("none") is None


async def test_a_channel_is_made_changed_switched_off_and_removed(world: AlertWorld) -> None:
    made = await world.channels.put(channel(kinds=("overage", "threshold")))
    assert await world.channels.list() == [made]
    changed = await world.channels.put(structs.replace(made, target="https://elsewhere.example", version=2))
    assert await world.channels.list() == [changed]
    for version in (1, 2, 4):
        with pytest.raises(ValidationError) as refused:
            await world.channels.put(structs.replace(changed, version=version))
        assert refused.value.field == "version"
    world.clock.advance(5)
    await world.channels.switch_off("c1")
    await world.channels.switch_off("nobody")
    (off,) = await world.channels.list()
    assert (off.active, off.version, off.updated_at) == (False, 3, world.clock.utcnow())
    assert await world.channels.drop("c1")
    assert not await world.channels.drop("c1")


async def test_a_claim_keeps_others_away_until_it_ends(world: AlertWorld) -> None:
    await world.channels.put(channel())
    await world.raise_alerts([alert()])
    (first,) = await _claim(world)
    assert (first.alert, first.delivery.attempts) == (alert(), 1)
    assert first.channel is not None
    assert await _claim(world) == []
    world.clock.advance(91)
    (second,) = await _claim(world)
    assert second.delivery.attempts == 2
    # Who held it before has lost it: what it says of it changes nothing.
    assert not await world.outbox.settle(first.delivery, Attempted(delivered=False, error="late"))
    assert await world.outbox.settle(second.delivery, Attempted(delivered=True, status=204))
    assert not await world.outbox.settle(second.delivery, Attempted(delivered=True))
    (kept,) = await world.outbox.newest(1, EVERY)
    assert (kept.state, kept.last_status, kept.last_error, kept.claimed_until) == ("delivered", 204, "", None)


async def test_many_who_claim_at_once_get_each_delivery_once(world: AlertWorld) -> None:
    for number in range(10):
        await world.channels.put(channel(f"c{number}"))
    await world.raise_alerts([alert()])
    rounds = await asyncio.gather(*(_claim(world, 3) for _ in range(12)))
    taken = [each.delivery.id for claimed in rounds for each in claimed]
    rest = [each.delivery.id for _ in range(4) for each in await _claim(world, 3)]
    assert len(taken + rest) == len(set(taken + rest)) == 10


async def test_one_delivery_a_channel_is_claimed_and_none_of_busy_ones(world: AlertWorld) -> None:
    for name in ("c1", "c2", "c3"):
        await world.channels.put(channel(name))
    await world.raise_alerts([alert(), alert(limit=5)])
    claimed = await _claim(world, busy=("c2",))
    assert sorted(each.delivery.channel_id for each in claimed) == ["c1", "c3"]


async def test_what_is_due_later_waits_and_what_failed_is_over(world: AlertWorld) -> None:
    await world.channels.put(channel())
    await world.raise_alerts([alert()])
    (claimed,) = await _claim(world)
    due = world.clock.utcnow() + timedelta(seconds=30)
    assert await world.outbox.settle(claimed.delivery, Attempted(delivered=False, next_at=due, status=500, error="no"))
    world.clock.advance(29)
    assert await _claim(world) == []
    world.clock.advance(2)
    (again,) = await _claim(world)
    assert (again.delivery.attempts, again.delivery.last_status, again.delivery.last_error) == (2, 500, "no")
    await world.outbox.settle(again.delivery, Attempted(delivered=False, status=500, error="no"))
    world.clock.advance(100_000)
    assert await _claim(world) == []
    (failed,) = await world.outbox.newest(1, EVERY)
    assert failed.state == "failed"


async def test_a_delivery_is_made_anew_when_nobody_has_it_in_hand(world: AlertWorld) -> None:
    await world.channels.put(channel())
    await world.raise_alerts([alert()])
    (claimed,) = await _claim(world)
    with pytest.raises(ValidationError):
        await world.outbox.again(claimed.delivery.id)
    await world.outbox.settle(claimed.delivery, Attempted(delivered=True, status=200))
    anew = await world.outbox.again(claimed.delivery.id)
    assert (anew.state, anew.attempts, anew.next_at) == ("pending", 0, world.clock.utcnow())
    assert len(await _claim(world)) == 1
    with pytest.raises(NotFoundError):
        await world.outbox.again("none")


async def test_a_removed_channel_is_none_and_the_log_can_be_narrowed(world: AlertWorld) -> None:
    for name in ("c1", "c2"):
        await world.channels.put(channel(name))
    await world.raise_alerts([alert(), alert(limit=5)])
    one = AlertDelivery.id_of(alert().id, "c2")
    assert [each.id for each in await world.outbox.newest(100, DeliveryFilter(id=one))] == [one]
    assert len(await world.outbox.newest(100, DeliveryFilter(channel_id="c1"))) == 2
    assert len(await world.outbox.newest(100, DeliveryFilter(alerts=(alert().id,)))) == 2
    assert await world.outbox.newest(100, DeliveryFilter(alerts=())) == []
    assert len(await world.outbox.newest(3, EVERY)) == 3
    await world.channels.drop("c1")
    found = {each.delivery.channel_id: each.channel for each in await _claim(world)}
    assert found["c1"] is None
    assert found["c2"] is not None
