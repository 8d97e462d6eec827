"""Passes on what a client wrote in a vendor's own protocol, and the vendor's own answer to it."""

from collections.abc import Iterable
from typing import Any, Protocol

import msgspec
from msgspec import structs

from router_core.types import (
    AnswerEnd,
    NativeEvents,
    NativeProtocol,
    NativeRequest,
    ProviderCall,
    ProviderPart,
    RelayedRequest,
)

__all__ = [
    "RelayReader",
    "StreamReader",
    "anthropic_body",
    "anthropic_count_body",
    "embeddings_body",
    "native_of",
    "openai_body",
    "responses_body",
]

_MOST_HELD = 64 * 1024
_LIMITS = ("max_completion_tokens", "max_tokens")


class StreamReader(Protocol):
    """Turns the events of one stream into parts."""

    @property
    def ended(self) -> bool:
        """Whether its end marker has come."""
        ...

    def feed(self, payload: bytes) -> Iterable[ProviderPart]:
        """Return the parts of one event."""
        ...

    def end(self) -> AnswerEnd:
        """Return the last part."""
        ...


class RelayReader:
    """Hands on the events of a stream ahead of the parts that ``reader`` makes of them.

    Events that amount to nothing yet are held back: as long as nothing was handed on, another may answer instead.
    So are at most 64 kB of them.
    """

    def __init__(self, reader: StreamReader) -> None:
        self._reader = reader
        self._held: list[bytes] = []
        self._size = 0
        self._begun = False

    @property
    def ended(self) -> bool:
        """Whether the end marker has come."""
        return self._reader.ended

    def feed(self, payload: bytes) -> Iterable[ProviderPart]:
        """Return the parts of one event, its own bytes first. Raises what the reader raises."""
        parts = tuple(self._reader.feed(payload))
        self._held.append(payload)
        self._size += len(payload)
        self._begun = self._begun or bool(parts) or self._size > _MOST_HELD
        return (NativeEvents(self._let_go(), len(parts)), *parts) if self._begun else ()

    def end(self) -> AnswerEnd:
        """Return the last part, with the events that are still held back."""
        return structs.replace(self._reader.end(), native=self._let_go())

    def _let_go(self) -> tuple[bytes, ...]:
        held, self._held = tuple(self._held), []
        return held


def native_of(call: ProviderCall, protocols: frozenset[NativeProtocol]) -> NativeRequest | None:
    """Return the request as its client wrote it, None unless it is in one of ``protocols``."""
    request = call.request
    if isinstance(request, RelayedRequest) and request.native.protocol in protocols:
        return request.native
    return None


def openai_body(call: ProviderCall, native: NativeRequest, limit: str, *, stream: bool) -> bytes:
    """Return the body of a chat completion as the client wrote it.

    ``limit`` is what the model calls its limit, as far as we know; a client that uses the newer name knows better.
    """
    fields: dict[str, Any] = {name: value for name, value in native.fields.items() if name not in _LIMITS}
    fields["model"] = call.provider.model
    fields[_LIMITS[0] if _LIMITS[0] in native.fields else limit] = call.max_tokens
    if call.provider.capabilities.max_temperature is None:
        fields.pop("temperature", None)
    if stream:
        fields["stream"] = True
        asked = msgspec.json.decode(native.fields.get("stream_options", b"null"), type=dict[str, Any] | None)
        fields["stream_options"] = {**(asked or {}), "include_usage": True}
    return msgspec.json.encode(fields)


def responses_body(call: ProviderCall, native: NativeRequest, *, stream: bool) -> bytes:
    """Return the body of a request for a response as the client wrote it; the vendor keeps nothing of it."""
    fields: dict[str, Any] = {**native.fields, "model": call.provider.model, "max_output_tokens": call.max_tokens}
    # What lies at the vendor would be within reach of everybody who has the same key.
    fields["store"] = False
    if call.provider.capabilities.max_temperature is None:
        fields.pop("temperature", None)
    if stream:
        fields["stream"] = True
    return msgspec.json.encode(fields)


def embeddings_body(call: ProviderCall, native: NativeRequest) -> bytes:
    """Return the body of a request for embeddings as the client wrote it."""
    return msgspec.json.encode({**native.fields, "model": call.provider.model})


def anthropic_body(call: ProviderCall, native: NativeRequest, *, stream: bool) -> bytes:
    """Return the body of a message request as the client wrote it."""
    fields: dict[str, Any] = {**native.fields, "model": call.provider.model, "max_tokens": call.max_tokens}
    if call.provider.capabilities.max_temperature is None:
        fields.pop("temperature", None)
    if stream:
        fields["stream"] = True
    return msgspec.json.encode(fields)


def anthropic_count_body(call: ProviderCall, native: NativeRequest) -> bytes:
    """Return the body of a request to count the tokens of a message request, as the client wrote it."""
    return msgspec.json.encode({**native.fields, "model": call.provider.model})
