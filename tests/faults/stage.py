"""The real server between two simulated vendors, each a process of its own; the primary can be killed."""

import json
import signal
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.faults.fault_kinds import FaultKind
from tests.support.ports import free_port
from tests.support.server_process import PlainServer
from tests.support.simulator_process import SimulatorProcess

__all__ = ["PRIMARY", "Held", "Stage", "Waits", "open_stage"]

PRIMARY = "anthropic"  # the use case draft prefers Anthropic's model and has OpenAI's behind it
_FIRST_TOKEN_MS, _TOKEN_MS = 20.0, 1.0


@dataclass(frozen=True)
class Waits:
    """The server's waits in seconds, as settings: whole request, first token, and an open breaker's cooldown."""

    request: float = 60.0
    first_token: float = 15.0
    cooldown: float = 10.0

    def attempt(self, *, streamed: bool) -> float:
        """Return the longest that the first of two candidates may take."""
        return self.first_token if streamed else max(5.0, (self.request - 2.0) / 2)

    def environment(self) -> dict[str, str]:
        """Return the settings; our own limits are set too high to matter."""
        return {
            "SIGNALBOX_REQUEST_TIMEOUT_S": f"{self.request:g}",
            "SIGNALBOX_FIRST_TOKEN_TIMEOUT_S": f"{self.first_token:g}",
            "SIGNALBOX_BREAKER_COOLDOWN_S": f"{self.cooldown:g}",
            "SIGNALBOX_RATE_LIMIT_RPS": "10000",
            "SIGNALBOX_RATE_LIMIT_BURST": "100000",
            "SIGNALBOX_DAILY_BUDGET_USD": "1000000",
            "SIGNALBOX_MONTHLY_BUDGET_USD": "1000000",
            "SIGNALBOX_LOG_LEVEL": "error",
        }


STORE_FILE = "signalbox.db"
# Five pooled connections of three files each: the store, its log and the log's index.
MOST_STORE_FILES = 15


@dataclass(frozen=True)
class Held:
    """What the server's process holds: open files beyond pooled connections to vendors and store, calls in flight."""

    files: int
    calls_in_flight: int
    upstream_calls: int


class Stage:
    """One server, the primary vendor and the secondary one."""

    def __init__(self, server: PlainServer, primary: SimulatorProcess, secondary: SimulatorProcess) -> None:
        self.server = server
        self.primary = primary
        self.secondary = secondary
        self.admin_key = ""

    @property
    def url(self) -> str:
        """Where the server is."""
        return self.server.base_url

    @property
    def key(self) -> str:
        """A service key."""
        return str(self.server.facts["api_key"])

    def begin(self, fault: FaultKind) -> None:
        """Let the primary suffer ``fault``."""
        if fault.spoils:
            self.primary.control("PUT", "faults", list(fault.spoils))
        else:
            self.primary.signal(signal.SIGKILL)
            self.primary.wait()

    def end(self, fault: FaultKind) -> None:
        """Withdraw ``fault``."""
        if fault.spoils:
            self.primary.control("DELETE", "faults")
        else:
            self.primary.start()
            _pace(self.primary)

    def calls_by_tag(self) -> dict[tuple[str, str], int]:
        """Return how often each tag was asked of each vendor, by (vendor, tag), as the simulators saw it.

        Calls without a tag are the router's own checks of health.
        """
        seen: dict[tuple[str, str], int] = {}
        for vendor in (self.primary, self.secondary):
            for call in vendor.calls():
                key = (call["vendor"], call["tag"])
                if call["tag"]:
                    seen[key] = seen.get(key, 0) + 1
        return seen

    def forget_calls(self) -> None:
        """Begin the simulators' call logs anew."""
        for vendor in (self.primary, self.secondary):
            vendor.control("DELETE", "calls")

    def held(self) -> Held:
        """Return what the server holds now. No client connection may be open."""
        counts = [vendor.counts() for vendor in (self.primary, self.secondary)]
        # Each simulator counts the connection that asks it.
        pooled = sum(each["open_connections"] - 1 for each in counts)
        opened = [_target(each) for each in Path(f"/proc/{self.server.pid}/fd").iterdir()]
        stored = sum(STORE_FILE in each for each in opened)
        assert stored <= MOST_STORE_FILES, f"{stored} open files of the store"
        files = len(opened) - stored
        upstreams = self.breakers()
        return Held(
            files=files - pooled,
            calls_in_flight=sum(each["inFlight"] for each in upstreams),
            upstream_calls=sum(each["active_calls"] for each in counts),
        )

    def breakers(self) -> list[dict[str, Any]]:
        """Return the state of every upstream as the server reports it to an administrator."""
        request = urllib.request.Request(
            f"{self.url}/api/admin/breakers", headers={"authorization": f"Bearer {self.admin_key}"}
        )
        with urllib.request.urlopen(request, timeout=5) as answer:
            return [each["state"] for each in json.load(answer)["upstreams"]]


@contextmanager
def open_stage(folder: Path, waits: Waits) -> Iterator[Stage]:
    """Start everything in ``folder`` and end it, by process id, when the block ends."""
    port = str(free_port())
    with (
        SimulatorProcess("--fast", "--port", port) as primary,
        SimulatorProcess("--fast") as secondary,
        PlainServer(folder / "data", secondary.openai_url, primary.base_url, **waits.environment()) as server,
    ):
        for vendor in (primary, secondary):
            _pace(vendor)
        stage = Stage(server, primary, secondary)
        made = server.command("keys", "create", "--account", "acme", "--role", "admin")
        stage.admin_key = made["key"]
        yield stage


def _pace(vendor: SimulatorProcess) -> None:
    vendor.control("POST", "latency", {"model": "*", "ttft_ms": _FIRST_TOKEN_MS, "token_ms": _TOKEN_MS})


def _target(link: Path) -> str:
    """Return what an open file is; nothing when it was closed meanwhile."""
    try:
        return str(link.readlink())
    except OSError:
        return ""
