"""The command line, run as people run it on a data directory: each command a process of its own.

The processes are forked from one that has read the program already, so that a test of many commands stays quick; the
start from nothing is tested with the command line itself.
"""

import multiprocessing
import os
import sys
import tempfile
from pathlib import Path

__all__ = ["run_at"]

ROOT = Path(__file__).parents[2]
OWN = ("SIGNALBOX_", "OPENAI_", "ANTHROPIC_")
LONGEST_S = 60
_READY = multiprocessing.get_context("forkserver")
_READY.set_forkserver_preload(
    ["signalbox.cli", "signalbox.commands.budgets", "signalbox.commands.prices", "signalbox.commands.usage",
     "signalbox.commands.alerts", "signalbox.commands.topups", "signalbox.commands.leases", "db.migrate",
     "signalbox.commands.administer", "signalbox.commands.providers", "genai_prices.data"]
)  # fmt: skip


def run_at(folder: Path, *arguments: str, **environment: str) -> tuple[int, str, str]:
    """Run ``signalbox`` with ``arguments`` on ``folder``; return exit code, output and notes."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(OWN)}
    words = ["signalbox", *arguments, "--data-dir", str(folder)]
    with tempfile.TemporaryDirectory() as kept:
        out, err = Path(kept) / "out", Path(kept) / "err"
        process = _READY.Process(target=_run, args=(words, clean | environment, out, err))
        process.start()
        process.join(LONGEST_S)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise TimeoutError(f"{' '.join(words)} did not end")
        return process.exitcode, out.read_text(), err.read_text()


def _run(words: list[str], environment: dict[str, str], out: Path, err: Path) -> None:
    from signalbox.cli import main

    for stream, path in ((1, out), (2, err)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), stream)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(ROOT)
    sys.argv = words
    main()
