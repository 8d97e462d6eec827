"""What a model says in one step, put together while it passes by."""

from collections.abc import Mapping

from msgspec import structs

from router_core.ports import RunnableTool
from router_core.types import (
    AnswerEnd,
    AnswerPart,
    FinishReason,
    ProviderAnswer,
    ReasoningDelta,
    ReasoningPart,
    TextDelta,
    ToolCall,
    ToolCallEnd,
    ToolCallStart,
    ToolFormat,
    Usage,
    reasoning_parts,
)

__all__ = ["StepAnswer"]

# An answer that was cut off or refused has its calls run by nobody.
_RUNS_AFTER = frozenset({"tool-calls", "stop"})


class StepAnswer:
    """The answer of one step. Calls of ``runnable`` tools are ours, and those of tools that nobody ``declared``."""

    __slots__ = ("_declared", "_deltas", "_runnable", "_texts", "calls", "finish", "reasoning", "usage")

    def __init__(self, runnable: Mapping[str, RunnableTool], declared: Mapping[str, ToolFormat]) -> None:
        self._runnable = runnable
        self._declared = declared
        self._texts: list[str] = []
        self._deltas: list[ReasoningDelta] = []
        self.reasoning: tuple[ReasoningPart, ...] = ()
        self.calls: list[ToolCall] = []
        self.finish: FinishReason = "other"
        self.usage: Usage | None = None

    def taken(self, part: AnswerPart) -> AnswerPart:
        """Take ``part`` in and return it, marked where a call in it runs here."""
        match part:
            case TextDelta():
                self._texts.append(part.text)
            case ReasoningDelta():
                self._deltas.append(part)
            case ToolCallStart():
                return structs.replace(part, runs_here=self._is_ours(part.tool_name))
            case ToolCallEnd():
                self.calls.append(part.call)
                return structs.replace(part, runs_here=self._is_ours(part.call.tool_name))
            case ProviderAnswer():
                self._texts.append(part.text)
                self.calls.extend(part.tool_calls)
                self.finish, self.usage, self.reasoning = part.finish_reason, part.usage, part.reasoning
            case AnswerEnd():
                self.finish, self.usage, self.reasoning = part.finish_reason, part.usage, reasoning_parts(self._deltas)
        return part

    @property
    def text(self) -> str:
        """What the model said."""
        return "".join(self._texts)

    @property
    def ours(self) -> list[ToolCall]:
        """The calls that are answered here."""
        if self.finish not in _RUNS_AFTER:
            return []
        return [call for call in self.calls if self._is_ours(call.tool_name)]

    @property
    def left_open(self) -> list[ToolCall]:
        """The calls that the caller is to answer."""
        return [call for call in self.calls if not self._is_ours(call.tool_name)]

    def _is_ours(self, name: str) -> bool:
        return name in self._runnable or name not in self._declared
