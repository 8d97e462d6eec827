"""The synchronous client."""

import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager
from typing import Any, Self, TypeVar, Unpack

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
from router_core.clock import SystemClock
from router_core.types import Decision, LLMResponse, StreamPart, TextDelta

__all__ = ["AnswerStream", "PatientClock", "RouterClient"]

T = TypeVar("T")


class PatientClock(SystemClock):
    """A clock that a thread can wait by."""

    __slots__ = ()

    def wait(self, seconds: float) -> None:
        """Return after ``seconds``."""
        threading.Event().wait(seconds)


class AnswerStream(Iterator[StreamPart]):
    """The parts of an answer while it is made, ``FinishPart`` last.

    Closing it, or leaving its ``with`` block, ends the call: the router then ends its provider's. Iterating raises
    :class:`LLMRouterError` where the answer fails or breaks off.
    """

    def __init__(self, parts: Generator[StreamPart, None, None], record: StreamRecord) -> None:
        self._parts = parts
        self._record = record

    def then(self, end: Callable[[], None]) -> "AnswerStream":
        """Return a stream of the same parts, at whose end, however it comes, ``end`` is called."""
        return AnswerStream(_followed(self._parts, end), self._record)

    @property
    def facts(self) -> AnswerFacts | None:
        """The request's id, limits and attempts; None until the first part has come."""
        return self._record.facts

    @property
    def response(self) -> LLMResponse | None:
        """The whole answer; None until the last part has come."""
        return self._record.response

    def texts(self) -> Iterator[str]:
        """Yield the answer's text alone, piece by piece."""
        return (part.text for part in self if isinstance(part, TextDelta))

    def close(self) -> None:
        """End the call."""
        self._parts.close()

    def __next__(self) -> StreamPart:
        return next(self._parts)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class RouterClient:
    """Calls the router, from any number of threads. Close it, or use it in a ``with`` block.

    ``timeout`` is the seconds that a call may take, retries included; in a stream, until its first part and between
    two. What fails and may be asked again is asked again, ``retries`` times at most, after the wait that the router
    names; a stream only while nothing of it has come. Every call raises :class:`LLMRouterError` or one of its
    subclasses, and takes :class:`CallOptions`.
    """

    def __init__(
        self,
        url: str | None = None,
        api_key: Key = None,
        *,
        timeout: float = DEFAULT_TIMEOUT_S,
        retries: int = DEFAULT_RETRIES,
        transport: httpx2.BaseTransport | None = None,
        clock: PatientClock | None = None,
    ) -> None:
        own = self._settings = ClientSettings(url, api_key, timeout, ClientRetryPolicy(retries=retries))
        self._clock = clock or PatientClock()
        self._http = httpx2.Client(
            base_url=own.url, headers=own.headers, verify=own.trust(), trust_env=False, transport=transport
        )

    def call(self, request: Request, **options: Unpack[CallOptions]) -> LLMResponse:
        """Return the whole answer."""
        return self.call_with_facts(request, **options)[0]

    def call_with_facts(self, request: Request, **options: Unpack[CallOptions]) -> tuple[LLMResponse, AnswerFacts]:
        """Return the whole answer, and what its headers say: the request's id, limits, attempts."""
        return self._ask(self._settings.prompt(request, options, stream=False), LLMResponse)

    def call_json(self, request: Request, **options: Unpack[CallOptions]) -> dict[str, Any]:
        """Return the whole answer as the JSON object that came."""
        return self._ask(self._settings.prompt(request, options, stream=False), dict[str, Any])[0]

    def stream(self, request: Request, **options: Unpack[CallOptions]) -> AnswerStream:
        """Return the answer as its parts come; the call begins with the first one that is asked for."""
        record = StreamRecord()
        return AnswerStream(self._parts(self._settings.prompt(request, options, stream=True), record), record)

    def call_with_fallback(
        self, request: Request, fallback: Callable[[], T], **options: Unpack[CallOptions]
    ) -> LLMResponse | T:
        """Return the router's answer, or ``fallback``'s when the router is switched off or fails.

        A refusal (bad input, spent budget, missing right) is raised: going round the router would undo it.
        """
        if not self._settings.enabled:
            return fallback()
        try:
            return self.call(request, **options)
        except LLMRouterError as error:
            if error.status_code in REFUSALS:
                raise
            return fallback()

    def route(self, request: Request, **options: Unpack[CallOptions]) -> Decision:
        """Return where the request would go, and why; nothing is called and nothing charged."""
        return self._ask(self._settings.route(request, options), Decision)[0]

    def budget(self, **options: Unpack[CallOptions]) -> dict[str, Any]:
        """Return how the budgets of the caller's account stand."""
        return self._ask(self._settings.question("budget", options), dict[str, Any])[0]

    def usage(self, **options: Unpack[CallOptions]) -> dict[str, Any]:
        """Return what the caller's account spent."""
        return self._ask(self._settings.question("usage", options), dict[str, Any])[0]

    def health(self) -> dict[str, Any]:
        """Return the router's report on its providers, whether they are healthy or not."""
        call = self._settings.question("health", {"timeout": HEALTH_TIMEOUT_S, "retries": 0})
        return self._ask(call, dict[str, Any], also=(httpx2.codes.SERVICE_UNAVAILABLE,))[0]

    def health_check(self) -> bool:
        """Say whether the router answers and all its providers are healthy; never raises for an unreachable one."""
        try:
            return self.health().get("healthy") is True
        except LLMRouterError:
            return False

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask(self, call: ClientCall, kind: type[T], also: tuple[int, ...] = ()) -> tuple[T, AnswerFacts]:
        attempts = Attempts(call.policy, call.timeout, self._clock)
        while True:
            try:
                with translated(call.timeout), self._sent(call, attempts.begin()) as response:
                    body = b"".join(_in_time(response.iter_bytes(), attempts))
                    if response.status_code != httpx2.codes.OK and response.status_code not in also:
                        raise error_of(response, body)
                    return msgspec.json.decode(body, type=kind), facts_of(response.headers, attempts.number)
            except LLMRouterError as error:
                wait = attempts.wait_after(error)
            self._clock.wait(wait)

    def _parts(self, call: ClientCall, record: StreamRecord) -> Generator[StreamPart, None, None]:
        attempts = Attempts(call.policy, call.timeout, self._clock)
        while True:
            try:
                attempts.begin()
                with translated(call.timeout), self._sent(call, call.timeout) as response:
                    yield from _read(response, attempts.number, record)
            except LLMRouterError as error:
                wait = record.wait_after(error, attempts)
            else:
                return
            self._clock.wait(wait)

    def _sent(self, call: ClientCall, seconds: float) -> AbstractContextManager[httpx2.Response]:
        limits = httpx2.Timeout(seconds, connect=min(seconds, CONNECT_TIMEOUT_S))
        return self._http.stream(call.method, call.path, content=call.content, headers=call.headers, timeout=limits)


def _in_time(pieces: Iterator[bytes], attempts: Attempts) -> Iterator[bytes]:
    """Yield ``pieces`` as long as there is time. Raises :class:`LLMRouterTimeoutError`."""
    for piece in pieces:
        attempts.left()
        yield piece


def _read(response: httpx2.Response, number: int, record: StreamRecord) -> Iterator[StreamPart]:
    if response.status_code != httpx2.codes.OK:
        raise error_of(response, response.read())
    facts = facts_of(response.headers, number)
    reader = StreamReader(facts.cache)
    for piece in response.iter_bytes():
        for part in reader.parts(piece):
            yield record.note(part, facts)
    reader.check_complete()


def _followed(parts: Generator[StreamPart, None, None], end: Callable[[], None]) -> Generator[StreamPart, None, None]:
    try:
        yield from parts
    finally:
        end()
