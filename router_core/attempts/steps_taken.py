"""The steps that an answer has taken so far, each with calls of its own."""

from collections.abc import Sequence

from router_core.attempts.trail import Trail
from router_core.types import Attempt, Message, ToolRun, Usage, added

__all__ = ["StepsTaken"]


class StepsTaken:
    """``number`` is the step under way, ``trail`` its calls, ``runs`` are those of tools in all steps.

    ``turns`` are what the conversation has gained by steps in which tools ran.
    """

    __slots__ = ("_past", "_used_before", "number", "runs", "trail", "turns")

    def __init__(self) -> None:
        self.number = 1
        self.trail: Trail | None = None
        self.runs: list[ToolRun] = []
        self.turns: list[Message] = []
        self._past: list[Attempt] = []
        self._used_before: Usage | None = None

    def begin(self, trail: Trail) -> Trail:
        """The calls of a step begin; return ``trail``."""
        if self.trail is not None:
            self._past.extend(self.trail.log)
        self.trail = trail
        return trail

    def go_on(self, used: Usage | None) -> None:
        """Another step follows; ``used`` is what all steps up to it used."""
        self.number += 1
        self._used_before = used

    @property
    def calls(self) -> int:
        """The number of the newest call, 0 before the first."""
        return 0 if self.trail is None else self.trail.last_number

    def log(self) -> Sequence[Attempt]:
        """Return the finished calls of all steps."""
        newest = () if self.trail is None else self.trail.log
        return (*self._past, *newest) if self._past else newest

    def together(self, usage: Usage) -> Usage:
        """Return what all steps used, where this one used ``usage``."""
        return usage if self._used_before is None else added(self._used_before, usage)
