"""The layer in front of the real adapters that spoils the calls a drill picks."""

from collections.abc import AsyncGenerator, Coroutine
from typing import Any

from router_core.clock import Clock
from router_core.drills.board import DrillBoard
from router_core.drills.faults import spoilt_answer, spoilt_stream
from router_core.ports import AdapterSource, ProviderAdapter
from router_core.types import ProviderAnswer, ProviderCall, ProviderKind, ProviderPart

__all__ = ["DrillAdapters", "DrilledAdapter"]


class DrillAdapters:
    """Implements ``AdapterSource``: hands out the real adapters of ``inner`` while no drill runs, which is free."""

    __slots__ = ("_board", "_clock", "_inner")

    def __init__(self, inner: AdapterSource, board: DrillBoard, clock: Clock) -> None:
        self._inner = inner
        self._board = board
        self._clock = clock

    def adapter(self, kind: ProviderKind) -> Coroutine[Any, Any, ProviderAdapter]:
        """Return the adapter for ``kind``, behind the running drills if there are any."""
        return self._drilled(kind) if self._board.active else self._inner.adapter(kind)

    async def _drilled(self, kind: ProviderKind) -> "DrilledAdapter":
        return DrilledAdapter(await self._inner.adapter(kind), self._board, self._clock)


class DrilledAdapter:
    """Implements ``ProviderAdapter``: passes calls on to ``inner`` but for those that a drill spoils."""

    __slots__ = ("_board", "_clock", "_inner")

    def __init__(self, inner: ProviderAdapter, board: DrillBoard, clock: Clock) -> None:
        self._inner = inner
        self._board = board
        self._clock = clock

    async def complete(self, call: ProviderCall) -> ProviderAnswer:
        """Return the whole answer. Raises :class:`ProviderError` subclasses, the drill's among them."""
        order = self._board.spoil(call)
        if order is None:
            return await self._inner.complete(call)
        return await spoilt_answer(self._inner, call, order, self._clock)

    def stream(self, call: ProviderCall) -> AsyncGenerator[ProviderPart, None]:
        """Yield the answer in parts; closing the generator closes the real one."""
        order = self._board.spoil(call)
        if order is None:
            return self._inner.stream(call)
        return spoilt_stream(self._inner, call, order, self._clock)

    async def count_tokens(self, call: ProviderCall) -> int | None:
        """Return what the real adapter counts: no drill spoils what costs nothing."""
        return await self._inner.count_tokens(call)

    async def close(self) -> None:
        """Close what the real adapter has open and does not use."""
        await self._inner.close()
