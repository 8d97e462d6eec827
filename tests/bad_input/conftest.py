"""One real server for all hostile requests, in front of a simulator that counts what reaches it."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import httpx2
import pytest

from tests.support.key_text import key_secret
from tests.support.raw_http import RawAnswer, exchange
from tests.support.server_process import PlainServer
from tests.support.simulator_process import SimulatorProcess

# Whoever asks from here is a proxy; tests that need an address of their own are relayed by it.
PROXY = "127.0.0.1"
PROVIDER_KEY = "sk-for-a-simulator"


@dataclass
class Gate:
    """The server, its simulator, and everything that nobody may read again."""

    server: PlainServer
    simulator: SimulatorProcess
    http: httpx2.Client
    admin: str
    calls_allowed: bool = False
    secrets: list[str] = field(default_factory=list)
    log_read: int = 0
    _addresses: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def key(self) -> str:
        """A service key."""
        return str(self.server.facts["api_key"])

    def headers(self, **more: str) -> dict[str, str]:
        """Return the headers of a good JSON request of the service key, and ``more``."""
        return {"authorization": f"Bearer {self.key}", "content-type": "application/json", **more}

    def ask(self, body: Any = None, **given: Any) -> httpx2.Response:
        """Send a request to the router; ``body`` is bytes, or becomes JSON."""
        content = {"content": body} if isinstance(body, bytes) else {"json": body}
        return self.http.post("/api/llm", **{"headers": self.headers(), **content, **given})

    def manage(self, method: str, path: str, **given: Any) -> httpx2.Response:
        """Send a request with the admin key."""
        return self.http.request(method, path, headers={"authorization": f"Bearer {self.admin}"}, **given)

    def raw(self, *pieces: bytes) -> RawAnswer:
        """Send bytes and read to the end."""
        return exchange(self.server.port, *pieces)

    def elsewhere(self) -> dict[str, str]:
        """Return the header by which the proxy says that a client at a new address asks."""
        return {"x-forwarded-for": f"203.0.113.{next(self._addresses)}"}

    def stored(self, query: str) -> list[tuple[Any, ...]]:
        """Return what the store holds."""
        with closing(sqlite3.connect(self.server.folder / "signalbox.db")) as store:
            return store.execute(query).fetchall()

    def recorded(self) -> None:
        """Wait until the store has every event."""
        for _ in range(200):
            if not self.manage("GET", "/api/admin/stats").json()["recorder"]["pending"]:
                return
            self.server.pause()
        raise AssertionError("the record is behind")

    def new_log(self) -> str:
        """Return what the log has said since the last look."""
        with self.server.log.open("rb") as log:
            log.seek(self.log_read)
            said = log.read()
            self.log_read += len(said)
        return said.decode(errors="replace")


class SlowClients(threading.Thread):
    """Clients that began with the tests and are too slow, while those run."""

    def __init__(self, port: int, key: str) -> None:
        super().__init__(daemon=True)
        self._port = port
        head = f"POST /api/llm HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n"
        self._head = f"{head}Content-Length: 500\r\n\r\n".encode()
        self.answers: dict[str, RawAnswer] = {}

    def run(self) -> None:
        """Send what is sent, and wait for the end of both."""
        others = [
            threading.Thread(target=self._ask, args=("body", self._head + b'{"pro')),
            threading.Thread(target=self._ask, args=("head", self._head[:20])),
        ]
        for each in others:
            each.start()
        for each in others:
            each.join()

    def _ask(self, name: str, sent: bytes) -> None:
        self.answers[name] = exchange(self._port, sent)


@pytest.fixture(scope="session")
def _gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gate]:
    folder = tmp_path_factory.mktemp("bad_input") / "data"
    with (
        SimulatorProcess("--fast") as simulator,
        PlainServer(
            folder, simulator.openai_url, simulator.base_url, SIGNALBOX_TRUSTED_PROXIES=PROXY,
            SIGNALBOX_HEALTH_CHECKS="false", SIGNALBOX_LOG_LEVEL="debug", SIGNALBOX_LOG_FORMAT="json",
            SIGNALBOX_AUDIT_FLUSH_S="0.05",
        ) as server,
        httpx2.Client(base_url=server.base_url, trust_env=False, timeout=30) as http,
    ):  # fmt: skip
        admin = server.command("keys", "create", "--account", "acme", "--role", "admin")["key"]
        secrets = [PROVIDER_KEY, *(key_secret(key) for key in (str(server.facts["api_key"]), admin))]
        yield Gate(server, simulator, http, admin, secrets=secrets)


@pytest.fixture(scope="session")
def slow_clients(_gate: Gate) -> SlowClients:
    """Return clients that have been slow since this was asked for first."""
    begun = SlowClients(_gate.server.port, _gate.key)
    begun.start()
    return begun


@pytest.fixture
def gate(_gate: Gate, slow_clients: SlowClients) -> Iterator[Gate]:
    """Give the server; afterwards nothing has reached a provider unless the test said so, nothing is held or told."""
    _gate.calls_allowed = False
    _gate.new_log()
    before = _gate.simulator.counts()["calls"]
    yield _gate
    stats = _gate.manage("GET", "/api/admin/stats").json()
    assert (stats["inFlight"], stats["streams"]) == (0, 0)
    assert _gate.calls_allowed or _gate.simulator.counts()["calls"] == before
    said = _gate.new_log()
    assert [secret for secret in _gate.secrets if secret in said] == []
    assert "Traceback" not in said
