"""A Redis server of our own, from the machine's program, on a free loopback port; nothing of it is kept."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest
import redis

from tests.support.ports import free_port

__all__ = ["RedisServer", "redis_server", "shared_redis"]

_START_S = 10.0
_STOP_S = 10.0


class RedisServer:
    """A server that tests may stop, hang and bring back; use it as a context manager."""

    def __init__(self, *arguments: str) -> None:
        self._arguments = arguments
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def client(self) -> "redis.Redis":
        """A plain client, to look at the data and to turn settings."""
        return redis.Redis(port=self.port, socket_timeout=5)

    def start(self) -> None:
        """Start, empty, and wait until it answers."""
        where = ["--port", str(self.port), "--bind", "127.0.0.1"]
        command = [_program(), *where, "--save", "", "--appendonly", "no", *self._arguments]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd="/")
        _wait_for(self.port, self._process)

    def stop(self) -> None:
        """Kill it, at once and without farewell, also when it hangs."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(_STOP_S)
            self._process = None

    def suspend(self) -> None:
        """Let it hang: it holds its connections and answers nothing."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on after :meth:`suspend`."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None, "the server is not running"
        self._process.send_signal(number)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


@pytest.fixture(scope="session")
def shared_redis() -> Iterator[RedisServer]:
    """The session's own server; tests do not hurt it."""
    with RedisServer() as server:
        yield server


@pytest.fixture
def redis_server(shared_redis: RedisServer) -> RedisServer:
    """The session's own server, emptied."""
    shared_redis.client.flushall()
    return shared_redis


def _program() -> str:
    found = shutil.which("redis-server")
    if found is not None:
        return str(Path(found))
    reason = "redis-server is missing: apt-get install redis-server"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    """Wait until it listens; it may still ask for a password."""
    deadline = time.monotonic() + _START_S
    while process.poll() is None and time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.01)
    raise AssertionError("redis-server does not listen")
