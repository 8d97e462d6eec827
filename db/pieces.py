"""Long lists a piece at a time: what a database takes in one statement is limited."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

__all__ = ["batched"]

T = TypeVar("T")


def batched(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield ``items`` in order, ``size`` at a time."""
    rest = iter(items)
    while piece := list(islice(rest, size)):
        yield piece
