"""The fast way out: an ``httpx2.AsyncClient`` for the SDKs that goes straight to one shared aiohttp pool.

The SDKs call two public methods of their HTTP client, ``build_request`` and ``send``. Both are overridden here, so
that a call costs neither httpx2's request preparation nor its transport stack. Redirects are never followed, cookies
never kept, proxies and the environment never consulted, and only headers that the SDKs are known to need are sent.
"""

import asyncio
import io
import ssl
from collections.abc import AsyncIterator, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, cast

import aiohttp
import httpx2
from multidict import CIMultiDict
from yarl import URL

from router_core.egress.connector import is_out_of_bounds, open_session
from router_core.egress.places import Egress

__all__ = [
    "MAX_RESPONSE_BYTES",
    "MAX_STREAM_BYTES",
    "RAW_HEADERS",
    "BodyStream",
    "ConnectionPool",
    "FastClient",
    "FastRequest",
    "ResponseTooLargeError",
    "wire_headers",
]

MAX_RESPONSE_BYTES = 16 * 1024 * 1024
MAX_STREAM_BYTES = 64 * 1024 * 1024
_POOL_LIMIT = 2_000
_KEEP_ALIVE_S = 60.0
_DNS_CACHE_S = 10
_LARGE_BODY = 1024 * 1024
# What is taken out of a stream at once is held, several times over, until the client has read it.
_STREAM_PIECE = 32 * 1024
_WHOLE_PIECE = MAX_RESPONSE_BYTES
_FORWARDED = frozenset(
    {"accept", "content-type", "user-agent", "authorization", "x-api-key", "anthropic-version", "anthropic-beta"}
)
_OWN_PREFIX = "x-stainless-"
# Where a response keeps all headers of the answer, as bytes.
RAW_HEADERS = "raw_headers"
_NOTHING: Mapping[str, str] = MappingProxyType({})


class ResponseTooLargeError(httpx2.TransportError):
    """The provider's answer is larger than we accept."""


class FastRequest(httpx2.Request):
    """A request whose URL and headers are already in the shape in which they are sent."""

    def __init__(self, url: httpx2.URL, target: URL, headers: httpx2.Headers, wire: CIMultiDict[str]) -> None:
        # The parent would parse, encode and copy all of this again; the SDKs only read these attributes.
        self.method = "POST"
        self.url = url
        self.headers = headers
        self.extensions = {}
        self.target = target
        self.wire = wire
        self.body = b""
        self.connect_s: float | None = None

    def with_body(self, body: bytes, timeout: object, headers: Mapping[str, str] = _NOTHING) -> "FastRequest":
        """Return a request to the same place with another body, and ``headers`` besides its own.

        The SDKs find no headers in it, the wire does.
        """
        wire = CIMultiDict({**self.wire, **headers}) if headers else self.wire
        copy = FastRequest(self.url, self.target, _NO_HEADERS, wire)
        copy.body = body
        copy.connect_s = _connect_seconds(timeout)
        return copy

    @property
    def content(self) -> bytes:
        """The body."""
        return self.body


class WholeResponse(httpx2.Response):
    """An answer that was read to its end; the parent would decode, encode and copy all of it once more."""

    def __init__(
        self, status: int, headers: list[tuple[bytes, bytes]], content: bytes, request: httpx2.Request
    ) -> None:
        super().__init__(status, headers=headers, stream=httpx2.ByteStream(content), request=request)
        self._content = content
        self.is_closed = True
        self.is_stream_consumed = True


class BodyStream(httpx2.AsyncByteStream):
    """The body of an answer, read as it arrives in pieces of at most ``piece`` bytes, at most ``limit`` bytes of it."""

    def __init__(self, answer: aiohttp.ClientResponse, request: httpx2.Request, limit: int, piece: int) -> None:
        self._answer = answer
        self._piece = piece
        self._request = request
        self._left = limit

    def ready(self) -> bytes:
        """Return what has already arrived, perhaps nothing, without waiting."""
        try:
            return self._count(self._answer.content.read_nowait(self._piece))
        except (aiohttp.ClientError, OSError) as error:
            raise _network_fault(error, self._request) from error

    async def read(self) -> bytes:
        """Return the next bytes, or none at the end. Raises ``httpx2.TransportError``."""
        try:
            return self._count(await self._answer.content.read(self._piece))
        except (aiohttp.ClientError, OSError) as error:
            raise _network_fault(error, self._request) from error

    def at_end(self) -> bool:
        """Say whether everything has been read."""
        return self._answer.content.at_eof()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while data := await self.read():
            yield data

    def abort(self) -> None:
        """Close the connection now, unless the answer was read to its end."""
        self._answer.close()

    async def aclose(self) -> None:
        self.abort()

    def _count(self, data: bytes) -> bytes:
        self._left -= len(data)
        if self._left < 0:
            self.abort()
            raise ResponseTooLargeError("the answer is larger than the limit", request=self._request)
        return data


class ConnectionPool:
    """Owns the only connections to providers, which ``egress`` guards. Must be used and closed on one event loop."""

    def __init__(
        self,
        egress: Egress,
        *,
        tls: ssl.SSLContext | None = None,
        max_response: int = MAX_RESPONSE_BYTES,
        max_stream: int = MAX_STREAM_BYTES,
    ) -> None:
        self._egress = egress
        self._tls = tls
        self._max_response = max_response
        self._max_stream = max_stream
        self._session: aiohttp.ClientSession | None = None

    async def exchange(self, request: FastRequest, *, stream: bool) -> httpx2.Response:
        """Send ``request``; return the whole answer, or its open body. Raises ``httpx2.TransportError``."""
        session = self._session or self._open()
        small = len(request.body) < _LARGE_BODY
        body = aiohttp.BytesPayload(request.body) if small else io.BytesIO(request.body)
        try:
            answer = await session.post(
                request.target,
                data=body,
                headers=request.wire,
                allow_redirects=False,
                timeout=_client_timeout(request.connect_s),
            )
        except (aiohttp.ClientError, OSError) as error:
            raise _network_fault(error, request) from error
        streaming = stream and answer.status < 300
        limit, piece = (self._max_stream, _STREAM_PIECE) if streaming else (self._max_response, _WHOLE_PIECE)
        source = BodyStream(answer, request, limit, piece)
        if streaming:
            opened = httpx2.Response(answer.status, headers=list(answer.raw_headers), stream=source, request=request)
            opened.extensions[RAW_HEADERS] = answer.raw_headers
            return opened
        content = await _read_whole(source)
        # The SDKs read no headers of a good answer, and every one costs them; a bad answer keeps them all.
        told = answer.raw_headers if answer.status >= 300 else ()
        headers = [(name, value) for name, value in told if name.lower() not in _TRANSFER]
        whole = WholeResponse(answer.status, headers, content, request)
        whole.extensions[RAW_HEADERS] = answer.raw_headers
        return whole

    async def close(self) -> None:
        """Close all connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _open(self) -> aiohttp.ClientSession:
        self._session = open_session(
            self._egress, tls=self._tls, limit=_POOL_LIMIT, keepalive_timeout=_KEEP_ALIVE_S, ttl_dns_cache=_DNS_CACHE_S
        )
        return self._session


_NO_HEADERS = httpx2.Headers()
_TLS_FAULTS = (aiohttp.ClientSSLError, aiohttp.ServerFingerprintMismatch, aiohttp.ClientConnectorCertificateError)
# The body is plain by now and its length known, whatever the headers said about the transfer.
_TRANSFER = frozenset({b"content-encoding", b"content-length", b"transfer-encoding"})


class FastClient(httpx2.AsyncClient):
    """What the SDKs get as ``http_client``. Closing it does nothing: the pool belongs to the registry."""

    def __init__(self, pool: ConnectionPool) -> None:
        super().__init__(transport=_PoolTransport(pool), trust_env=False, follow_redirects=False)
        self._pool = pool

    def build_request(
        self,
        method: str,
        url: httpx2.URL | str,
        *,
        content: Any = None,
        headers: Any = None,
        timeout: Any = None,
        **_unused: Any,
    ) -> httpx2.Request:
        """Return the request without copying, merging or encoding anything twice."""
        if method.upper() != "POST" or not isinstance(content, bytes):
            raise TypeError("only POST requests with a body of bytes are sent to providers")
        parsed, target = _parsed_url(str(url))
        fields = httpx2.Headers(headers)
        return FastRequest(parsed, target, fields, wire_headers(fields)).with_body(content, timeout)

    async def send(self, request: httpx2.Request, *, stream: bool = False, **_unused: Any) -> httpx2.Response:
        """Send ``request`` through the pool. Raises ``httpx2.TransportError``."""
        return await self._pool.exchange(cast("FastRequest", request), stream=stream)

    async def aclose(self) -> None:
        """Do nothing."""


class _PoolTransport(httpx2.AsyncBaseTransport):
    """Keeps httpx2 from building a transport of its own, with a TLS context nobody uses."""

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        return await self._pool.exchange(cast("FastRequest", request), stream=True)


def wire_headers(headers: Mapping[str, str]) -> CIMultiDict[str]:
    """Return the headers that may leave, without anything the environment slipped into the SDK's defaults."""
    kept = CIMultiDict((name, value) for name, value in headers.items() if _may_leave(name.lower()))
    kept["Accept-Encoding"] = "identity"
    return kept


def _may_leave(name: str) -> bool:
    return name in _FORWARDED or name.startswith(_OWN_PREFIX)


async def _read_whole(source: BodyStream) -> bytes:
    try:
        first = await source.read()
        if source.at_end():
            return first
        parts = [first]
        while data := await source.read():
            parts.append(data)
    except BaseException:
        source.abort()
        raise
    return b"".join(parts)


@lru_cache(maxsize=256)
def _parsed_url(url: str) -> tuple[httpx2.URL, URL]:
    target = URL(url, encoded=True)
    try:
        usable = target.port != 0  # yarl judges the port only when asked for it
    except ValueError:
        usable = False
    if not usable:
        raise httpx2.InvalidURL("the base URL has an impossible port")
    return httpx2.URL(url), target


@lru_cache(maxsize=64)
def _client_timeout(connect_s: float | None) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=None, connect=connect_s)


def _connect_seconds(timeout: object) -> float | None:
    if isinstance(timeout, httpx2.Timeout):
        return timeout.connect
    return timeout if isinstance(timeout, float) else None


def _network_fault(error: Exception, request: httpx2.Request) -> httpx2.TransportError:
    """Return the httpx2 error that the SDKs know for an aiohttp error."""
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return httpx2.ConnectTimeout("connecting took too long", request=request)
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ServerFingerprintMismatch):
        return httpx2.ConnectError(_unreachable(error), request=request)
    if isinstance(error, asyncio.TimeoutError):
        return httpx2.ReadTimeout("nothing came in time", request=request)
    if isinstance(error, aiohttp.InvalidURL):
        return httpx2.UnsupportedProtocol("the base URL is not usable", request=request)
    return httpx2.ReadError("the connection broke", request=request)


def _unreachable(error: Exception) -> str:
    """Return in plain words why there is no connection, without naming the host."""
    if is_out_of_bounds(error):
        return "The provider's host is not allowed, or its address is not public"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "The provider's host name was not found"
    if isinstance(
        error, aiohttp.ClientSSLError | aiohttp.ServerFingerprintMismatch | aiohttp.ClientConnectorCertificateError
    ):
        return "TLS with the provider failed: its certificate or protocol was not accepted"
    if isinstance(getattr(error, "os_error", None), ConnectionRefusedError):
        return "The provider refused the connection"
    return "The provider could not be reached"
