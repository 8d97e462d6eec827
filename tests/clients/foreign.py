"""Clients that need an environment of their own: one process each, which runs all of its cases and prints a report."""

import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import asdict
from shutil import which
from typing import Any, Final

import pytest

from tests.clients.asked import ASKED
from tests.clients.client_world import Names
from tests.support.demo_process import clean_environment
from tests.support.source_tree import ROOT

__all__ = ["NODE_FOLDER", "ForeignRun", "node_command", "python_command"]

NODE_FOLDER: Final = ROOT / "tests" / "clients" / "node"
LONGEST_S: Final = 120.0


class ForeignRun:
    """A process that was started with the names of the world; ``report`` waits for what it found."""

    def __init__(self, command: Sequence[str], names: Names, **more: Any) -> None:
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=clean_environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self._given = json.dumps({**asdict(names), "asked": ASKED, **more})
        self._report: dict[str, Any] | None = None

    def report(self) -> dict[str, Any]:
        """Return what each case found, by name; fails when the process did."""
        if self._report is None:
            try:
                said, complaint = self._process.communicate(self._given, LONGEST_S)
            except subprocess.TimeoutExpired:
                self.end()
                raise AssertionError(f"no report within {LONGEST_S} s") from None
            assert self._process.returncode == 0, complaint
            self._report = json.loads(said)
        return self._report

    def end(self) -> None:
        """End the process if it still runs."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.communicate()


def node_command() -> list[str]:
    """Return the command that runs the cases of npm's packages; skips, in CI fails, where they are not installed."""
    node = which("node")
    if node is None or not (NODE_FOLDER / "node_modules").is_dir():
        _lacking("Node.js with npm, then `make clients`")
    return [str(node), str(NODE_FOLDER / "run.mjs")]


def python_command(environment: str) -> list[str]:
    """Return the command that runs the cases of a Python environment; skips, in CI fails, where it does not exist."""
    python = ROOT / ".clients" / environment / "bin" / "python"
    if not python.exists():
        _lacking("`make clients`")
    return [str(python), "-m", f"tests.clients.python.{environment}.cases"]


def _lacking(what: str) -> None:
    reason = f"clients are missing: {what}"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
