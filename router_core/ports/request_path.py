"""What serving one request needs."""

from collections.abc import AsyncGenerator
from typing import Protocol

from router_core.types import (
    LLMRequest,
    LLMResponse,
    Plan,
    Principal,
    ProviderAnswer,
    ProviderCall,
    ProviderConfig,
    ProviderKind,
    ProviderPart,
    RequestEvent,
    Secret,
    Snapshot,
    Tariff,
)

__all__ = [
    "AdapterSource",
    "ConfigSource",
    "KeySource",
    "PriceSource",
    "ProviderAdapter",
    "Recorder",
    "ResponseCache",
]


class ConfigSource(Protocol):
    """Hands out the configuration in force."""

    def snapshot(self) -> Snapshot:
        """Return the current immutable snapshot; never touches the store."""
        ...


class ProviderAdapter(Protocol):
    """Speaks one vendor's protocol. Raises :class:`ProviderError` subclasses, and nothing else, for their faults."""

    async def complete(self, call: ProviderCall) -> ProviderAnswer:
        """Return the whole answer."""
        ...

    def stream(self, call: ProviderCall) -> AsyncGenerator[ProviderPart, None]:
        """Yield the answer in parts, :class:`AnswerEnd` last; closing the generator closes the connection."""
        ...

    async def close(self) -> None:
        """Close the connections that are not in use."""
        ...


class AdapterSource(Protocol):
    """Finds the adapter of a provider kind; the first call of a kind may load its SDK, off the event loop."""

    async def adapter(self, kind: ProviderKind) -> ProviderAdapter:
        """Return the adapter for ``kind``."""
        ...


class KeySource(Protocol):
    """Finds provider keys, in the order environment, then sealed key of the row."""

    def key_for(self, provider: ProviderConfig) -> Secret | None:
        """Return the key to use for ``provider``, or None when there is none."""
        ...


class PriceSource(Protocol):
    """Knows what tokens cost."""

    def tariff(self, account_id: str | None = None) -> Tariff:
        """Return what ``account_id`` pays from now on, None for nobody in particular."""
        ...


class ResponseCache(Protocol):
    """Keeps answers for identical requests. A fault in it is a miss, never an error."""

    async def look(self, request: LLMRequest, principal: Principal, plan: Plan) -> LLMResponse | None:
        """Return a kept answer."""
        ...

    async def keep(self, request: LLMRequest, principal: Principal, plan: Plan, response: LLMResponse) -> None:
        """Keep a whole, successful answer."""
        ...


class Recorder(Protocol):
    """Receives each finished request exactly once."""

    def record(self, event: RequestEvent) -> None:
        """Take ``event``; returns at once and never raises."""
        ...
