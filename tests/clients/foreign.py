"""Clients that need an environment of their own: one process each, which runs all of its cases and prints a report."""

import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from shutil import which
from typing import Any, Final

import pytest

from tests.clients.asked import ASKED
from tests.clients.client_world import Names
from tests.support.demo_process import clean_environment
from tests.support.source_tree import ROOT

__all__ = ["NODE_FOLDER", "PLACES", "ForeignRun", "command_of", "require"]

NODE_FOLDER: Final = ROOT / "tests" / "clients" / "node"
PLACES: Final = ("node", "agents", "instructor")
LONGEST_S: Final = 120.0


class ForeignRun:
    """A process that runs its cases from now on, for the server of ``names``; ``report`` waits for what it found.

    ``folder`` comes to be; what the process is told and what it says is kept there.
    """

    def __init__(self, command: Sequence[str], folder: Path, names: Names, examples: dict[str, str]) -> None:
        folder.mkdir()
        self._said, self._complaint = folder / "said", folder / "complaint"
        given = folder / "given"
        given.write_text(json.dumps({**asdict(names), "asked": ASKED, "page": examples}))
        with given.open() as source, self._said.open("w") as out, self._complaint.open("w") as err:
            self._process = subprocess.Popen(
                command, cwd=ROOT, env=clean_environment(), stdin=source, stdout=out, stderr=err
            )

    def report(self) -> dict[str, Any]:
        """Return what each case found, by name; fails when the process did."""
        try:
            code = self._process.wait(LONGEST_S)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"no report within {LONGEST_S} s") from None
        assert code == 0, self._complaint.read_text()
        found: dict[str, Any] = json.loads(self._said.read_text())
        return found

    def end(self) -> None:
        """End the process if it still runs."""
        self._process.kill()
        self._process.wait()


def command_of(place: str) -> list[str] | None:
    """Return the command that runs the cases of ``node`` or a Python environment; None where it is not installed."""
    if place == "node":
        node = which("node")
        return [node, str(NODE_FOLDER / "run.mjs")] if node and (NODE_FOLDER / "node_modules").is_dir() else None
    python = ROOT / ".clients" / place / "bin" / "python"
    return [str(python), "-m", f"tests.clients.python.{place}.cases"] if python.exists() else None


def require(place: str) -> list[str]:
    """Return the command of ``place``; skips, in CI fails, where it is not installed."""
    command = command_of(place)
    if command is not None:
        return command
    reason = f"the clients of {place} are missing: `make clients`" + ", with Node.js and npm" * (place == "node")
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
