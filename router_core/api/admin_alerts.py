"""``/api/admin/alerts``: what was raised, the channels that carry it, and what became of each delivery."""

from typing import Final

from msgspec import Struct

from router_core.admin.alert_views import (
    AlertView,
    ChannelChange,
    ChannelOrder,
    ChannelView,
    DeliveryView,
)
from router_core.api.call import Call
from router_core.api.documents import read_document, read_nothing, read_query
from router_core.errors import ValidationError

__all__ = [
    "AlertList",
    "ChannelList",
    "ChannelRemoved",
    "DeliveryList",
    "change_channel",
    "list_alerts",
    "list_channels",
    "list_deliveries",
    "make_channel",
    "remove_channel",
    "retry_delivery",
    "show_secret",
    "test_channel",
]

DEFAULT_LIMIT: Final = "100"


class AlertList(Struct, frozen=True):
    """Alerts, newest first, amounts in nano-dollars."""

    alerts: list[AlertView]


class ChannelList(Struct, frozen=True):
    """Channels, oldest first."""

    channels: list[ChannelView]


class ChannelRemoved(Struct, frozen=True):
    """The channel is gone."""

    id: str


class DeliveryList(Struct, frozen=True):
    """Deliveries, newest first."""

    deliveries: list[DeliveryView]


async def list_alerts(call: Call) -> None:
    """Answer with the newest alerts."""
    limit = _number(read_query(call, {"limit": DEFAULT_LIMIT})["limit"])
    await call.answer(AlertList(list(await call.deps.money.alerts.alerts(call.principal, limit))))


async def list_channels(call: Call) -> None:
    """Answer with every channel that the caller may see."""
    await call.answer(ChannelList(list(await call.deps.money.alerts.channels(call.principal))))


async def make_channel(call: Call) -> None:
    """Make a channel; a webhook's secret is in the answer."""
    order: ChannelOrder = await read_document(call, ChannelOrder)
    await call.answer(await call.deps.money.alerts.make_channel(order, call.principal))


async def change_channel(call: Call) -> None:
    """Change a channel."""
    change: ChannelChange = await read_document(call, ChannelChange)
    await call.answer(await call.deps.money.alerts.change_channel(call.parameter("id"), change, call.principal))


async def remove_channel(call: Call) -> None:
    """Remove a channel."""
    await read_nothing(call)
    await call.deps.money.alerts.remove_channel(call.parameter("id"), call.principal)
    await call.answer(ChannelRemoved(call.parameter("id")))


async def test_channel(call: Call) -> None:
    """Send a test over a channel and answer with what came of it."""
    await read_nothing(call)
    await call.answer(await call.deps.money.alerts.test_channel(call.parameter("id"), call.principal))


async def show_secret(call: Call) -> None:
    """Answer with a webhook's secret."""
    await call.answer(await call.deps.money.alerts.show_secret(call.parameter("id"), call.principal))


async def list_deliveries(call: Call) -> None:
    """Answer with the newest deliveries, of one alert or channel where it is named."""
    asked = read_query(call, {"limit": DEFAULT_LIMIT, "alert": "", "channel": ""})
    found = await call.deps.money.alerts.deliveries(
        call.principal,
        alert_id=asked["alert"] or None,
        channel_id=asked["channel"] or None,
        limit=_number(asked["limit"]),
    )
    await call.answer(DeliveryList(list(found)))


async def retry_delivery(call: Call) -> None:
    """Have a delivery made anew."""
    await read_nothing(call)
    await call.answer(await call.deps.money.alerts.deliver_again(call.parameter("id"), call.principal))


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise ValidationError("limit must be a whole number", field="limit")
    return int(text)
