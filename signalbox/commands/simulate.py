"""``signalbox simulate``: becomes the simulated providers."""

import os
import sys

__all__ = ["run"]


def run(port: int, arguments: list[str]) -> None:
    """Replace this process by the simulator, so that signals and exit codes are its own."""
    command = [sys.executable, "-m", "simulator", "--port", str(port), *arguments]
    os.execv(sys.executable, command)  # noqa: S606 - our own interpreter and module, no shell
