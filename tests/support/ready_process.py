"""Processes that are forked from one that has read the whole program already, instead of reading it anew each time.

One such process serves all tests of a worker. What is about the start from nothing is tested with an interpreter of its
own: the command line, the demo, ``serve`` and its workers.
"""

import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

__all__ = ["READY", "ForkedProgram", "run_program"]

ROOT = Path(__file__).parents[2]
READY = multiprocessing.get_context("forkserver")
READY.set_forkserver_preload(["tests.support.warm_program"])


def run_program(
    words: Sequence[str], environment: dict[str, str], out: Path, err: Path, given: Path | None = None
) -> None:
    """Become ``signalbox`` with these words, this environment and the input in ``given``; print to the two files."""
    from signalbox.cli import main

    for stream, path in ((1, out), (2, err)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND), stream)
    os.dup2(os.open(given or os.devnull, os.O_RDONLY), 0)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115 - the process's own, to its end
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(ROOT)
    sys.argv = ["signalbox", *words]
    main()


class ForkedProgram:
    """``signalbox`` as a process of its own; the part of :class:`subprocess.Popen` that tests use."""

    def __init__(self, words: Sequence[str], environment: dict[str, str], log: Path) -> None:
        self._process = READY.Process(target=run_program, args=(words, environment, log, log))
        self._process.start()

    @property
    def pid(self) -> int:
        """The process id."""
        assert self._process.pid is not None
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """The exit code; None while it runs."""
        return self._process.exitcode

    def poll(self) -> int | None:
        """Return the exit code; None while it runs."""
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        """Send a signal to the process while it runs."""
        if self._process.exitcode is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End the process at once."""
        self.send_signal(signal.SIGKILL)

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code; raises :class:`subprocess.TimeoutExpired` after ``timeout`` seconds."""
        self._process.join(timeout)
        code = self._process.exitcode
        if code is None:
            raise subprocess.TimeoutExpired("signalbox", timeout or 0.0)
        return code
