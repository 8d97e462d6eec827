"""Delivery: once, tried again a bounded number of times, taken over from the dead, and in nobody's way."""

import asyncio
from typing import Any

import pytest

from router_core.alerts.delivery import AlertCourier
from router_core.alerts.policy import DeliveryPolicy
from router_core.alerts.webhook import WebhookSender
from router_core.egress.fence import Fence
from router_core.errors import OverloadedError
from router_core.ports import AlertSender, DeliveryFilter, Sent
from router_core.types import AlertChannel, AlertDelivery, ChannelKind
from tests.support.alert_worlds import AlertWorld, KeptSender, Receiver, alert, channel, memory_alerts, secret_of

EVERY = DeliveryFilter()


async def _names() -> dict[str, str]:
    return {"acme": "Acme"}


def _courier(world: AlertWorld, sender: AlertSender, **policy: Any) -> AlertCourier:
    senders = {"webhook": sender}
    return AlertCourier(world.outbox, world.channels, senders, _names, world.clock, policy=DeliveryPolicy(**policy))  # type: ignore[arg-type]


async def _round(courier: AlertCourier) -> int:
    begun = await courier.begin_due()
    await courier.settled()
    return begun


async def _only(world: AlertWorld) -> AlertDelivery:
    (found,) = await world.outbox.newest(10, EVERY)
    return found


async def _world(*names: str) -> AlertWorld:
    world = memory_alerts()
    for name in names:
        await world.channels.put(channel(name))
    await world.raise_alerts([alert()])
    return world


async def test_an_alert_is_delivered_once_to_each_channel_in_words() -> None:
    world, sender = await _world("c1", "c2"), KeptSender()
    courier = _courier(world, sender)
    assert await _round(courier) == 2
    assert await _round(courier) == 0
    assert sorted(name for name, _, _ in sender.sent) == ["c1", "c2"]
    assert {said for _, _, said in sender.sent} == {
        "Account Acme has spent 80 % of its daily budget: $80.10 of $100.00"
    }
    assert {each.state for each in await world.outbox.newest(10, EVERY)} == {"delivered"}


async def test_a_receiver_that_answers_500_gets_seven_attempts_of_one_message_and_no_more() -> None:
    world = await _world()
    async with Receiver(status=500).open() as receiver:
        sender = WebhookSender(Fence(["127.0.0.1"]), secret_of, world.clock)
        courier = _courier(world, sender)
        await world.channels.put(channel(target=receiver.url))
        await world.raise_alerts([alert(threshold=90)])
        waits = []
        for _ in range(12):
            assert await _round(courier) <= 1
            found = await _only(world)
            waits.append((found.next_at - world.clock.utcnow()).total_seconds())
            world.clock.advance(8 * 3_600)
        await sender.close()
    assert len(receiver.got) == 7
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1
    assert (found.state, found.attempts, found.last_status) == ("failed", 7, 500)
    assert found.last_error == "The receiver answered 500: no success"
    for wait, wanted in zip(waits[:6], (10, 30, 120, 600, 3_600, 21_600), strict=True):
        assert 0.79 * wanted <= wait <= 1.21 * wanted


async def test_a_receiver_that_is_gone_is_switched_off() -> None:
    world, sender = await _world("c1"), KeptSender(Sent(delivered=False, status=410, error="gone", gone=True))
    gone: list[AlertChannel] = []
    senders: dict[ChannelKind, AlertSender] = {"webhook": sender}
    courier = AlertCourier(world.outbox, world.channels, senders, _names, world.clock, on_gone=gone.append)
    await _round(courier)
    assert [each.id for each in gone] == ["c1"]
    (off,) = await world.channels.list()
    assert not off.active
    assert (await _only(world)).state == "failed"


async def test_what_waits_for_a_channel_that_is_off_or_removed_fails_and_nothing_is_sent() -> None:
    world, sender = await _world("c1", "c2"), KeptSender()
    await world.channels.switch_off("c1")
    await world.channels.drop("c2")
    await _round(_courier(world, sender))
    found = {each.channel_id: each for each in await world.outbox.newest(10, EVERY)}
    assert (found["c1"].state, found["c1"].last_error) == ("failed", "The channel is switched off")
    assert (found["c2"].state, found["c2"].last_error) == ("failed", "The channel was removed")
    assert sender.sent == []


async def test_a_kind_without_a_way_out_is_tried_again_later() -> None:
    world = await _world()
    await world.channels.put(channel(kind="email", target="ops@example.com"))
    await world.raise_alerts([alert(threshold=90)])
    await _round(_courier(world, KeptSender()))
    found = await _only(world)
    assert (found.state, found.attempts) == ("pending", 1)


async def test_two_processes_deliver_an_alert_once() -> None:
    world, sender = await _world("c1", "c2", "c3"), KeptSender()
    couriers = [_courier(world, sender) for _ in range(2)]
    await asyncio.gather(*(_round(each) for each in couriers))
    assert sorted(name for name, _, _ in sender.sent) == ["c1", "c2", "c3"]


async def test_what_a_killed_process_had_in_hand_is_taken_over() -> None:
    world, dead = await _world("c1"), KeptSender(gate=asyncio.Event())
    killed = asyncio.create_task(_courier(world, dead).run())
    await dead.came.wait()
    killed.cancel()
    await asyncio.gather(killed, return_exceptions=True)
    heir, sender = await _heir(world)
    assert sender.sent == []
    world.clock.advance(91)
    assert await _round(heir) == 1
    assert [id for _, id, _ in sender.sent] == [id for _, id, _ in dead.sent]
    assert ((await _only(world)).state, (await _only(world)).attempts) == ("delivered", 2)


async def _heir(world: AlertWorld) -> tuple[AlertCourier, KeptSender]:
    """Return a courier that has looked once, while the dead one's claim still held."""
    sender = KeptSender()
    heir = _courier(world, sender)
    await _round(heir)
    return heir, sender


async def test_a_receiver_that_hangs_holds_up_no_other_and_gets_one_message_at_a_time() -> None:
    world, slow, quick = memory_alerts(), KeptSender(gate=asyncio.Event()), KeptSender()
    await world.channels.put(channel("slow", kind="email", target="a@example.com"))
    await world.channels.put(channel("quick"))
    await world.raise_alerts([alert(period=f"2026-03-0{each}") for each in range(1, 6)])
    courier = AlertCourier(world.outbox, world.channels, {"webhook": quick, "email": slow}, _names, world.clock)
    for _ in range(20):
        await courier.begin_due()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    assert len(quick.sent) == 5
    assert len(slow.sent) == 1
    assert slow.gate is not None
    slow.gate.set()
    await courier.settled()


async def test_so_many_sends_are_under_way_at_most() -> None:
    world, sender = await _world(*(f"c{number}" for number in range(9))), KeptSender(gate=asyncio.Event())
    courier = _courier(world, sender, at_once=3)
    for _ in range(5):
        await courier.begin_due()
        await asyncio.sleep(0)
    assert len(sender.sent) == 3
    assert sender.gate is not None
    sender.gate.set()
    await courier.settled()


async def test_a_sender_that_never_returns_is_left_in_time() -> None:
    world, sender = await _world("c1"), KeptSender(gate=asyncio.Event())
    await _round(_courier(world, sender, longest=0.05))
    found = await _only(world)
    assert (found.state, found.last_error) == ("pending", "The receiver did not answer in time")


class _Broken(KeptSender):
    async def send(self, *_: object) -> Sent:
        raise RuntimeError("sk-abcdefghijklmnopqrstuvwx")


async def test_a_sender_that_breaks_costs_an_attempt_and_tells_nothing() -> None:
    world = await _world("c1")
    await _round(_courier(world, _Broken()))
    found = await _only(world)
    assert (found.state, found.attempts, found.last_error) == ("pending", 1, "The message could not be sent")


class _Outage:
    """An outbox that cannot be reached the first times."""

    def __init__(self, world: AlertWorld, times: int) -> None:
        self._world = world
        self.left = times

    async def claim(self, *arguments: Any) -> Any:
        if self.left:
            self.left -= 1
            raise OverloadedError("The store cannot be reached")
        return await self._world.outbox.claim(*arguments)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._world.outbox, name)


async def test_delivery_goes_on_after_an_outage_of_the_store() -> None:
    world, sender = await _world("c1"), KeptSender()
    courier = AlertCourier(_Outage(world, 3), world.channels, {"webhook": sender}, _names, world.clock)
    running = asyncio.create_task(courier.run())
    await sender.came.wait()
    await courier.settled()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert (await _only(world)).state == "delivered"
    assert world.clock.waits[:3] == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("error", ["line\nbreak Bearer abcdefghijklmnopqrstuvwxyz012345", "x" * 900])
async def test_what_is_kept_of_an_error_is_short_and_without_secrets(error: str) -> None:
    world, sender = await _world("c1"), KeptSender(Sent(delivered=False, error=error))
    await _round(_courier(world, sender))
    kept = (await _only(world)).last_error
    assert len(kept) <= 200
    assert "abcdefghijklmnop" not in kept
