"""The simulated providers as a child process."""

import os
import socket
import subprocess
import sys
from types import TracebackType
from typing import Final, Self

from signalbox.faults import DependencyFault

__all__ = ["SimulatorProcess"]

_STOP_S: Final = 3.0


class SimulatorProcess:
    """Runs the simulator on a free port of the loopback interface; use it as a context manager."""

    def __init__(self) -> None:
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        simulator = [sys.executable, "-m", "simulator", "--port", str(self.port)]
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and modules
            [sys.executable, "-m", "signalbox.demo.tether", str(os.getpid()), *simulator],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,  # a Ctrl-C at the terminal is for us; we stop the child when we are done with it
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def require_alive(self) -> None:
        """Raise :class:`DependencyFault` when the simulator has ended."""
        if self._process is None or self._process.poll() is not None:
            raise DependencyFault("the simulated providers did not start")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
