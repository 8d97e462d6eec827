"""What pages may ask for, of an API elsewhere: every call of the list, with the types of the protocols."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any, cast

import msgspec

from console.remote.answers import refusal
from console.remote.faults import ApiMismatchError, ApiUnreachableError
from console.remote.link import ApiLink
from console.remote.visitors import Visitors
from router_core.api.console import PERSON_HEADER, Visit
from router_core.errors import UnauthorizedError
from router_core.security.permissions import allows
from router_core.types import Principal
from signalbox.screens.backend import ConsoleBackend
from signalbox.screens.calls import DESKS
from signalbox.screens.rights import may_control, may_open
from signalbox.screens.wire import WireCall, WireFault, wire_calls

__all__ = ["RemoteConsole"]


class RemoteConsole:
    """Gives each visitor's session a backend of its own: calls carry that session and no other."""

    def __init__(self, link: ApiLink) -> None:
        self.link = link
        self._visitors = Visitors(link.clock)

    def backend(self, token: str) -> ConsoleBackend:
        """Return the backend of whoever has the session ``token``."""
        return cast(ConsoleBackend, _Desk("", token, self))

    async def visitor(self, token: str, *, touch: bool) -> Principal | None:
        """Return whose session ``token`` is; ``touch`` notes there that the person acted."""
        known = None if touch else self._visitors.known(token)
        if known is not None:
            return known
        try:
            answer = await self.link.call("/api/console/visit", token, msgspec.json.encode(Visit(touch=touch)))
        except UnauthorizedError:
            self._visitors.forget(token)
            return None
        person = msgspec.json.decode(answer.content, type=Principal)
        self._visitors.learn(token, person)
        return person

    def forget(self, token: str) -> None:
        """Note that the session is no more."""
        self._visitors.forget(token)

    async def call(self, call: WireCall, token: str, body: bytes) -> Any:
        """Make a call that gives one answer. Raises what it raises there, and what stands between."""
        try:
            answer = await self.link.call(f"/api/console/calls/{call.name}", token, body)
        except UnauthorizedError:
            self._visitors.forget(token)
            raise
        self._visitors.confirm(token, answer.headers.get(PERSON_HEADER.decode()))
        return _read(call, answer.content)

    async def stream(self, call: WireCall, token: str, body: bytes) -> AsyncGenerator[Any, None]:
        """Make a call that answers in parts; closing this ends it there. Raises as :meth:`call` does."""
        async with self.link.lines(f"/api/console/streams/{call.name}", token, body) as lines:
            async for line in lines:
                if line == b"null":
                    return
                if line.startswith(b"{"):
                    raise refusal(line) or ApiUnreachableError("the answer broke off")
                if line:
                    yield _read(call, line)
        raise ApiUnreachableError("the answer broke off")


class _Desk:
    """One desk of the backend, or the backend itself: every name is a call of the list, or worked out here."""

    def __init__(self, name: str, token: str, console: RemoteConsole) -> None:
        self._name, self._token, self._console = name, token, console

    def __getattr__(self, name: str) -> Any:
        if not self._name and name in DESKS:
            return _Desk(name, self._token, self._console)
        full = f"{self._name}.{name}".lstrip(".")
        call = wire_calls().get(full)
        if call is None:
            return _local(full, self._console)
        return self._streaming(call) if call.is_stream else self._asking(call)

    def _asking(self, call: WireCall) -> Callable[..., Any]:
        async def ask(*args: Any, **named: Any) -> Any:
            return await self._console.call(call, self._token, call.encode_arguments(*args, **named))

        return ask

    def _streaming(self, call: WireCall) -> Callable[..., Any]:
        async def ask(*args: Any, **named: Any) -> AsyncGenerator[Any, None]:
            body = call.encode_arguments(*args, **named)
            async with aclosing(self._console.stream(call, self._token, body)) as parts:
                async for part in parts:
                    yield part

        return ask


def _read(call: WireCall, body: bytes) -> Any:
    try:
        return call.decode_answer(body)
    except WireFault:
        raise ApiMismatchError(f"The API's answer to {call.name} is none that this version gives.") from None


def _local(name: str, console: RemoteConsole) -> Any:
    """Return what needs no call: what follows from the role alone, and whose session it is."""
    match name:
        case "may":
            return may_open
        case "may_control":
            return may_control
        case "alerting.may_edit":
            return lambda person: allows(person, "alerts.edit")
        case "visitor":
            return console.visitor
    raise AttributeError(name)
