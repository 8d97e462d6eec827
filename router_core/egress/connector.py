"""Guarded HTTP connections: judged when they are made, by the address that they really go to."""

import ssl
from collections.abc import Coroutine
from socket import AF_UNSPEC, AddressFamily
from typing import Any, Final

import aiohttp
from aiohttp import resolver
from aiohttp.abc import AbstractResolver, ResolveResult

from router_core.egress.fence import Fence, OutOfBoundsError, literal_address
from router_core.egress.places import Egress, Names

__all__ = ["FencedResolver", "is_out_of_bounds", "open_session"]

MOST_JUDGED: Final = 1_024
# Reading stops at twice as much that nobody has taken; aiohttp's own bound would be four times that.
_READ_AHEAD: Final = 64 * 1024


class FencedResolver(AbstractResolver):
    """Looks names up and keeps to itself what lies inside the fence, at the moment of connecting.

    What it returns is what is connected to: a name that means something else a moment later changes nothing.
    """

    def __init__(self, fence: Fence, inner: Names) -> None:
        self._fence = fence
        self._inner = inner

    async def resolve(self, host: str, port: int = 0, family: AddressFamily = AF_UNSPEC) -> list[ResolveResult]:
        """Return the public addresses of ``host``. Raises :class:`OutOfBoundsError` when it has only others."""
        found = await self._inner.resolve(host, port, family)
        public = [each for each in found if self._fence.lets_through(host, each["host"])]
        if found and not public:
            raise OutOfBoundsError("the host's address is not public")
        return public

    async def close(self) -> None:
        """Let go of what the look-up holds."""
        await self._inner.close()


class _GuardedConnector(aiohttp.TCPConnector):
    """Asks ``egress`` before it connects; a connection of its pool has passed."""

    def __init__(self, egress: Egress, **options: Any) -> None:
        self._names = FencedResolver(egress.fence, egress.names or resolver.ThreadedResolver())
        super().__init__(resolver=self._names, **options)
        self._egress = egress
        self._passed: set[tuple[str, int | None, bool]] = set()

    def connect(self, req: Any, traces: Any, timeout: Any) -> Coroutine[Any, Any, Any]:
        """Return a connection for ``req``. Raises :class:`aiohttp.ClientConnectorError` for where none may go."""
        key = req.connection_key
        place = (key.host, key.port, key.is_ssl)
        if place not in self._passed:
            self._judge(key)
            if len(self._passed) >= MOST_JUDGED:
                self._passed.clear()
            self._passed.add(place)
        return super().connect(req, traces, timeout)

    async def close(self, *, abort_ssl: bool = False) -> None:
        """Close all connections."""
        await super().close(abort_ssl=abort_ssl)
        await self._names.close()

    def _judge(self, key: Any) -> None:
        host = key.host
        literal = literal_address(host)
        # A name is judged by the resolver; an address is never looked up.
        if literal is not None and not self._egress.fence.lets_through(host, literal):
            raise aiohttp.ClientConnectorError(key, OutOfBoundsError("the address is not public"))
        if not self._egress.may_reach(host, key.port, key.is_ssl):
            raise aiohttp.ClientConnectorError(key, OutOfBoundsError("the host is not allowed"))


def open_session(
    egress: Egress,
    *,
    tls: ssl.SSLContext | None = None,
    timeout: aiohttp.ClientTimeout | None = None,
    decompress: bool = True,
    **options: Any,
) -> aiohttp.ClientSession:
    """Return a session whose connections are guarded; ``options`` are aiohttp's for a TCP connector.

    Certificates are verified, cookies never kept, proxies and the environment never consulted. Callers say
    ``allow_redirects=False`` and read no more than they need, as :func:`router_core.egress.fetching.fetch` does.
    """
    connector = _GuardedConnector(egress, ssl=True if tls is None else tls, **options)
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        raise_for_status=False,
        auto_decompress=decompress,
        read_bufsize=_READ_AHEAD,
        timeout=timeout or aiohttp.ClientTimeout(),
    )


def is_out_of_bounds(error: BaseException) -> bool:
    """Say whether a connection was refused by the guard, and not by the other side."""
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    return isinstance(cause, OutOfBoundsError)
