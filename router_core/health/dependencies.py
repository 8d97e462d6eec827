"""What this process stands on, in one place."""

from collections.abc import Callable
from typing import Final

from router_core.types import DependencyReport, DependencyState, DependencyWord

__all__ = ["DependencyRegister"]

_WORST_FIRST: Final[tuple[DependencyWord, ...]] = ("down", "slow", "up")


class DependencyRegister:
    """Collects how each dependency is doing; reading asks nobody, and is safe from any thread."""

    def __init__(self) -> None:
        self._sources: list[Callable[[], DependencyState]] = []

    def add(self, source: Callable[[], DependencyState]) -> None:
        """Have what ``source`` says in every report; it must answer at once."""
        self._sources.append(source)

    def report(self) -> DependencyReport:
        """Return all of them, the worst first, else in the order in which they were added."""
        found = sorted((source() for source in self._sources), key=lambda each: _WORST_FIRST.index(each.state))
        return DependencyReport(state=found[0].state if found else "up", dependencies=tuple(found))
