"""The tools of all servers that the configuration names: listed in the background, offered from memory."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final, Protocol

from msgspec import Struct, structs

from router_core.clock import Clock
from router_core.errors import ValidationError
from router_core.mcp_servers.link import NoClientError
from router_core.patient_timeout import patient_timeout
from router_core.ports import ConfigSource, RunnableTool
from router_core.tools.checking import check_tools
from router_core.tools.schema import ArgumentCheck
from router_core.types import Secret, ToolFormat, ToolServer, ToolServerState

__all__ = ["ServerLink", "ToolServers"]

_log = logging.getLogger(__name__)

LOOK_S: Final = 0.5
RELIST_S: Final = 60.0
RETRY_S: Final = 15.0
LIST_TIMEOUT_S: Final = 10.0
SEPARATOR: Final = "__"

TokenOf = Callable[[str, ToolServer], Secret | None]


class ServerLink(Protocol):
    """Speaks to servers."""

    async def tools(self, url: str, token: Secret | None) -> Sequence[tuple[str, ToolFormat]]:
        """Return the server's tools."""
        ...

    async def call(self, url: str, token: Secret | None, name: str, args: dict[str, Any]) -> Any:
        """Return what the server's tool gives back."""
        ...


class _ServerTool:
    """Implements ``RunnableTool`` with a tool of a server."""

    __slots__ = ("_check", "_link", "_name", "_server", "_token", "format", "timeout")

    def __init__(
        self, name: str, tool: ToolFormat, server: ToolServer, token: Callable[[], Secret | None], link: ServerLink
    ) -> None:
        self.format = tool
        self.timeout = server.timeout_s
        self._check = ArgumentCheck(tool.parameters)
        self._name = name
        self._server = server
        self._token = token
        self._link = link

    def fault(self, args: dict[str, Any]) -> str | None:
        """Return why the tool does not take ``args``, None when it does."""
        return self._check.fault(args)

    async def run(self, args: dict[str, Any]) -> Any:
        """Return what the server gives back. Raises whatever the way there raises."""
        return await self._link.call(self._server.url, self._token(), self._name, args)


class _Listing(Struct, frozen=True):
    """What was found at a server as it was configured then; ``due`` is when it is looked at again."""

    server: ToolServer
    tools: Mapping[str, RunnableTool]
    state: ToolServerState
    due: float


class ToolServers:
    """Implements ``ToolSource`` with the servers of the configuration in force; belongs to one event loop.

    A tool is called ``server__tool``. What was listed is offered until it is listed anew, once a minute; a server that
    does not answer is asked again after 15 seconds, and its tools stay as they were. Nothing here holds a request up.
    """

    __slots__ = ("_clock", "_config", "_link", "_listed", "_probing", "_token")

    def __init__(self, config: ConfigSource, token: TokenOf, link: ServerLink, clock: Clock) -> None:
        self._config = config
        self._token = token
        self._link = link
        self._clock = clock
        self._listed: dict[str, _Listing] = {}
        self._probing: dict[str, asyncio.Task[None]] = {}

    def tools(self, account_id: str | None, use_case: str) -> Mapping[str, RunnableTool]:
        """Return the tools that requests of ``account_id`` for ``use_case`` may use."""
        found: dict[str, RunnableTool] = {}
        for name, server in self._config.snapshot().tool_servers.items():
            listing = self._listed.get(name)
            if listing is not None and listing.server.url == server.url and server.serves(account_id, use_case):
                found.update(listing.tools)
        return found

    def states(self) -> Mapping[str, ToolServerState]:
        """Return what is known of each server."""
        names = self._config.snapshot().tool_servers
        return {name: self._listed[name].state if name in self._listed else ToolServerState() for name in names}

    async def run(self) -> None:
        """List what is due until cancelled; several servers at once, so that a dead one holds up none."""
        try:
            while True:
                self.look()
                await self._clock.sleep(LOOK_S)
        finally:
            probing = list(self._probing.values())
            for each in probing:
                each.cancel()
            await asyncio.gather(*probing, return_exceptions=True)

    def look(self) -> None:
        """Begin to list every server that is due."""
        servers = self._config.snapshot().tool_servers
        for name in self._listed.keys() - servers.keys():
            del self._listed[name]
        now = self._clock.now()
        for name, server in servers.items():
            listing = self._listed.get(name)
            is_due = listing is None or listing.server != server or listing.due <= now
            if server.is_active and is_due and name not in self._probing:
                task = self._probing[name] = asyncio.create_task(self.probe(name, server))
                task.add_done_callback(partial(self._probed, name))

    def _probed(self, name: str, _task: asyncio.Task[None]) -> None:
        self._probing.pop(name, None)

    def look_again(self, name: str) -> None:
        """Have a server listed anew at the next look."""
        listing = self._listed.get(name)
        if listing is not None:
            self._listed[name] = structs.replace(listing, due=0.0)

    async def probe(self, name: str, server: ToolServer) -> None:
        """List the tools of ``server`` now; never raises for what the server does."""
        before = self._listed.get(name)
        try:
            async with patient_timeout(LIST_TIMEOUT_S):
                given = await self._link.tools(server.url, self._token(name, server))
        except Exception as error:  # noqa: BLE001 - whatever a server does is its own fault, and is told
            kept = {} if before is None or before.server.url != server.url else before.tools
            state = ToolServerState(
                tools=tuple(kept), listed_at=None if before is None else before.state.listed_at, error=_words(error)
            )
            if before is None or before.state.error is None:
                _log.warning("the tools of server %s cannot be listed: %s", name, state.error)
            self._listed[name] = _Listing(server, kept, state, self._clock.now() + RETRY_S)
            return
        self._listed[name] = self._listing(name, server, given)

    def _listing(self, name: str, server: ToolServer, given: Sequence[tuple[str, ToolFormat]]) -> _Listing:
        tools: dict[str, RunnableTool] = {}
        skipped: list[str] = []
        for own, tool in given:
            if server.tools is not None and own not in server.tools:
                continue
            called = f"{name}{SEPARATOR}{own}"
            try:
                check_tools({called: tool})
                tools[called] = _ServerTool(own, tool, server, lambda: self._token(name, server), self._link)
            except (ValidationError, ValueError):
                skipped.append(own)
        now = self._clock.now()
        state = ToolServerState(tools=tuple(tools), skipped=tuple(skipped), listed_at=self._clock.utcnow())
        return _Listing(server, tools, state, now + RELIST_S)


def _words(error: BaseException) -> str:
    """Return in plain words why a server could not be asked, with nothing that it said."""
    while isinstance(error, BaseExceptionGroup) and error.exceptions:
        error = error.exceptions[0]
    if isinstance(error, NoClientError):
        return str(error)
    if isinstance(error, TimeoutError):
        return "it did not answer in time"
    if type(error).__name__ in ("ConnectError", "ReadError"):
        return str(error)
    return f"it does not answer as a tool server ({type(error).__name__})"
