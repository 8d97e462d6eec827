"""A console without an API of its own, on the API of a whole runtime, without sockets between them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import httpx2

from console.remote.backend import RemoteConsole
from console.remote.door import RemoteDoor
from console.remote.link import ApiLink, open_client
from router_core.api.deps import ConsoleGreeting
from router_core.clock import SystemClock
from router_core.ports import AccountRecord, UserRecord
from router_core.types import AuditEntry, AuditFilter, PersonRole, Secret
from signalbox.asgi import api_application
from signalbox.bootstrap import Overrides, Runtime, build
from signalbox.screens.answering import own_greeting
from signalbox.settings import read_settings
from tests.support.core_fakes import PRICES, ScriptedAdapters, answer, parts
from tests.support.fake_clock import FakeClock

__all__ = ["PASSWORD", "PEER", "RemoteRig", "console_over", "remote_rig"]

PASSWORD = Secret("correct horse battery")
URL = "http://api.test"
PEER = "10.9.9.9"


class StandingClock(SystemClock):
    """The wall clock stands still, so that both ways of asking see the same moment; waits take their time."""

    __slots__ = ("_at",)

    def __init__(self) -> None:
        super().__init__()
        self._at = super().utcnow()

    def utcnow(self) -> datetime:
        return self._at


@dataclass
class RemoteRig:
    """A runtime, and a console elsewhere."""

    runtime: Runtime
    transport: httpx2.ASGITransport
    console: RemoteConsole

    async def make_person(self, role: PersonRole, *accounts: str) -> str:
        """Make a person of ``role`` and return their e-mail address."""
        email = f"{role}@example.com"
        await self.runtime.users.create(
            UserRecord(
                id=f"user-{role}", email=email, password_hash=await self.runtime.passwords.hash(PASSWORD), role=role,
                accounts=accounts or ("acme",), is_active=True, created_at=self.runtime.clock.utcnow(),
            )
        )  # fmt: skip
        return email

    async def sign_in(self, role: PersonRole) -> str:
        """Make a person of ``role``, sign them in and return their session's token."""
        return (await RemoteDoor(self.console).sign_in(await self.make_person(role), PASSWORD, "10.1.1.1")).token

    async def on_record(self, wanted: AuditFilter, number: int) -> list[AuditEntry]:
        """Return the rows that match, oldest first, once there are ``number``; fails after ten seconds."""
        loop = asyncio.get_running_loop()
        for _ in range(500):
            page = await self.runtime.audit.page(wanted, limit=100, cursor=None, oldest=True)
            if len(page.entries) >= number:
                return list(reversed(page.entries))
            await asyncio.wait([loop.create_future()], timeout=0.02)
        raise AssertionError(f"{len(page.entries)} of {number} rows are on record")


@asynccontextmanager
async def console_over(
    transport: httpx2.AsyncBaseTransport, own: ConsoleGreeting | None = None, key: Secret | None = None
) -> AsyncIterator[RemoteConsole]:
    """Give a console whose API is behind ``transport``."""
    async with open_client(URL, transport=transport) as http:
        yield RemoteConsole(ApiLink(http, URL, own or own_greeting(), SystemClock(), key=key))


@asynccontextmanager
async def remote_rig(folder: Path) -> AsyncIterator[RemoteRig]:
    """Build a runtime in ``folder`` in which every call is answered alike, with the accounts acme and other."""
    env = {
        "SIGNALBOX_DATA_DIR": str(folder), "OPENAI_API_KEY": "sk-test", "SIGNALBOX_HEALTH_CHECKS": "false",
        "SIGNALBOX_AUDIT_FLUSH_S": "0.05", "ANTHROPIC_API_KEY": "sk-ant-t",
    }  # fmt: skip
    adapters, clock = ScriptedAdapters(FakeClock()), StandingClock()
    adapters.always("openai-gpt4o-mini", answer())
    adapters.always("openai-gpt4o", parts("Hel", "lo\u2028", "!"))
    overrides = Overrides(clock=clock, adapters=adapters, prices=PRICES)
    runtime = await build(read_settings(env), overrides=overrides)
    try:
        runtime.readiness.open()
        for name in ("acme", "other"):
            made = AccountRecord(id=name, name=name, timezone="UTC", is_active=True, created_at=clock.utcnow())
            await runtime.accounts.create(made)
        transport = httpx2.ASGITransport(app=api_application(runtime), client=(PEER, 4711))
        async with console_over(transport) as console:
            yield RemoteRig(runtime, transport, console)
    finally:
        await runtime.close()
