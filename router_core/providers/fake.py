"""A provider that answers from a script: for tests and for trying things out without any network."""

from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence

from msgspec import Struct

from router_core.clock import Clock, SystemClock
from router_core.ports import ProviderAdapter
from router_core.types import (
    AnswerEnd,
    ProviderAnswer,
    ProviderCall,
    ProviderKind,
    ProviderPart,
    ReasoningDelta,
    TextDelta,
    ToolCallEnd,
    ToolCallStart,
    Usage,
    reasoning_parts,
)

__all__ = ["FakeAdapter", "FakeAdapterSource", "Hold", "Step"]


class Hold(Struct, frozen=True):
    """Wait ``seconds`` of the clock's time at this place in the script."""

    seconds: float


Step = ProviderPart | Exception | Hold
Scripted = ProviderAnswer | Exception | Sequence[Step]


class FakeAdapter:
    """Implements ``ProviderAdapter``: the nth call gets the nth scripted answer, later ones echo the prompt.

    A scripted answer is a whole answer, an exception to raise, or a sequence of parts, waits and exceptions, which
    a non-streaming call puts together. ``calls`` lists what was asked, ``closed_early`` counts abandoned streams.
    """

    def __init__(self, script: Iterable[Scripted] = (), *, clock: Clock | None = None) -> None:
        self.calls: list[ProviderCall] = []
        self.closed_early = 0
        self._script = iter(script)
        self._clock = clock or SystemClock()

    async def complete(self, call: ProviderCall) -> ProviderAnswer:
        """Return the next scripted answer as a whole. Raises what the script says."""
        scripted = self._next(call)
        if isinstance(scripted, ProviderAnswer):
            return scripted
        parts = [part async for part in self._play(scripted)]
        return _whole(parts, call)

    async def stream(self, call: ProviderCall) -> AsyncGenerator[ProviderPart, None]:
        """Yield the next scripted answer in parts. Raises what the script says."""
        scripted = self._next(call)
        steps = _parts(scripted) if isinstance(scripted, ProviderAnswer) else scripted
        finished = False
        try:
            async for part in self._play(steps):
                finished = isinstance(part, AnswerEnd)
                yield part
        except GeneratorExit:
            self.closed_early += not finished
            raise

    async def count_tokens(self, call: ProviderCall) -> int | None:
        """Return None: nobody counts here."""

    async def close(self) -> None:
        """Do nothing."""

    def _next(self, call: ProviderCall) -> ProviderAnswer | Sequence[Step]:
        self.calls.append(call)
        scripted = next(self._script, None)
        if isinstance(scripted, Exception):
            raise scripted
        return _echo(call) if scripted is None else scripted

    async def _play(self, steps: Iterable[Step]) -> AsyncGenerator[ProviderPart, None]:
        for step in steps:
            if isinstance(step, Hold):
                await self._clock.sleep(step.seconds)
            elif isinstance(step, Exception):
                raise step
            else:
                yield step


class FakeAdapterSource:
    """Implements ``AdapterSource`` with given adapters."""

    def __init__(self, adapters: Mapping[ProviderKind, ProviderAdapter]) -> None:
        self._adapters = dict(adapters)

    async def adapter(self, kind: ProviderKind) -> ProviderAdapter:
        """Return the given adapter for ``kind``."""
        return self._adapters[kind]


def _echo(call: ProviderCall) -> ProviderAnswer:
    text = f"echo: {call.request.prompt or ''}"
    usage = Usage(input_tokens=len(call.request.prompt or ""), output_tokens=len(text))
    return ProviderAnswer(text=text, finish_reason="stop", usage=usage, model=call.provider.model)


def _parts(answer: ProviderAnswer) -> list[Step]:
    steps: list[Step] = [ReasoningDelta(each.text, each.signature, each.data) for each in answer.reasoning]
    steps.extend([TextDelta(answer.text)] if answer.text else [])
    for call in answer.tool_calls:
        steps.extend([ToolCallStart(call.tool_call_id, call.tool_name), ToolCallEnd(call)])
    end = AnswerEnd(
        finish_reason=answer.finish_reason, usage=answer.usage, model=answer.model, stop_sequence=answer.stop_sequence
    )
    steps.append(end)
    return steps


def _whole(parts: Sequence[ProviderPart], call: ProviderCall) -> ProviderAnswer:
    end = next((part for part in parts if isinstance(part, AnswerEnd)), None)
    return ProviderAnswer(
        text="".join(part.text for part in parts if isinstance(part, TextDelta)),
        finish_reason=end.finish_reason if end else "stop",
        usage=end.usage if end else Usage(),
        model=end.model if end else call.provider.model,
        tool_calls=tuple(part.call for part in parts if isinstance(part, ToolCallEnd)),
        reasoning=reasoning_parts(part for part in parts if isinstance(part, ReasoningDelta)),
        stop_sequence=end.stop_sequence if end else "",
    )
