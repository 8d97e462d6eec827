"""What a command says when it cannot go on: one clear line and an exit code, never a traceback."""

from collections.abc import Iterable
from typing import ClassVar

__all__ = ["CommandFault", "ConflictFault", "DependencyFault", "FindingFault", "SettingsError", "UsageFault"]


class CommandFault(Exception):
    """Ends a command with ``message`` on standard error and the class's exit code."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class FindingFault(CommandFault):
    """A check found something."""


class UsageFault(CommandFault):
    """Bad usage."""

    exit_code = 2


class SettingsError(UsageFault):
    """Bad settings: every fault at once, each naming its variable and never its value."""

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(["Settings are not usable:", *(f"  - {fault}" for fault in self.faults)]))


class DependencyFault(CommandFault):
    """Something the command stands on cannot be had: the store, a port, the data directory, a server."""

    exit_code = 3


class ConflictFault(CommandFault):
    """Another process is doing the same thing."""

    exit_code = 4
