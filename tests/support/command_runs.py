"""The command line, run as people run it on a data directory: each command a process of its own.

The processes are forked from one that has read the program already, so that a test of many commands stays quick; the
start from nothing is tested with the command line itself.
"""

import subprocess
import tempfile
from pathlib import Path

from tests.support.demo_process import clean_environment
from tests.support.ready_process import READY, run_program

__all__ = ["run_at", "run_command"]

LONGEST_S = 120


def run_at(folder: Path, *arguments: str, **environment: str) -> tuple[int, str, str]:
    """Run ``signalbox`` with ``arguments`` on ``folder``; return exit code, output and notes."""
    done = run_command(*arguments, "--data-dir", str(folder), **environment)
    return done.returncode, done.stdout, done.stderr


def run_command(*arguments: str, stdin: str = "", **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run ``signalbox`` with ``arguments`` and ``stdin`` in a clean environment; return how it ended."""
    with tempfile.TemporaryDirectory() as kept:
        out, err, given = (Path(kept) / name for name in ("out", "err", "given"))
        for each, content in ((out, ""), (err, ""), (given, stdin)):
            each.write_text(content)
        process = READY.Process(target=run_program, args=(arguments, clean_environment(**environment), out, err, given))
        process.start()
        process.join(LONGEST_S)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise TimeoutError(f"{' '.join(arguments)} did not end")
        return subprocess.CompletedProcess(arguments, process.exitcode, out.read_text(), err.read_text())
