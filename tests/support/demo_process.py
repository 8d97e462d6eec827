"""A demo of our own, stopped by its own process id."""

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Protocol, Self

from tests.support.ports import free_port
from tests.support.ready_process import ForkedProgram

__all__ = ["DemoProcess", "clean_environment", "signalbox_command"]

READY_WITHIN_S = 120.0
STOP_WITHIN_S = 60.0
_PAUSE_S = 0.05
_OWN = ("SIGNALBOX_", "OPENAI_", "ANTHROPIC_", "LLM_", "STREAMLIT_")
_OWN_NAMES = frozenset({"DATABASE_URL", "REDIS_URL", "POSTGRES_ENCRYPTION_KEY", "USE_LLM_ROUTER"})


def clean_environment(**changes: str) -> dict[str, str]:
    """Return this process's environment without anything that settings read, and with ``changes``."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(_OWN) and k not in _OWN_NAMES}
    return {**kept, **changes}


def signalbox_command(*arguments: str) -> list[str]:
    """Return the command line that runs ``signalbox``."""
    return [sys.executable, "-c", "from signalbox.cli import main; main()", *arguments]


class Program(Protocol):
    """A process that runs, whether an interpreter of its own or forked from one that has read the program."""

    @property
    def pid(self) -> int: ...
    @property
    def returncode(self) -> int | None: ...
    def poll(self) -> int | None: ...
    def send_signal(self, number: int, /) -> None: ...
    def kill(self) -> None: ...
    def wait(self, timeout: float | None = None) -> int: ...


class DemoProcess:
    """``signalbox up --demo`` on a free port; use it as a context manager.

    ``facts`` is what ``demo.json`` holds. What the process writes is kept in ``log``. With ``from_nothing`` it is an
    interpreter of its own, as people start it.
    """

    mode: tuple[str, ...] = ("up", "--demo")
    from_nothing = False

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.facts: dict[str, Any] = {}
        self.log = folder.parent / f"{folder.name}.log"
        self._environment = clean_environment(**environment)
        self._process: Program | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None and self._process.poll() is None:
            self.stop()

    @property
    def pid(self) -> int:
        """The server's process id."""
        return self._running().pid

    @property
    def base_url(self) -> str:
        """Where the server is."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> dict[str, Any]:
        """Start, wait until ``/readyz`` answers 200, and return the facts."""
        self._process = self._begin([*self.mode, "--port", str(self.port), "--data-dir", str(self.folder)])
        try:
            self._wait_for_facts()
        except BaseException:
            self.kill()
            raise
        return self.facts

    def stop(self, within_s: float = STOP_WITHIN_S) -> int:
        """Ask the process to end and return its exit code; fails when it takes longer."""
        process = self._running()
        process.send_signal(signal.SIGTERM)
        try:
            return process.wait(within_s)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"still running {within_s} s after SIGTERM:\n{self.output()}") from None

    def kill(self) -> None:
        """End the process without a chance to tidy up."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def pause(self) -> None:
        """Wait a moment for what the running process does by itself; fails when it has ended."""
        process = self._running()
        self._pause(process)
        assert process.poll() is None, f"the demo ended with code {process.returncode}:\n{self.output()}"

    def output(self) -> str:
        """Return everything the process has written so far."""
        return self.log.read_text(errors="replace")

    def resident_bytes(self) -> int:
        """Return the resident memory of the server's process."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def _begin(self, words: list[str]) -> Program:
        if not self.from_nothing:
            return ForkedProgram(words, self._environment, self.log)
        with self.log.open("ab") as log:
            return subprocess.Popen(
                signalbox_command(*words), env=self._environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def _running(self) -> Program:
        assert self._process is not None, "the demo was not started"
        return self._process

    def _wait_for_facts(self) -> None:
        process = self._running()
        for _ in range(round(READY_WITHIN_S / _PAUSE_S)):
            if process.poll() is not None:
                raise AssertionError(f"the demo ended with code {process.returncode}:\n{self.output()}")
            if self._is_ready():
                self.facts = self._facts()
                return
            self._pause(process)
        raise AssertionError(f"the demo was not ready within {READY_WITHIN_S} s:\n{self.output()}")

    def _facts(self) -> dict[str, Any]:
        """Return what scripts need to know; the demo has written it down by the time it is ready."""
        facts: dict[str, Any] = json.loads((self.folder / "demo.json").read_text())
        return facts

    @staticmethod
    def _pause(process: Program) -> None:
        """Wait a moment, or until the process ends."""
        try:
            process.wait(_PAUSE_S)
        except subprocess.TimeoutExpired:
            return

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.base_url}/readyz", timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False
