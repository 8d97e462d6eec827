"""What is known about tools that run here."""

from typing import Literal

from msgspec import Struct

__all__ = ["ToolOutcome", "ToolRun"]

# ``invalid`` are arguments that the tool does not take, ``unknown`` is a tool that nobody offered.
ToolOutcome = Literal["success", "error", "timeout", "invalid", "unknown", "cancelled"]


class ToolRun(Struct, frozen=True, kw_only=True, rename="camel"):
    """One run of a tool, as the decision trace has it: no arguments and no result; times in milliseconds.

    ``step`` is the step of the answer, from 1, in which a model called it.
    """

    step: int
    name: str
    outcome: ToolOutcome
    started_ms: float
    latency_ms: float
