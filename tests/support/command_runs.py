"""The command line, run as people run it, on a data directory."""

import os
import subprocess
import sys
from pathlib import Path

__all__ = ["run_at"]

ROOT = Path(__file__).parents[2]
OWN = ("SIGNALBOX_", "OPENAI_", "ANTHROPIC_")


def run_at(folder: Path, *arguments: str, **environment: str) -> tuple[int, str, str]:
    """Run ``signalbox`` with ``arguments`` on ``folder``; return exit code, output and notes."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(OWN)}
    done = subprocess.run(
        [sys.executable, "-c", "from signalbox.cli import main; main()", *arguments, "--data-dir", str(folder)],
        check=False, cwd=ROOT, env=clean | environment, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr
