"""Our own uvicorn server: it says when it listens, and stops calling itself ready when it is asked to end."""

import asyncio
import logging
import math
import resource
import signal
import socket
from collections.abc import Callable
from types import FrameType
from typing import Any, Final, Literal

import uvicorn

from router_core.clock import SystemClock
from signalbox.faults import DependencyFault
from signalbox.inbound.front import Front
from signalbox.inbound.limits import MAX_MESSAGE_BYTES, ConnectionGuard, ConnectionLimits, ConnectionSeats
from signalbox.inbound.protocol import GuardedProtocol, guarded_protocol, guarded_sockets
from signalbox.inbound.proxies import TrustedProxies
from signalbox.serve.listener import base_url, port_fault
from signalbox.settings import Settings

__all__ = ["SWITCH_INTERVAL_S", "ConsoleServer", "connection_guard", "require_free_port", "server_config"]

# Script threads that compute would otherwise hold requests up for 5 ms at a time.
SWITCH_INTERVAL_S: Final = 0.0005
# Longer than clients and load balancers keep idle connections (60 s as a rule): who closes first must be the one who
# would write next, or a request meets a closing connection and is lost.
_KEEP_ALIVE_S: Final = 75
_LAST_WORDS_S: Final = 2.0
# Connections to providers and stores, the journal, libraries.
_OTHER_FILES: Final = 512
_LEAST_CONNECTIONS: Final = 64


class ConsoleServer(uvicorn.Server):
    """Calls ``on_listening`` with its base URL once it listens, and ``on_leaving`` when a signal asks it to end."""

    def __init__(
        self, config: uvicorn.Config, *, on_listening: Callable[[str], None], on_leaving: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._on_listening = on_listening
        self._on_leaving = on_leaving

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then tell."""
        await super().startup(sockets)
        if self.started:
            self._on_listening(self._base_url())

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Note the signal: the first begins the drain within a tenth of a second, the second ends it at once."""
        self._on_leaving()
        if self.should_exit:
            self.force_exit = True
        super().handle_exit(sig, frame)

    async def run_until_signalled(self, listener: socket.socket | None = None) -> None:
        """Serve until SIGINT or SIGTERM, then return; on ``listener`` where one is open already.

        Raises :class:`DependencyFault` when it cannot start.
        """
        for number in (signal.SIGINT, signal.SIGTERM):
            # uvicorn raises the signal again when it is done; by then there is nothing left to interrupt.
            signal.signal(number, _ignore)
        try:
            await self.serve(None if listener is None else [listener])
        except SystemExit:
            raise DependencyFault("the server could not start; the log above says why") from None
        await self._end_requests()

    async def _end_requests(self) -> None:
        """Cancel what the drain has left, and let it write down its end before the record is closed."""
        left = list(self.server_state.tasks)
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left, timeout=_LAST_WORDS_S)

    def _base_url(self) -> str:
        return base_url(self.config.host, self.servers[0].sockets[0].getsockname()[1])


def connection_guard(settings: Settings) -> ConnectionGuard:
    """Return the limits of connections, counted for one server."""
    trusts = TrustedProxies(settings.trusted_proxies).trusts
    room = max(_LEAST_CONNECTIONS, _room_for_files(settings.max_connections + _OTHER_FILES) - _OTHER_FILES)
    seats = ConnectionSeats(min(settings.max_connections, room), settings.max_connections_per_address, trusts)
    return ConnectionGuard(ConnectionLimits(), seats, SystemClock())


def server_config(
    app: Any,
    host: str,
    port: int,
    settings: Settings,
    *,
    http: type[GuardedProtocol] | None = None,
    ws: Literal["none"] | None = None,
) -> uvicorn.Config:
    """Return the configuration that serves ``app`` fast: bound by host and port, so that TCP_NODELAY is set.

    ``http`` is the protocol of connections where it is a special one; ``ws`` says that there are no websockets.
    """
    guard = connection_guard(settings)
    logger = logging.getLogger("uvicorn.error")
    logger.setLevel(logging.WARNING)
    logger.addFilter(_tells_more_than_a_cut)
    return uvicorn.Config(
        Front(app, TrustedProxies(settings.trusted_proxies), settings.allowed_hosts, SystemClock()),
        host=host,
        port=port,
        loop="uvloop",
        http=http or guarded_protocol(guard),
        ws=ws or guarded_sockets(guard),
        ws_max_size=MAX_MESSAGE_BYTES,
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=math.ceil(settings.drain_s),
    )


def _room_for_files(wanted: int) -> int:
    """Have this process open up to ``wanted`` files where the system lets it; return how many it may open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = resource.RLIM_INFINITY
    if soft == unlimited or soft >= wanted:
        return wanted
    granted = wanted if hard == unlimited else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (granted, hard))
    return granted


def require_free_port(host: str, port: int) -> None:
    """Raise :class:`DependencyFault` when nobody can listen there."""
    try:
        family, kind, proto, _, address = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, proto) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise port_fault(host, port, error) from None


def _tells_more_than_a_cut(record: logging.LogRecord) -> bool:
    """Keep out the trace of a stream that the grace time cut off; the line that says so stays."""
    return not (record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError))


def _ignore(_signal: int, _frame: FrameType | None) -> None:
    """Take a signal that was already acted on."""
