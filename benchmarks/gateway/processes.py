"""Child processes as the kernel sees them: CPU time and memory of a whole tree, pinning, start and end by pid."""

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

__all__ = ["Server", "free_port", "is_alive", "parse_stat", "pin_to", "running", "two_cores"]

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_END_S = 10.0
_READY_S = 120.0
_POLL_S = 0.02
_LOG_TAIL = 2000


def free_port() -> int:
    """Return a port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def two_cores() -> tuple[set[int], set[int]] | None:
    """Return one core for the gateways and one for load and provider, or None when pinning is not possible."""
    cores = sorted(os.sched_getaffinity(0))
    return ({cores[0]}, {cores[1]}) if len(cores) > 1 else None


def pin_to(pids: Iterable[int], cores: set[int]) -> None:
    """Keep every thread of ``pids`` on ``cores``; threads made later inherit it."""
    for pid in pids:
        for thread in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(ProcessLookupError):
                os.sched_setaffinity(int(thread.name), cores)


def parse_stat(text: str) -> tuple[int, int]:
    """Return the parent's pid and the CPU ticks of ended children from the text of ``/proc/<pid>/stat``."""
    fields = text.rpartition(")")[2].split()
    return int(fields[1]), int(fields[13]) + int(fields[14])


class Server:
    """A started child process and everything it starts."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path, started: float) -> None:
        self.pid = process.pid
        self._process = process
        self._log = log
        self._started = started

    def tree(self) -> list[int]:
        """Return the pids of the process and its descendants."""
        parents = dict(_parents())
        found = [self.pid]
        for pid in found:
            found += [child for child, parent in parents.items() if parent == pid]
        return found

    def cpu_s(self) -> float:
        """Return the user and system seconds that the tree has used so far, ended children included."""
        return sum(_cpu_s(pid) for pid in self.tree())

    def rss_mb(self) -> float:
        """Return the resident memory of the tree, in megabytes of 10^6 bytes."""
        return sum(_rss_bytes(pid) for pid in self.tree()) / 1e6

    def wait_until(self, ready: Callable[[], bool]) -> float:
        """Return the seconds from the start until ``ready`` says yes. Raises ``RuntimeError`` with the log's end."""
        while time.perf_counter() - self._started < _READY_S:
            if self._process.poll() is not None:
                break
            if ready():
                return time.perf_counter() - self._started
            time.sleep(_POLL_S)
        raise RuntimeError(f"not ready; the log ends:\n{self.log_end()}")

    def log_end(self) -> str:
        """Return the last lines that the process wrote."""
        return self._log.read_text(errors="replace")[-_LOG_TAIL:]

    def end(self) -> None:
        """Ask the process to end, then make the rest of its session end; touches no other process."""
        tree = self.tree()
        self._process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_S)
        for pid in tree:
            with contextlib.suppress(ProcessLookupError):
                if os.getsid(pid) == self.pid:  # a reused pid belongs to another session
                    os.kill(pid, signal.SIGKILL)
        self._process.wait(_END_S)
        deadline = time.perf_counter() + _END_S
        while any(map(is_alive, tree)) and time.perf_counter() < deadline:
            time.sleep(_POLL_S)


@contextlib.contextmanager
def running(command: Sequence[str], *, env: Mapping[str, str], folder: Path, log: str) -> Iterator[Server]:
    """Start ``command`` in ``folder`` with its output in the file ``log`` there; end its whole tree afterwards.

    The child gets a session of its own, so that Ctrl-C reaches only us and the end comes in order.
    """
    path = folder / log
    with path.open("wb") as out:
        started = time.perf_counter()
        process = subprocess.Popen(
            command, env=dict(env), cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
        )
    server = Server(process, path, started)
    try:
        yield server
    finally:
        server.end()


def is_alive(pid: int) -> bool:
    """Say whether ``pid`` still runs; a zombie waits only for its parent."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"


def _parents() -> Iterator[tuple[int, int]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                yield int(entry.name), parse_stat((entry / "stat").read_text())[0]


def _cpu_s(pid: int) -> float:
    """Seconds of one process: its own clock to the nanosecond, ended children to the tick."""
    try:
        own = time.clock_gettime((~pid << 3) | 2)  # what clock_getcpuclockid(3) returns; no Python name for it
        ended = parse_stat(Path(f"/proc/{pid}/stat").read_text())[1] / _TICKS_PER_S
    except (OSError, ProcessLookupError):
        return 0.0
    return own + ended


def _rss_bytes(pid: int) -> int:
    try:
        pages = Path(f"/proc/{pid}/statm").read_text().split()[1]
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")
