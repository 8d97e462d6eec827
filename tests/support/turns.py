"""Lets a test that measures time run alone, beside no test of another worker."""

import fcntl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["turn"]


@contextmanager
def turn(run: str, *, alone: bool) -> Iterator[None]:
    """Hold a place in the test run called ``run``: shared with other workers, or, with ``alone``, the only one.

    Who wants to be alone closes the gate first, so that it is not passed by for ever.
    """
    folder = Path(tempfile.gettempdir())
    with (folder / f"tests-{run}.gate").open("w") as gate, (folder / f"tests-{run}.floor").open("w") as floor:
        fcntl.flock(gate, fcntl.LOCK_EX)
        fcntl.flock(floor, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        fcntl.flock(gate, fcntl.LOCK_UN)
        yield
