"""Alerts of every kind of store behind one face, receivers that do as told, and a desk in memory."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from sqlalchemy.orm import Session

from db.hop import StoreHop
from db.records.alerts import raise_alerts
from db.stores import SqlAlertChannels, SqlAlertOutbox, SqlAlertReader
from router_core.admin.action_trail import ActionTrail
from router_core.admin.alerting import AlertDesk, AlertDeskParts
from router_core.alerts.memory_alerts import MemoryAlertOutbox, MemoryAlerts
from router_core.clock import Clock
from router_core.ports import AccountStore, AlertChannels, AlertOutbox, AlertReader, Sent
from router_core.security.memory_action_log import MemoryActionLog
from router_core.security.memory_stores import MemoryAccountStore
from router_core.types import Alert, AlertChannel
from tests.support.fake_clock import START, FakeClock

__all__ = [
    "AlertWorld",
    "KeptSender",
    "MemoryDesk",
    "Receiver",
    "alert",
    "channel",
    "memory_alerts",
    "memory_desk",
    "secret_of",
    "sql_alerts",
]

DOLLAR = 10**9


def secret_of(channel_id: str) -> bytes:
    """Return a secret of 32 bytes."""
    return channel_id.encode().ljust(32, b"!")[:32]


def alert(**changes: Any) -> Alert:
    """Return the alert that acme has spent 80 % of a hundred dollars, unless changed."""
    values: dict[str, Any] = {
        "kind": "threshold", "subject": "account:acme:daily", "period": "2026-03-01", "threshold": 80,
        "limit": 100 * DOLLAR, "spent": 80 * DOLLAR + DOLLAR // 10, "at": START,
    }  # fmt: skip
    return Alert(**{**values, **changes})


def channel(id: str = "c1", **changes: Any) -> AlertChannel:
    """Return a webhook for everything, unless changed."""
    values: dict[str, Any] = {
        "id": id, "kind": "webhook", "target": f"https://{id}.example.com/in", "created_at": START, "updated_at": START,
    }  # fmt: skip
    return AlertChannel(**{**values, **changes})


@dataclass(frozen=True)
class AlertWorld:
    """Alerts, channels and outbox of one kind; ``raise_alerts`` does what the record does."""

    reader: AlertReader
    channels: AlertChannels
    outbox: AlertOutbox
    clock: FakeClock
    raise_alerts: Callable[[Collection[Alert]], Awaitable[list[Alert]]]


def memory_alerts(clock: FakeClock | None = None) -> AlertWorld:
    clock = clock or FakeClock()
    outbox = MemoryAlertOutbox(clock)
    alerts = MemoryAlerts(outbox)

    async def raised(found: Collection[Alert]) -> list[Alert]:
        return await alerts.raise_alerts(found, clock.utcnow())

    return AlertWorld(alerts, outbox.channels, outbox, clock, raised)


def sql_alerts(hop: StoreHop, clock: FakeClock | None = None) -> AlertWorld:
    clock = clock or FakeClock()

    async def raised(found: Collection[Alert]) -> list[Alert]:
        now = clock.utcnow()

        def work(session: Session) -> list[Alert]:
            return raise_alerts(session, found, now)

        return await hop.write(work)

    return AlertWorld(SqlAlertReader(hop), SqlAlertChannels(hop, clock), SqlAlertOutbox(hop, clock), clock, raised)


@dataclass
class KeptSender:
    """A way out that answers as told, and keeps what went out; ``gate`` holds sends up while it is closed."""

    answer: Sent = field(default_factory=lambda: Sent(delivered=True, status=200))
    sent: list[tuple[str, str, str]] = field(default_factory=list)
    gate: asyncio.Event | None = None
    came: asyncio.Event = field(default_factory=asyncio.Event)

    async def send(self, channel: AlertChannel, message_id: str, alert: Alert | None, sentence: str) -> Sent:
        self.sent.append((channel.id, message_id, sentence))
        self.came.set()
        if self.gate is not None:
            await self.gate.wait()
        return self.answer

    def refusal(self, target: str) -> str | None:
        return "must not be bad" if "bad" in target else None


@dataclass(frozen=True)
class MemoryDesk:
    """A desk in memory and what stands behind it."""

    desk: AlertDesk
    world: AlertWorld
    webhooks: KeptSender


def memory_desk(
    clock: Clock, accounts: AccountStore | None = None, trail: ActionTrail | None = None, *, mail: bool = True
) -> MemoryDesk:
    """Return a desk whose webhooks and e-mails go nowhere."""
    outbox = MemoryAlertOutbox(clock)
    alerts, sender = MemoryAlerts(outbox), KeptSender()
    # Who has a real clock only needs the world to say when a claim ends.
    ends = clock if isinstance(clock, FakeClock) else FakeClock()

    async def raised(found: Collection[Alert]) -> list[Alert]:
        return await alerts.raise_alerts(found, clock.utcnow())

    desk = AlertDesk(
        AlertDeskParts(
            reader=alerts,
            channels=outbox.channels,
            outbox=outbox,
            senders={"webhook": sender, "email": sender} if mail else {"webhook": sender},
            secret_of=secret_of,
            accounts=accounts or MemoryAccountStore(),
            trail=trail or ActionTrail(MemoryActionLog(), clock),
            clock=clock,
        )
    )
    return MemoryDesk(desk, AlertWorld(alerts, outbox.channels, outbox, ends, raised), sender)


@dataclass
class Receiver:
    """A real HTTP receiver on loopback: answers ``status``, after ``gate`` opens where there is one."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"ok"
    gate: asyncio.Event | None = None
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    came: threading.Event = field(default_factory=threading.Event)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/in"

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Receiver"]:
        """Listen until the block ends."""
        app = web.Application()
        app.router.add_route("*", "/{rest:.*}", self._answer)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.port = runner.addresses[0][1]
        try:
            yield self
        finally:
            await runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        self.got.append(({name.lower(): value for name, value in request.headers.items()}, await request.read()))
        self.came.set()
        if self.gate is not None:
            await self.gate.wait()
        return web.Response(status=self.status, headers=self.headers, body=self.body)
