"""Starts the simulated providers as a process of their own, for any test that talks to them over HTTP."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

_STOP_SECONDS = 5.0
_CALL_SECONDS = 10.0
_READY = "simulator ready on "


class SimulatorProcess:
    """One simulator on a free port of 127.0.0.1; use it as a context manager or call start() and stop().

    ``base_url`` is what Anthropic clients take; OpenAI clients take ``openai_url``.
    """

    def __init__(self, *arguments: str) -> None:
        self._arguments = arguments
        self._process: subprocess.Popen[str] | None = None
        self._opener = build_opener(ProxyHandler({}))
        self.base_url = ""

    @property
    def openai_url(self) -> str:
        """Return the base URL for OpenAI clients."""
        return f"{self.base_url}/v1"

    @property
    def pid(self) -> int:
        """Return the process id; raises RuntimeError before start()."""
        if self._process is None:
            raise RuntimeError("the simulator is not running")
        return self._process.pid

    def start(self, arguments: Sequence[str] = ()) -> str:
        """Start, unless it runs, with these and the constructor's arguments (or ``--fast``); return base_url."""
        if self._process is not None:
            return self.base_url
        chosen = [*self._arguments, *arguments] or ["--fast"]
        if "--port" not in chosen:
            chosen += ["--port", "0"]
        command = [sys.executable, "-m", "simulator", *chosen]
        root = Path(__file__).parents[2]
        self._process = subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line.startswith(_READY):
            self.stop()
            raise RuntimeError(f"the simulator did not start: {line!r}")
        self.base_url = line.removeprefix(_READY).strip()
        return self.base_url

    def stop(self) -> int | None:
        """Ask the process to end and return its exit code; None if it never ran."""
        if self._process is not None:
            self._process.terminate()
        return self.wait()

    def wait(self) -> int | None:
        """Return the exit code of a process that was told to end; None if it never ran."""
        process, self._process = self._process, None
        if process is None:
            return None
        try:
            code = process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait(_STOP_SECONDS)
        if process.stdout is not None:
            process.stdout.close()
        return code

    def signal(self, number: int) -> None:
        """Send the process a signal."""
        if self._process is not None:
            self._process.send_signal(number)

    def control(self, method: str, call: str, body: Any = None) -> Any:
        """Make a control call, such as ``("POST", "faults", {"status": 500})``; raises ValueError when refused."""
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"{self.base_url}/__sim/{call}", data, {"content-type": "application/json"}, method=method)
        try:
            with self._opener.open(request, timeout=_CALL_SECONDS) as response:
                return json.load(response)
        except HTTPError as error:
            with error:
                raise ValueError(error.read().decode()) from None

    def fault(self, **fields: Any) -> int:
        """Put a fault in force and return its id."""
        made = self.control("POST", "faults", fields)
        return int(made["faults"][0]["id"])

    def calls(self, after: int = 0) -> list[dict[str, Any]]:
        """Return the finished calls, oldest first."""
        made: list[dict[str, Any]] = self.control("GET", f"calls?after={after}&limit=10000")["calls"]
        return made

    def counts(self) -> dict[str, Any]:
        """Return totals and what is open now."""
        made: dict[str, Any] = self.control("GET", "counts")
        return made

    def reset(self) -> None:
        """Lift all faults, latencies and replays, and forget the calls."""
        for call in ("faults", "latency", "replay", "calls"):
            self.control("DELETE", call)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
