"""Starts a program that dies with its parent, even when the parent is killed: ``python -m signalbox.demo.tether``."""

import ctypes
import os
import signal
import sys
from typing import Final

__all__ = ["main"]

_PR_SET_PDEATHSIG: Final = 1


def main(parent: int, command: list[str]) -> None:
    """Become ``command``; ask the kernel, where it can, for a signal when process ``parent`` ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it ended before the kernel knew
            sys.exit(1)
    os.execv(command[0], command)  # noqa: S606 - a command of ours, no shell


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
