"""A server of our own without the demo: ``signalbox up`` in front of a given provider, with an account and a key."""

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.support.command_runs import run_at
from tests.support.demo_process import DemoProcess

__all__ = ["PlainServer", "WorkersServer"]

ROOMY = {"SIGNALBOX_RATE_LIMIT_RPS": "10000", "SIGNALBOX_RATE_LIMIT_BURST": "100000"}


class PlainServer(DemoProcess):
    """``signalbox up`` whose two vendors are at ``openai_url`` and ``anthropic_url``; use it as a context manager.

    Its one account may ask as fast as tests do, unless ``environment`` says otherwise.
    """

    mode: tuple[str, ...] = ("up",)

    def __init__(self, folder: Path, openai_url: str, anthropic_url: str, **environment: str) -> None:
        super().__init__(
            folder,
            **{**ROOMY, **environment},
            OPENAI_API_KEY="sk-for-a-simulator",
            ANTHROPIC_API_KEY="sk-ant-for-a-simulator",
            OPENAI_BASE_URL=openai_url,
            ANTHROPIC_BASE_URL=anthropic_url,
        )

    def command(self, *arguments: str, **environment: str) -> Any:
        """Run ``signalbox`` beside the server and return the JSON it prints."""
        code, printed, said = run_at(self.folder, *arguments, "--json", **environment)
        assert code == 0, said
        return json.loads(printed)

    def _facts(self) -> dict[str, Any]:
        account = self.command("accounts", "create", "acme")
        key = self.command("keys", "create", "--account", "acme")
        return {"base_url": self.base_url, "api_key": key["key"], "account_id": account["id"]}


def _children(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


class WorkersServer(PlainServer):
    """``signalbox serve`` with ``workers`` processes that divide the rate limits."""

    from_nothing = True

    def __init__(self, folder: Path, workers: int, openai_url: str, anthropic_url: str, **environment: str) -> None:
        usual = {"SIGNALBOX_HEALTH_CHECKS": "false"}
        super().__init__(folder, openai_url, anthropic_url, **{**usual, **environment})
        self.workers = workers
        self.mode = ("serve", "--workers", str(workers), "--divide-limits")

    def start(self) -> dict[str, Any]:
        """Start, and wait until every worker answers."""
        facts = super().start()
        self.await_that(lambda: "worker processes)" in self.output())
        return facts

    def worker_pids(self) -> list[int]:
        """Return the process ids of the workers, the oldest first."""
        return sorted(worker for nursery in _children(self.pid) for worker in _children(nursery))

    def renew(self) -> None:
        """Ask for a rolling restart."""
        self._running().send_signal(signal.SIGHUP)

    def await_that(self, condition: Callable[[], bool], pauses: int = 1200) -> None:
        """Wait until ``condition`` holds, for at most ``pauses`` of 50 ms."""
        for _ in range(pauses):
            if condition():
                return
            self.pause()
        raise AssertionError(f"it did not come true:\n{self.output()}")
