"""What a provider says was used: lines of a bill, and what is wrong with one that cannot be read."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from msgspec import Struct

from router_core.errors import ValidationError
from router_core.types import NanoUSD

__all__ = ["Bill", "BillFault", "BillLine", "WrongBillError"]

MOST_TOLD: Final = 100


class BillLine(Struct, frozen=True, kw_only=True):
    """One line: what a model used on a UTC day. ``tokens`` are all that were read and written, ``cost`` nano-dollars.

    None stands for what the bill has no column for.
    """

    day: date
    model: str
    tokens: int | None
    cost: NanoUSD | None
    batch: bool = False


class Bill(Struct, frozen=True):
    """All lines, in the order of the file, at least one; every one has tokens, or none has, and the same for cost."""

    lines: tuple[BillLine, ...]

    @property
    def has_tokens(self) -> bool:
        """Whether the bill has tokens."""
        return self.lines[0].tokens is not None

    @property
    def has_cost(self) -> bool:
        """Whether the bill has costs."""
        return self.lines[0].cost is not None


class BillFault(Struct, frozen=True):
    """What is wrong at one place. ``line`` counts from 1, ``column`` is the idea, not the file's own word for it."""

    line: int
    column: str
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}, {self.column}: {self.reason}" if self.column else f"line {self.line}: {self.reason}"


class WrongBillError(ValidationError):
    """The bill cannot be read, and none of it was taken; ``faults`` has at most the first 100, in order of lines."""

    def __init__(self, faults: Sequence[BillFault]) -> None:
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        super().__init__(f"csv cannot be read: {faults[0]}{more}", field="csv")
        self.faults = tuple(faults[:MOST_TOLD])

    @property
    def context(self) -> dict[str, Any]:
        told = [{"line": each.line, "column": each.column, "reason": each.reason} for each in self.faults]
        return {**super().context, "faults": told}
