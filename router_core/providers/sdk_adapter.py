"""What both vendors' adapters share: one call through the SDK's generic ``post``, bytes in and bytes out."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator
from typing import Any, ClassVar

import httpx2
from msgspec import structs

from router_core.clock import Clock
from router_core.errors.known_secrets import KnownSecrets
from router_core.errors.provider_errors import InvalidAPIKeyError
from router_core.providers.client_cache import ClientCache
from router_core.providers.failures import SdkErrors, UnreadableAnswerError, provider_error
from router_core.providers.headroom import HeadroomReader
from router_core.providers.relay import RelayReader, StreamReader, native_of
from router_core.providers.sse import EventSplitter, EventTooLargeError
from router_core.providers.stage_timer import StageTimer
from router_core.providers.token_counts import read_count
from router_core.providers.transport import RAW_HEADERS, BodyStream, FastClient
from router_core.types import LLMRequest, NativeProtocol, ProviderAnswer, ProviderCall, ProviderPart, Secret

__all__ = ["SdkAdapter"]

_DRAIN_S = 0.05


class SdkAdapter(ABC):
    """Implements ``ProviderAdapter`` on an SDK; a vendor's adapter says how its bodies and answers look.

    ``base_url`` is where rows without one of their own go. Requests in one of ``protocols`` are passed on as they are.
    Retries, redirects and cookies are off.
    """

    path: ClassVar[str]
    count_path: ClassVar[str] = ""
    protocols: ClassVar[frozenset[NativeProtocol]]
    sdk: ClassVar[SdkErrors]

    def __init__(
        self, http_client: FastClient, clock: Clock, base_url: str, secrets: KnownSecrets | None = None
    ) -> None:
        self._http_client = http_client
        self._clock = clock
        self._base_url = base_url
        self._secrets = secrets if secrets is not None else KnownSecrets()
        self._headroom = HeadroomReader(clock)
        self._clients: ClientCache[Any] = ClientCache(self._known_client)

    @abstractmethod
    def _new_client(self, base_url: str, key: str) -> Any:
        """Return an SDK client on the shared HTTP client."""

    @abstractmethod
    def _body(self, call: ProviderCall, *, stream: bool) -> bytes:
        """Return the request's body."""

    @abstractmethod
    def _answer(self, body: bytes, request: LLMRequest) -> ProviderAnswer:
        """Return the answer in ``body``."""

    @abstractmethod
    def _reader(self, request: LLMRequest) -> StreamReader:
        """Return a reader for one stream."""

    @abstractmethod
    def _count_body(self, call: ProviderCall) -> bytes | None:
        """Return the body of a request to count tokens, None where the vendor has no such request."""

    def _event_reader(self, call: ProviderCall) -> StreamReader:
        reader = self._reader(call.request)
        return reader if native_of(call, self.protocols) is None else RelayReader(reader)

    def _path(self, _request: LLMRequest) -> str:
        """Return where a request goes, below the base URL."""
        return self.path

    def _options(self, call: ProviderCall) -> dict[str, Any]:
        return {"timeout": httpx2.Timeout(call.timeouts.total, connect=call.timeouts.connect)}

    async def complete(self, call: ProviderCall) -> ProviderAnswer:
        """Return the whole answer. Raises :class:`ProviderError` subclasses."""
        body = self._body(call, stream=False)
        timer = StageTimer(call, self._clock)
        try:
            async with timer.total():
                response = await self._post(call, body, stream=False)
            answer = self._answer(response.content, call.request)
            if native_of(call, self.protocols) is not None:
                answer = structs.replace(answer, native=response.content)
            headroom = self._headroom.read(call, response.extensions[RAW_HEADERS])
            return answer if headroom is None else structs.replace(answer, headroom=headroom)
        except Exception as error:
            self._raise_translated(error, call)
            raise

    async def stream(self, call: ProviderCall) -> AsyncGenerator[ProviderPart, None]:
        """Yield the answer in parts; closing the generator closes the connection. Raises ProviderError subclasses."""
        body = self._body(call, stream=True)
        timer = StageTimer(call, self._clock)
        source: BodyStream | None = None
        try:
            async with timer.stage():
                response = await self._post(call, body, stream=True)
            source = response.stream
            headroom = self._headroom.read(call, response.extensions[RAW_HEADERS])
            is_paced = call.timeouts.min_tokens_per_s > 0
            reader = self._event_reader(call)
            splitter = EventSplitter()
            while not reader.ended:
                for payload in await _next_events(source, splitter, timer):
                    for part in reader.feed(payload):
                        timer.begun = True
                        if is_paced:
                            timer.keep_pace(part)
                        yield part
            await _drain(source)
            end = reader.end()
            yield end if headroom is None else structs.replace(end, headroom=headroom)
        except Exception as error:
            self._raise_translated(error, call)
            raise
        finally:
            if source is not None:
                source.abort()

    async def count_tokens(self, call: ProviderCall) -> int | None:
        """Return how many tokens the model would read, None where the vendor does not count.

        Raises :class:`ProviderError` subclasses.
        """
        body = self._count_body(call)
        if body is None:
            return None
        timer = StageTimer(call, self._clock)
        try:
            async with timer.total():
                response = await self._post(call, body, path=self.count_path, stream=False)
            return read_count(response.content)
        except Exception as error:
            self._raise_translated(error, call)
            raise

    async def close(self) -> None:
        """Forget the SDK's objects; the connections belong to the registry's pool."""
        self._clients = ClientCache(self._known_client)

    def _known_client(self, base_url: str, key: str) -> Any:
        """Make a client, and see to it that no error text shows its key."""
        self._secrets.add(Secret(key))
        return self._new_client(base_url, key)

    async def _post(self, call: ProviderCall, body: bytes, *, path: str = "", stream: bool) -> Any:
        provider, key = call.provider, call.key.reveal()
        if not key:
            raise InvalidAPIKeyError(f"API key not found for provider: {provider.kind}", provider=provider.name)
        if not (key.isascii() and key.isprintable()):
            raise InvalidAPIKeyError("The provider key cannot be sent as a header", provider=provider.name)
        client = self._clients.client(provider.base_url or self._base_url, call.key)
        return await client.post(
            path or self._path(call.request),
            cast_to=httpx2.Response,
            content=body,
            options=self._options(call),
            stream=stream,
        )

    def _raise_translated(self, error: Exception, call: ProviderCall) -> None:
        translated = provider_error(error, call, self.sdk, self._clock, self._secrets)
        if translated is not None and translated is not error:
            raise translated from error


async def _next_events(source: BodyStream, splitter: EventSplitter, timer: StageTimer) -> list[bytes]:
    """Return the payloads that the next bytes complete. Raises when there are no more bytes."""
    data = source.ready()
    if data:
        timer.check()
    else:
        async with timer.stage():
            data = await source.read()
    try:
        events = splitter.feed(data) if data else splitter.flush()
    except EventTooLargeError as error:
        raise UnreadableAnswerError(str(error)) from error
    if not data and not events:
        if splitter.seen_bytes and not splitter.seen_events:
            raise UnreadableAnswerError("The provider's answer is not an event stream")
        raise httpx2.ReadError("the stream ended without its end marker")
    return events


async def _drain(source: BodyStream) -> None:
    """Read to the end of a finished answer, so that its connection can be used again."""
    if source.at_end():
        return
    try:
        async with asyncio.timeout(_DRAIN_S):
            while await source.read():
                pass
    except (TimeoutError, httpx2.TransportError):
        # The answer is complete; only the connection is lost, and it will be closed.
        source.abort()
