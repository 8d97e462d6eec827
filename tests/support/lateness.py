"""How late a busy machine is: what a bound in seconds has to grant beside what is promised."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["Lateness", "lateness"]

LOOK_S = 0.01
# A request, a change or a command waits for its turn about this often on its way through threads and processes.
TURNS = 10


class Lateness:
    """How late sleepers of this machine wake up, at worst."""

    def __init__(self) -> None:
        self.worst_s = 0.0

    @property
    def allowed_s(self) -> float:
        """Seconds that something may take longer because the machine is busy; some hundredths on a quiet one."""
        return TURNS * self.worst_s


@contextmanager
def lateness() -> Iterator[Lateness]:
    """Measure how late this machine is until the block ends."""
    found, over = Lateness(), threading.Event()

    def look() -> None:
        began = time.monotonic()
        while not over.wait(LOOK_S):
            now = time.monotonic()
            found.worst_s = max(found.worst_s, now - began - LOOK_S)
            began = now

    watch = threading.Thread(target=look, daemon=True)
    watch.start()
    try:
        yield found
    finally:
        over.set()
        watch.join()
