"""What ``console_alone.py`` takes from here: routes, gate, downloads, and the connection's lifespan."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import structlog
from starlette.middleware import Middleware
from starlette.routing import Route

from console.gate import ConsoleGate
from console.remote.backend import RemoteConsole
from console.remote.door import RemoteDoor
from console.remote.link import ApiLink, open_client
from console.remote.outage import OutagePage
from console.remote.pass_through import PassThrough
from console.remote.published import LINKED, linked_console
from router_core.clock import SystemClock
from router_core.types import Principal, Secret
from signalbox.api_address import API_ADDRESS
from signalbox.screens.answering import own_greeting
from signalbox.sign_in.door import SignedIn
from signalbox.sign_in.routes import login_routes
from signalbox.warm_up import ConsoleWarmUp

__all__ = ["lifespan", "middleware", "routes"]


@asynccontextmanager
async def lifespan(_app: Any) -> AsyncIterator[None]:
    """Connect to the API that the command named; it need not answer yet."""
    address = API_ADDRESS.require()
    async with open_client(address.url) as http:
        link = ApiLink(http, address.url, own_greeting(), SystemClock(), key=address.key)
        LINKED.publish(RemoteConsole(link))
        watching = asyncio.create_task(link.run(structlog.get_logger(__name__)), name="api watch")
        ConsoleWarmUp().begin()
        try:
            yield
        finally:
            LINKED.withdraw()
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching


def routes() -> list[Route]:
    """Return the sign-in and sign-out pages."""
    return login_routes(_LinkedDoor())


def middleware() -> list[Middleware]:
    """Return what stands before the pages: downloads, what is shown while the API is lost, and the gate."""
    return [Middleware(PassThrough), Middleware(OutagePage), Middleware(ConsoleGate, check=_check)]


async def _check(token: str, touch: bool) -> Principal | None:
    return await linked_console().visitor(token, touch=touch)


class _LinkedDoor:
    """The door of whatever console is linked; pages are there before it is."""

    async def sign_in(self, email: str, password: Secret, address: str, browser: str = "") -> SignedIn:
        return await RemoteDoor(linked_console()).sign_in(email, password, address, browser)

    async def sign_out(self, token: str, address: str) -> None:
        await RemoteDoor(linked_console()).sign_out(token, address)

    async def is_open(self, token: str) -> bool:
        return await RemoteDoor(linked_console()).is_open(token)

    async def change_password(self, token: str, old: Secret, new: Secret, address: str, browser: str = "") -> SignedIn:
        return await RemoteDoor(linked_console()).change_password(token, old, new, address, browser)

    async def invited(self, invitation: str) -> str | None:
        return await RemoteDoor(linked_console()).invited(invitation)

    async def accept(self, invitation: str, password: Secret, address: str, browser: str = "") -> SignedIn:
        return await RemoteDoor(linked_console()).accept(invitation, password, address, browser)
