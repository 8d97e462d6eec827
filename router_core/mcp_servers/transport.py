"""The way to tool servers: an ``httpx2`` transport, as the official client wants it, over guarded connections."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

import aiohttp
import httpx2
from yarl import URL

from router_core.egress.connector import is_out_of_bounds, open_session
from router_core.egress.places import Egress

__all__ = ["GuardedTransport"]

MOST_BYTES: Final = 4 * 1024 * 1024
CONNECT_S: Final = 5.0
_POOL_LIMIT: Final = 100
_NOT_SENT: Final = frozenset({"host", "connection", "content-length", "accept-encoding", "transfer-encoding", "cookie"})
# The body is plain by now and its length known, whatever the headers said about the transfer.
_NOT_TOLD: Final = frozenset({b"content-encoding", b"content-length", b"transfer-encoding", b"set-cookie"})


class _Body(httpx2.AsyncByteStream):
    """The body of an answer, at most ``MOST_BYTES`` of it."""

    def __init__(self, answer: aiohttp.ClientResponse, request: httpx2.Request) -> None:
        self._answer = answer
        self._request = request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        left = MOST_BYTES
        try:
            while data := await self._answer.content.readany():
                left -= len(data)
                if left < 0:
                    raise httpx2.ReadError("the answer is too large", request=self._request)
                yield data
        except (aiohttp.ClientError, OSError) as error:
            raise httpx2.ReadError("the connection broke", request=self._request) from error

    async def aclose(self) -> None:
        self._answer.close()


class GuardedTransport(httpx2.AsyncBaseTransport):
    """Sends requests over connections that ``egress`` guards. Redirects are not followed, cookies never kept."""

    def __init__(self, egress: Egress) -> None:
        self._egress = egress
        self._session: aiohttp.ClientSession | None = None

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Return the answer to ``request``, its body still open. Raises ``httpx2.TransportError``."""
        if self._session is None:
            self._session = open_session(self._egress, limit=_POOL_LIMIT)
        headers = [(name, value) for name, value in request.headers.items() if name.lower() not in _NOT_SENT]
        body = await request.aread()
        try:
            answer = await self._session.request(
                request.method,
                URL(str(request.url), encoded=True),
                data=body or None,
                headers=[*headers, ("Accept-Encoding", "identity")],
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=None, connect=CONNECT_S),
            )
        except (aiohttp.ClientError, OSError) as error:
            raise httpx2.ConnectError(_words(error), request=request) from error
        told = [(name, value) for name, value in answer.raw_headers if name.lower() not in _NOT_TOLD]
        return httpx2.Response(answer.status, headers=told, stream=_Body(answer, request), request=request)

    async def aclose(self) -> None:
        """Close nothing: connections are kept for the next request."""

    async def close(self) -> None:
        """Close all connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()


def _words(error: Exception) -> str:
    """Return in plain words why there is no connection, without naming the host."""
    if is_out_of_bounds(error):
        return "its host is not allowed, or its address is not public"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "its host name was not found"
    if isinstance(error, asyncio.TimeoutError):
        return "connecting took too long"
    return "it takes no connections"
