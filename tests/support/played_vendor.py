"""A vendor behind the real adapters, without a network: what it is sent is kept, what it answers is given."""

import json
from collections import deque
from collections.abc import AsyncIterator, Iterable
from typing import Any

import httpx2

from router_core.clock import SystemClock
from router_core.providers.anthropic import AnthropicAdapter
from router_core.providers.openai import OpenAIAdapter
from router_core.providers.transport import RAW_HEADERS, ConnectionPool, FastClient, WholeResponse
from router_core.types import ProviderKind
from tests.support.loopback import LOOPBACK

__all__ = ["PlayedAdapters", "PlayedVendor"]

URL = "https://api.example.test/v1"


class PlayedVendor(FastClient):
    """Answers a request with ``answer``, a stream with the next of ``first``, or with ``pieces`` where there is none.

    It keeps the ``bodies`` that it was sent, and what it was ``told`` in headers.
    """

    def __init__(self, answer: bytes = b"") -> None:
        super().__init__(ConnectionPool(LOOPBACK))
        self.answer = answer
        self.pieces: tuple[bytes, ...] = ()
        self.first: deque[tuple[bytes, ...]] = deque()
        self.bodies: deque[dict[str, Any]] = deque(maxlen=8)
        self.told: deque[dict[str, str]] = deque(maxlen=8)

    async def send(self, request: Any, *, stream: bool = False, **_unused: Any) -> httpx2.Response:
        self.bodies.append(json.loads(request.body))
        self.told.append({name.lower(): value for name, value in request.wire.items()})
        made: httpx2.Response
        if stream:
            made = httpx2.Response(
                200, stream=_Pieces(self.first.popleft() if self.first else self.pieces), request=request
            )
        else:
            made = WholeResponse(200, [], self.answer, request)
        made.extensions[RAW_HEADERS] = ()
        return made


class _Pieces(httpx2.AsyncByteStream):
    """The body of an answer that comes in given pieces."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._left = deque(pieces)

    def ready(self) -> bytes:
        return b""

    async def read(self) -> bytes:
        return self._left.popleft() if self._left else b""

    def at_end(self) -> bool:
        return not self._left

    def abort(self) -> None:
        """Nothing is open."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while self._left:
            yield self._left.popleft()


class PlayedAdapters:
    """Implements ``AdapterSource``: the real adapters of both vendors on one played vendor."""

    def __init__(self, vendor: PlayedVendor) -> None:
        clock = SystemClock()
        self._openai = OpenAIAdapter(vendor, clock, URL)
        self._anthropic = AnthropicAdapter(vendor, clock, URL)

    async def adapter(self, kind: ProviderKind) -> OpenAIAdapter | AnthropicAdapter:
        return self._openai if kind == "openai" else self._anthropic
