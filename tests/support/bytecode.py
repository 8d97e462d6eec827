"""Keeps what Python compiles, where the environment asks for none of it beside the sources.

A test run starts many interpreters. Where each of them has to compile all its modules anew, that is most of what the
run costs; so they share one folder, in pytest's own cache, which git ignores.
"""

import os
import sys
from pathlib import Path

__all__ = ["keep_bytecode"]

FOLDER = Path(__file__).parents[2] / ".pytest_cache" / "bytecode"


def keep_bytecode() -> None:
    """Let this process and those that it starts keep bytecode in :data:`FOLDER` instead of none at all."""
    if os.environ.pop("PYTHONDONTWRITEBYTECODE", ""):
        os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix = str(FOLDER)
        sys.dont_write_bytecode = False
