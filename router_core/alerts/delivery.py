"""Brings alerts to people, in the background: what is due is claimed, sent, and noted; what fails is tried again."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta

from router_core.alerts.policy import DeliveryPolicy, wait_after
from router_core.alerts.wording import sentence
from router_core.clock import Clock
from router_core.errors import LLMError, sanitize_message
from router_core.monitor import DependencyMonitor
from router_core.ports import AlertChannels, AlertOutbox, AlertSender, Attempted, Claimed, Sent
from router_core.types import AlertChannel, ChannelKind

__all__ = ["MOST_ERROR", "AlertCourier"]

MOST_ERROR = 200

_log = logging.getLogger(__name__)


class AlertCourier:
    """Delivers what the outbox holds. It belongs to one event loop; :meth:`run` is its task.

    A process that dies loses nothing: its claims end, and another one takes over. ``names`` gives the names of
    accounts by id; ``on_gone`` is told of a channel that was switched off because its receiver wants no more.
    """

    def __init__(
        self,
        outbox: AlertOutbox,
        channels: AlertChannels,
        senders: Mapping[ChannelKind, AlertSender],
        names: Callable[[], Awaitable[Mapping[str, str]]],
        clock: Clock,
        *,
        policy: DeliveryPolicy | None = None,
        on_gone: Callable[[AlertChannel], None] = lambda _: None,
    ) -> None:
        self._outbox = outbox
        self._channels = channels
        self._senders = senders
        self._names = names
        self._clock = clock
        self._policy = policy or DeliveryPolicy()
        self._on_gone = on_gone
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self.monitor = DependencyMonitor(
            "alerts", "The delivery of alerts", clock, works="Alerts are kept in the store and delivered later.",
            lost="Nobody is told of money by mail or webhook meanwhile.", patience=2,
        )  # fmt: skip

    async def run(self) -> None:
        """Deliver until cancelled, through outages of the store too."""
        try:
            while True:
                try:
                    begun = await self.begin_due()
                except Exception as error:  # noqa: BLE001 - a task that ends would deliver nothing any more
                    self.monitor.failed(error)
                    begun = 0
                else:
                    self.monitor.worked()
                await self._pause(begun)
        finally:
            await self._stop()

    async def begin_due(self) -> int:
        """Claim what is due and begin to deliver it; return how many were begun. Raises :class:`StoreError`."""
        room = self._policy.at_once - len(self._under_way)
        if room <= 0:
            return 0
        until = self._clock.utcnow() + timedelta(seconds=self._policy.claim)
        claimed = await self._outbox.claim(until, room, tuple(self._under_way))
        names = await self._names() if claimed else {}
        for each in claimed:
            channel_id = each.delivery.channel_id
            task = asyncio.create_task(self._deliver(each, names))
            self._under_way[channel_id] = task
            task.add_done_callback(lambda _, id=channel_id: self._under_way.pop(id, None))  # type: ignore[misc]
        return len(claimed)

    async def settled(self) -> None:
        """Return once nothing is under way."""
        while self._under_way:
            await asyncio.wait(list(self._under_way.values()))

    async def _pause(self, begun: int) -> None:
        """Look again as soon as a place is free where more may be due, else in a while."""
        if begun:
            waited = list(self._under_way.values())
            await asyncio.wait(waited, timeout=self._policy.look, return_when=asyncio.FIRST_COMPLETED)
        else:
            await self._clock.sleep(self._policy.look)

    async def _stop(self) -> None:
        for task in self._under_way.values():
            task.cancel()
        await asyncio.gather(*self._under_way.values(), return_exceptions=True)

    async def _deliver(self, claimed: Claimed, names: Mapping[str, str]) -> None:
        try:
            hopeless = _hopeless(claimed)
            if hopeless is not None:
                await self._outbox.settle(claimed.delivery, Attempted(delivered=False, error=hopeless))
                return
            sent = await self._sent(claimed, names)
            await self._outbox.settle(claimed.delivery, self._judged(claimed, sent))
            if sent.gone and claimed.channel is not None:
                await self._channels.switch_off(claimed.channel.id)
                self._on_gone(claimed.channel)
        except LLMError as error:
            # The claim ends by itself, and the delivery is made again.
            _log.warning("what became of alert delivery %s is not in the store: %s", claimed.delivery.id, error)

    async def _sent(self, claimed: Claimed, names: Mapping[str, str]) -> Sent:
        channel, alert = claimed.channel, claimed.alert
        sender = None if channel is None else self._senders.get(channel.kind)
        if channel is None or alert is None or sender is None:
            return Sent(delivered=False, error="This server cannot send over this kind of channel")
        try:
            async with asyncio.timeout(self._policy.longest):
                return await sender.send(channel, claimed.delivery.id, alert, sentence(alert, names))
        except TimeoutError:
            return Sent(delivered=False, error="The receiver did not answer in time")
        except Exception as error:  # noqa: BLE001 - whatever a sender's trouble is, the alert is tried again
            _log.warning("alert delivery %s failed", claimed.delivery.id, exc_info=error)
            return Sent(delivered=False, error="The message could not be sent")

    def _judged(self, claimed: Claimed, sent: Sent) -> Attempted:
        error = sanitize_message(sent.error)[:MOST_ERROR]
        if sent.delivered:
            return Attempted(delivered=True, status=sent.status)
        wait = None if sent.gone else wait_after(claimed.delivery.attempts, self._clock.random(), self._policy)
        due = None if wait is None else self._clock.utcnow() + timedelta(seconds=wait)
        return Attempted(delivered=False, next_at=due, status=sent.status, error=error)


def _hopeless(claimed: Claimed) -> str | None:
    """Say why there is nothing to send, ever; None when there is."""
    if claimed.channel is None:
        return "The channel was removed"
    if not claimed.channel.active:
        return "The channel is switched off"
    return "The alert is not kept any more" if claimed.alert is None else None
