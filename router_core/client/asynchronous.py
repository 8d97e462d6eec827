"""The asynchronous client, for programs on asyncio."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, aclosing
from inspect import isawaitable
from typing import Any, Self, TypeVar, Unpack, overload

import httpx2
import msgspec

from router_core.client.answers import AnswerFacts, facts_of
from router_core.client.attempts import DEFAULT_RETRIES, Attempts, ClientRetryPolicy
from router_core.client.calls import (
    CONNECT_TIMEOUT_S,
    DEFAULT_TIMEOUT_S,
    HEALTH_TIMEOUT_S,
    REFUSALS,
    CallOptions,
    ClientCall,
    ClientSettings,
    Key,
    Request,
)
from router_core.client.errors import LLMRouterError, error_of, translated
from router_core.client.streams import StreamRecord
from router_core.client.wire import StreamReader
from router_core.clock import Clock, SystemClock
from router_core.types import Decision, LLMResponse, StreamPart, TextDelta

__all__ = ["AsyncAnswerStream", "AsyncRouterClient"]

T = TypeVar("T")


class AsyncAnswerStream(AsyncIterator[StreamPart]):
    """The same as :class:`AnswerStream` for asynchronous programs."""

    def __init__(self, parts: AsyncGenerator[StreamPart, None], record: StreamRecord) -> None:
        self._parts = parts
        self._record = record

    def then(self, end: Callable[[], Awaitable[None]]) -> "AsyncAnswerStream":
        """Return a stream of the same parts, at whose end, however it comes, ``end`` is awaited."""
        return AsyncAnswerStream(_followed(self._parts, end), self._record)

    @property
    def facts(self) -> AnswerFacts | None:
        """The request's id, limits and attempts; None until the first part has come."""
        return self._record.facts

    @property
    def response(self) -> LLMResponse | None:
        """The whole answer; None until the last part has come."""
        return self._record.response

    async def texts(self) -> AsyncIterator[str]:
        """Yield the answer's text alone, piece by piece."""
        async for part in self:
            if isinstance(part, TextDelta):
                yield part.text

    async def aclose(self) -> None:
        """End the call."""
        await self._parts.aclose()

    async def __anext__(self) -> StreamPart:
        return await anext(self._parts)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


class AsyncRouterClient:
    """The same as :class:`RouterClient` for asynchronous programs."""

    def __init__(
        self,
        url: str | None = None,
        api_key: Key = None,
        *,
        timeout: float = DEFAULT_TIMEOUT_S,
        retries: int = DEFAULT_RETRIES,
        transport: httpx2.AsyncBaseTransport | None = None,
        clock: Clock | None = None,
    ) -> None:
        own = self._settings = ClientSettings(url, api_key, timeout, ClientRetryPolicy(retries=retries))
        self._clock = clock or SystemClock()
        self._http = httpx2.AsyncClient(
            base_url=own.url, headers=own.headers, verify=own.trust(), trust_env=False, transport=transport
        )

    async def call(self, request: Request, **options: Unpack[CallOptions]) -> LLMResponse:
        """Return the whole answer."""
        return (await self.call_with_facts(request, **options))[0]

    async def call_with_facts(
        self, request: Request, **options: Unpack[CallOptions]
    ) -> tuple[LLMResponse, AnswerFacts]:
        """Return the whole answer, and what its headers say: the request's id, limits, attempts."""
        return await self._ask(self._settings.prompt(request, options, stream=False), LLMResponse)

    async def call_json(self, request: Request, **options: Unpack[CallOptions]) -> dict[str, Any]:
        """Return the whole answer as the JSON object that came."""
        return (await self._ask(self._settings.prompt(request, options, stream=False), dict[str, Any]))[0]

    def stream(self, request: Request, **options: Unpack[CallOptions]) -> AsyncAnswerStream:
        """Return the answer as its parts come; the call begins with the first one that is asked for."""
        record = StreamRecord()
        return AsyncAnswerStream(self._parts(self._settings.prompt(request, options, stream=True), record), record)

    @overload
    async def call_with_fallback(
        self, request: Request, fallback: Callable[[], Awaitable[T]], **options: Unpack[CallOptions]
    ) -> LLMResponse | T: ...

    @overload
    async def call_with_fallback(
        self, request: Request, fallback: Callable[[], T], **options: Unpack[CallOptions]
    ) -> LLMResponse | T: ...

    async def call_with_fallback(
        self, request: Request, fallback: Callable[[], Any], **options: Unpack[CallOptions]
    ) -> Any:
        """Return the router's answer, or ``fallback``'s; see :meth:`RouterClient.call_with_fallback`."""
        if not self._settings.enabled:
            return await _result(fallback)
        try:
            return await self.call(request, **options)
        except LLMRouterError as error:
            if error.status_code in REFUSALS:
                raise
            return await _result(fallback)

    async def route(self, request: Request, **options: Unpack[CallOptions]) -> Decision:
        """Return where the request would go, and why; nothing is called and nothing charged."""
        return (await self._ask(self._settings.route(request, options), Decision))[0]

    async def budget(self, **options: Unpack[CallOptions]) -> dict[str, Any]:
        """Return how the budgets of the caller's account stand."""
        return (await self._ask(self._settings.question("budget", options), dict[str, Any]))[0]

    async def usage(self, **options: Unpack[CallOptions]) -> dict[str, Any]:
        """Return what the caller's account spent."""
        return (await self._ask(self._settings.question("usage", options), dict[str, Any]))[0]

    async def health(self) -> dict[str, Any]:
        """Return the router's report on its providers, whether they are healthy or not."""
        call = self._settings.question("health", {"timeout": HEALTH_TIMEOUT_S, "retries": 0})
        return (await self._ask(call, dict[str, Any], also=(httpx2.codes.SERVICE_UNAVAILABLE,)))[0]

    async def health_check(self) -> bool:
        """Say whether the router answers and all its providers are healthy; never raises for an unreachable one."""
        try:
            return (await self.health()).get("healthy") is True
        except LLMRouterError:
            return False

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _ask(self, call: ClientCall, kind: type[T], also: tuple[int, ...] = ()) -> tuple[T, AnswerFacts]:
        attempts = Attempts(call.policy, call.timeout, self._clock)
        while True:
            try:
                with translated(call.timeout):
                    async with asyncio.timeout(attempts.begin()), self._sent(call) as response:
                        body = await response.aread()
                    if response.status_code != httpx2.codes.OK and response.status_code not in also:
                        raise error_of(response, body)
                    return msgspec.json.decode(body, type=kind), facts_of(response.headers, attempts.number)
            except LLMRouterError as error:
                wait = attempts.wait_after(error)
            await self._clock.sleep(wait)

    async def _parts(self, call: ClientCall, record: StreamRecord) -> AsyncGenerator[StreamPart, None]:
        attempts = Attempts(call.policy, call.timeout, self._clock)
        while True:
            try:
                attempts.begin()
                with translated(call.timeout):
                    async with (
                        self._sent(call) as response,
                        aclosing(_read(response, attempts.number, record)) as parts,
                    ):
                        async for part in parts:
                            yield part
            except LLMRouterError as error:
                wait = record.wait_after(error, attempts)
            else:
                return
            await self._clock.sleep(wait)

    def _sent(self, call: ClientCall) -> AbstractAsyncContextManager[httpx2.Response]:
        limits = httpx2.Timeout(call.timeout, connect=min(call.timeout, CONNECT_TIMEOUT_S))
        return self._http.stream(call.method, call.path, content=call.content, headers=call.headers, timeout=limits)


async def _read(response: httpx2.Response, number: int, record: StreamRecord) -> AsyncGenerator[StreamPart, None]:
    if response.status_code != httpx2.codes.OK:
        raise error_of(response, await response.aread())
    facts = facts_of(response.headers, number)
    reader = StreamReader(facts.cache)
    async for piece in response.aiter_bytes():
        for part in reader.parts(piece):
            yield record.note(part, facts)
    reader.check_complete()


async def _result(fallback: Callable[[], Any]) -> Any:
    made = fallback()
    return await made if isawaitable(made) else made


async def _followed(
    parts: AsyncGenerator[StreamPart, None], end: Callable[[], Awaitable[None]]
) -> AsyncGenerator[StreamPart, None]:
    try:
        async with aclosing(parts):
            async for part in parts:
                yield part
    finally:
        await end()
