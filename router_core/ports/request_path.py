"""What serving one request needs."""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from typing import Any, Protocol

from router_core.errors import LLMError
from router_core.types import (
    AnswerPart,
    ProviderAnswer,
    ProviderCall,
    ProviderConfig,
    ProviderKind,
    ProviderPart,
    Question,
    RequestEvent,
    Served,
    Snapshot,
    Tariff,
    ToolFormat,
    UsableKey,
)

__all__ = [
    "AdapterSource",
    "AnswerCall",
    "ConfigSource",
    "Embedder",
    "KeySource",
    "PriceSource",
    "ProviderAdapter",
    "Recorder",
    "ResponseCache",
    "RunnableTool",
    "ToolSource",
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

    async def count_tokens(self, call: ProviderCall) -> int | None:
        """Return how many tokens the model would read, which costs nothing; None where the vendor does not count."""
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
    """Finds the keys of providers."""

    def keys_for(self, provider: ProviderConfig) -> Sequence[UsableKey]:
        """Return the keys that may go to the host of ``provider``, by rank and then the heaviest first.

        Nothing when there is none; never touches the store.
        """
        ...


class PriceSource(Protocol):
    """Knows what tokens cost."""

    def tariff(self, account_id: str | None = None) -> Tariff:
        """Return what ``account_id`` pays from now on, None for nobody in particular."""
        ...


class AnswerCall(Protocol):
    """The call that gets an answer which is not kept, on account of the request that asks first."""

    def parts(self) -> AsyncGenerator[AnswerPart, None]:
        """Begin the call: a whole :class:`ProviderAnswer`, or the parts of a stream. Raises :class:`LLMError`."""
        ...

    def begun(self) -> Served:
        """Return who answers first, once the first part is there."""
        ...

    def served(self) -> Served | None:
        """Return who answered, None for an answer that is put together from several."""
        ...

    def patience(self) -> float:
        """Return the seconds that its request still has."""
        ...

    def too_late(self) -> LLMError:
        """Return the error of its request's deadline."""
        ...

    def outlives(self) -> Callable[[], None]:
        """The request is over but its call goes on, for others; return what is to be called once it has ended."""
        ...


class ResponseCache(Protocol):
    """Keeps answers for equal questions. A fault in it is a miss, never an error."""

    def answer(self, question: Question, call: AnswerCall) -> AsyncGenerator[AnswerPart, None]:
        """Return the answer to ``question``: a kept one, one that is on its way to another request, or ``call``'s own.

        Where the cache was asked, :class:`Served` comes first. Raises the :class:`LLMError` of the call.
        """
        ...


class Embedder(Protocol):
    """Turns texts into directions, so that similar texts point the same way."""

    async def embed(self, text: str) -> Mapping[int, float]:
        """Return the direction of ``text``, of length 1, by dimension; what is left out is 0."""
        ...


class Recorder(Protocol):
    """Receives each finished request exactly once."""

    def record(self, event: RequestEvent) -> None:
        """Take ``event``; returns at once and never raises."""
        ...


class RunnableTool(Protocol):
    """A tool that runs here. ``format`` is what models are told of it, ``timeout`` seconds, None for the usual."""

    @property
    def format(self) -> ToolFormat:
        """What models are told of it."""
        ...

    @property
    def timeout(self) -> float | None:
        """The seconds that a run may take, None for as many as is usual."""
        ...

    def fault(self, args: dict[str, Any]) -> str | None:
        """Return why the tool does not take ``args``, None when it does."""
        ...

    async def run(self, args: dict[str, Any]) -> Any:
        """Return the tool's result. Raises whatever it raises; cancelling it ends the run."""
        ...


class ToolSource(Protocol):
    """Knows the tools that run here."""

    def tools(self, account_id: str | None, use_case: str) -> Mapping[str, RunnableTool]:
        """Return the tools that requests of ``account_id`` for ``use_case`` may use; never touches the network."""
        ...
