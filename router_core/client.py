"""The router over HTTP: a synchronous and an asynchronous client.

Both read ``SIGNALBOX_URL``, ``SIGNALBOX_API_KEY`` and ``USE_LLM_ROUTER`` where no argument says otherwise.
"""

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Self, TypeVar

import httpx2
import msgspec
from msgspec import Struct

from router_core.types import (
    Cost,
    FinishPart,
    LLMRequest,
    LLMResponse,
    ReasoningDelta,
    Secret,
    StartPart,
    StreamPart,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    ToolCallEnd,
    ToolCallStart,
    WireUsage,
)

__all__ = [
    "AsyncRouterClient",
    "LLMRouterAuthError",
    "LLMRouterError",
    "LLMRouterTimeoutError",
    "RouterClient",
    "create_router_client",
    "router_call",
    "router_call_stream",
]

DEFAULT_TIMEOUT_S = 60.0
HEALTH_TIMEOUT_S = 5.0
LLM_PATH = "/api/llm"
HEALTH_PATH = "/api/llm/health"

# A request as the library's own type, or as the JSON object of the HTTP interface.
Request = LLMRequest | Mapping[str, Any]
Key = str | Secret | None
T = TypeVar("T")

# Answers with which the router says that the request, not the router, is at fault: no reason to go round it.
_REFUSALS = frozenset({400, 402, 403, 404, 405, 409, 413, 415, 422})
_OFF = frozenset({"false", "0", "no", "off"})


class LLMRouterError(Exception):
    """The router did not answer the prompt. ``status_code`` is None when no HTTP answer came; ``context`` has the rest.

    ``context`` holds the further fields of the answer's ``error`` object, such as ``requestId`` and ``retryAfterMs``.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str = "INTERNAL_ERROR",
        status_code: int | None = None,
        retryable: bool = False,
        context: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.status_code = status_code
        self.retryable = retryable
        self.context = dict(context or {})


class LLMRouterTimeoutError(LLMRouterError):
    """No answer came in time."""


class LLMRouterAuthError(LLMRouterError):
    """The router did not accept the API key."""


class _Settings:
    """What both clients need, from arguments first and the environment second."""

    __slots__ = ("enabled", "headers", "timeout", "url")

    def __init__(self, url: str | None, api_key: Key, timeout: float) -> None:
        address = url or os.environ.get("SIGNALBOX_URL", "")
        if not address:
            raise ValueError("no router address: pass url or set SIGNALBOX_URL")
        key = api_key or os.environ.get("SIGNALBOX_API_KEY", "")
        plain = key.reveal() if isinstance(key, Secret) else key
        self.url = address.rstrip("/")
        self.headers = {"content-type": "application/json"}
        if plain:
            self.headers["authorization"] = f"Bearer {plain}"
        self.timeout = timeout
        self.enabled = os.environ.get("USE_LLM_ROUTER", "true").strip().lower() not in _OFF


class RouterClient:
    """Calls the router. ``timeout`` is in seconds; close it, or use it in a ``with`` block.

    Every call raises :class:`LLMRouterError` or one of its subclasses.
    """

    def __init__(self, url: str | None = None, api_key: Key = None, *, timeout: float = DEFAULT_TIMEOUT_S) -> None:
        own = self._settings = _Settings(url, api_key, timeout)
        self._http = httpx2.Client(base_url=own.url, headers=own.headers, timeout=timeout, trust_env=False)

    def call(self, request: Request) -> LLMResponse:
        """Return the whole answer."""
        return self._post(request, _ANSWERS)

    def call_json(self, request: Request) -> dict[str, Any]:
        """Return the whole answer as the JSON object that came."""
        return self._post(request, _OBJECTS)

    def stream(self, request: Request) -> Iterator[StreamPart]:
        """Yield the answer in parts while it is made, ``FinishPart`` last."""
        reader = _StreamReader()
        with _translated(), self._http.stream("POST", LLM_PATH, content=_encode(request, stream=True)) as response:
            if response.status_code != httpx2.codes.OK:
                raise _error_of(response.status_code, response.read())
            for line in response.iter_lines():
                yield from reader.parts(line)
        reader.check_complete()

    def call_with_fallback(self, request: Request, fallback: Callable[[], T]) -> LLMResponse | T:
        """Return the router's answer, or ``fallback``'s when the router is switched off or fails.

        A refusal (bad input, spent budget, missing right) is raised: going round the router would undo it.
        """
        if not self._settings.enabled:
            return fallback()
        try:
            return self.call(request)
        except LLMRouterError as error:
            if error.status_code in _REFUSALS:
                raise
            return fallback()

    def health_check(self) -> bool:
        """Say whether the router answers and all its providers are healthy; never raises for an unreachable one."""
        try:
            return self._http.get(HEALTH_PATH, timeout=HEALTH_TIMEOUT_S).status_code == httpx2.codes.OK
        except httpx2.HTTPError:
            return False

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _post(self, request: Request, decoder: "msgspec.json.Decoder[T]") -> T:
        with _translated():
            response = self._http.post(LLM_PATH, content=_encode(request, stream=False))
            if response.status_code != httpx2.codes.OK:
                raise _error_of(response.status_code, response.content)
            return decoder.decode(response.content)


class AsyncRouterClient:
    """The same as :class:`RouterClient` for asynchronous programs."""

    def __init__(self, url: str | None = None, api_key: Key = None, *, timeout: float = DEFAULT_TIMEOUT_S) -> None:
        own = self._settings = _Settings(url, api_key, timeout)
        self._http = httpx2.AsyncClient(base_url=own.url, headers=own.headers, timeout=timeout, trust_env=False)

    async def call(self, request: Request) -> LLMResponse:
        """Return the whole answer."""
        return await self._post(request, _ANSWERS)

    async def call_json(self, request: Request) -> dict[str, Any]:
        """Return the whole answer as the JSON object that came."""
        return await self._post(request, _OBJECTS)

    async def stream(self, request: Request) -> AsyncIterator[StreamPart]:
        """Yield the answer in parts while it is made, ``FinishPart`` last."""
        reader = _StreamReader()
        content = _encode(request, stream=True)
        with _translated():
            async with self._http.stream("POST", LLM_PATH, content=content) as response:
                if response.status_code != httpx2.codes.OK:
                    raise _error_of(response.status_code, await response.aread())
                async for line in response.aiter_lines():
                    for part in reader.parts(line):
                        yield part
        reader.check_complete()

    async def call_with_fallback(self, request: Request, fallback: Callable[[], Awaitable[T]]) -> LLMResponse | T:
        """Return the router's answer, or ``fallback``'s; see :meth:`RouterClient.call_with_fallback`."""
        if not self._settings.enabled:
            return await fallback()
        try:
            return await self.call(request)
        except LLMRouterError as error:
            if error.status_code in _REFUSALS:
                raise
            return await fallback()

    async def health_check(self) -> bool:
        """Say whether the router answers and all its providers are healthy; never raises for an unreachable one."""
        try:
            return (await self._http.get(HEALTH_PATH, timeout=HEALTH_TIMEOUT_S)).status_code == httpx2.codes.OK
        except httpx2.HTTPError:
            return False

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _post(self, request: Request, decoder: "msgspec.json.Decoder[T]") -> T:
        with _translated():
            response = await self._http.post(LLM_PATH, content=_encode(request, stream=False))
            if response.status_code != httpx2.codes.OK:
                raise _error_of(response.status_code, response.content)
            return decoder.decode(response.content)


def create_router_client(url: str | None = None, api_key: Key = None, **options: float) -> RouterClient:
    """Return a client; see :class:`RouterClient` for ``options``."""
    return RouterClient(url, api_key, **options)


def router_call(request: Request) -> LLMResponse:
    """Return the answer to one request, with everything else from the environment."""
    with create_router_client() as client:
        return client.call(request)


def router_call_stream(request: Request) -> Iterator[StreamPart]:
    """Yield the answer to one request in parts, with everything else from the environment."""
    with create_router_client() as client:
        yield from client.stream(request)


# --- the wire ------------------------------------------------------------------------------------------------------


class _Metadata(Struct, rename="camel"):
    request_id: str = ""
    provider: str = ""
    model: str = ""
    usage: WireUsage = WireUsage(
        prompt_tokens=0, completion_tokens=0, total_tokens=0, cached_tokens=0, reasoning_tokens=0
    )
    cost: Cost = Cost(usd=None, estimated=False)
    latency_ms: float = 0.0
    steps: int = 1
    cached: bool = False
    decision: Any = msgspec.UNSET
    error: dict[str, Any] | None = None


class _Event(Struct, rename="camel"):
    type: str
    delta: str = ""
    tool_call_id: str = ""
    tool_name: str = ""
    input_text_delta: str = ""
    input: Any = None
    error_text: str = ""
    finish_reason: str = "other"
    message_metadata: _Metadata | None = None


_EVENTS = msgspec.json.Decoder(_Event)
_ANSWERS = msgspec.json.Decoder(LLMResponse)
_OBJECTS = msgspec.json.Decoder(dict[str, Any])
_DATA = "data: "
_DONE = "[DONE]"


class _StreamReader:
    """Turns the lines of a UI message stream back into parts."""

    __slots__ = ("_calls", "_complete", "_error_text", "_texts")

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._calls: list[ToolCall] = []
        self._complete = False
        self._error_text = "The stream broke off"

    def parts(self, line: str) -> Iterator[StreamPart]:
        """Yield what ``line`` says. Raises :class:`LLMRouterError` when it ends a failed stream."""
        data = line.removeprefix(_DATA)
        if len(data) == len(line) or data == _DONE:
            return
        part = self._part(_EVENTS.decode(data))
        if part is not None:
            yield part

    def check_complete(self) -> None:
        """Raise :class:`LLMRouterError` unless the stream came to its proper end."""
        if not self._complete:
            raise LLMRouterError(self._error_text, code="NETWORK", retryable=True)

    def _part(self, event: _Event) -> StreamPart | None:
        match event.type:
            case "text-delta":
                self._texts.append(event.delta)
                return TextDelta(event.delta)
            case "reasoning-delta":
                return ReasoningDelta(event.delta)
            case "start":
                about = event.message_metadata or _Metadata()
                return StartPart(about.request_id, about.provider, about.model)
            case "error":
                self._error_text = event.error_text
                return None
            case "finish":
                return self._finish(event, event.message_metadata or _Metadata())
            case _:
                return self._tool_part(event)

    def _tool_part(self, event: _Event) -> StreamPart | None:
        match event.type:
            case "tool-input-start":
                return ToolCallStart(event.tool_call_id, event.tool_name)
            case "tool-input-delta":
                return ToolCallDelta(event.tool_call_id, event.input_text_delta)
            case "tool-input-available":
                call = ToolCall(tool_call_id=event.tool_call_id, tool_name=event.tool_name, args=event.input)
                self._calls.append(call)
                return ToolCallEnd(call)
            case _:
                return None

    def _finish(self, event: _Event, about: _Metadata) -> FinishPart:
        if about.error is not None:
            raise _error_from(about.error, None)
        self._complete = True
        document = {
            **msgspec.to_builtins(about),
            "text": "".join(self._texts),
            "toolCalls": msgspec.to_builtins(self._calls),
            "finishReason": event.finish_reason,
        }
        return FinishPart(msgspec.convert(document, LLMResponse))


def _encode(request: Request, *, stream: bool) -> bytes:
    document = msgspec.to_builtins(request) if isinstance(request, LLMRequest) else dict(request)
    return msgspec.json.encode({**document, "stream": stream, "streamProtocol": "ui"})


def _error_of(status: int, body: bytes) -> LLMRouterError:
    try:
        facts = _OBJECTS.decode(body).get("error")
    except msgspec.DecodeError:
        facts = None
    return _error_from(facts if isinstance(facts, dict) else {}, status)


def _error_from(facts: Mapping[str, Any], status: int | None) -> LLMRouterError:
    rest = dict(facts)
    code, message = str(rest.pop("code", "INTERNAL_ERROR")), str(rest.pop("message", "The router failed"))
    retryable = bool(rest.pop("retryable", status is not None and status >= httpx2.codes.BAD_GATEWAY))
    kind = _KINDS.get(code, LLMRouterError)
    return kind(message, code=code, status_code=status, retryable=retryable, context=rest)


_KINDS: Mapping[str, type[LLMRouterError]] = {
    "UNAUTHORIZED": LLMRouterAuthError,
    "TIMEOUT": LLMRouterTimeoutError,
}


@contextmanager
def _translated() -> Iterator[None]:
    """Turn failures of the connection into the client's own errors."""
    try:
        yield
    except httpx2.TimeoutException as error:
        raise LLMRouterTimeoutError("No answer from the router in time", code="TIMEOUT", retryable=True) from error
    except httpx2.HTTPError as error:
        raise LLMRouterError("The router cannot be reached", code="NETWORK", retryable=True) from error
    except msgspec.DecodeError as error:
        raise LLMRouterError("The answer cannot be read", code="PROVIDER_ERROR", retryable=True) from error
