"""A PostgreSQL server of our own for one test session, from the machine's binaries, on a free loopback port."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import psycopg
import pytest

from tests.support.ports import free_port

__all__ = ["PostgresServer", "find_binaries", "running_server"]

_START_TRIES = 3
_UNPRIVILEGED = ("postgres", "nobody")
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_connections": "60",
}


@dataclass
class PostgresServer:
    """A running server; each database is a copy of a template or empty."""

    port: int
    _binaries: Path
    _folder: Path
    _account: pwd.struct_passwd | None
    _numbers: Iterator[int] = field(default_factory=count)

    def url(self, database: str) -> str:
        """Return the URL of a database."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def new_database(self, template: str = "template0") -> str:
        """Make a fresh database and return its name."""
        name = f"test_{next(self._numbers)}"
        self._execute(f'CREATE DATABASE {name} TEMPLATE "{template}"')
        return name

    def drop_database(self, name: str) -> None:
        """Drop a database, whoever is connected."""
        self._execute(f"DROP DATABASE {name} WITH (FORCE)")

    def stop(self) -> None:
        """Stop the server, ending every connection; :meth:`start` brings it back on the same port."""
        command: list[Path | str] = [
            self._binaries / "pg_ctl",
            "stop",
            "--wait",
            "--pgdata",
            self._folder / "data",
            "--mode=fast",
        ]
        _run(command, self._folder, self._account)

    def start(self) -> None:
        """Start the server again."""
        _run(_start_command(self._binaries, self._folder, self.port), self._folder, self._account)

    def suspend(self) -> None:
        """Let every process of the server hang: connections are held, and nothing is answered."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let the server go on after :meth:`suspend`."""
        self._signal(signal.SIGCONT)

    def end_connections(self, database: str) -> None:
        """End every connection to ``database``, as an administrator may."""
        self._execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'")

    def _signal(self, number: signal.Signals) -> None:
        parent = int((self._folder / "data" / "postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        for each in (parent, *map(int, children)):
            with suppress(ProcessLookupError):
                os.kill(each, number)

    def _execute(self, statement: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())


def find_binaries() -> Path:
    """Return the folder of the server's programs; without them skip the test, or fail it under CI."""
    on_path = shutil.which("initdb")
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda file: int(file.parts[-3]))
    found = [Path(on_path).resolve()] if on_path else installed[-1:]
    if found:
        return found[0].parent
    reason = "PostgreSQL's server programs are missing: apt-get install postgresql (initdb, pg_ctl)"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@contextmanager
def running_server() -> Iterator[PostgresServer]:
    """Run a server until the block ends, as an unprivileged user when we are root."""
    binaries = find_binaries()
    folder = Path(tempfile.mkdtemp(prefix="signalbox-postgres-"))
    account = _unprivileged_account()
    try:
        if account:
            os.chown(folder, account.pw_uid, account.pw_gid)
        data = folder / "data"
        auth = ["--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
        _run([binaries / "initdb", "--pgdata", data, *auth], folder, account)
        port = _start(binaries, folder, account)
        try:
            yield PostgresServer(port, binaries, folder, account)
        finally:
            _run([binaries / "pg_ctl", "stop", "--pgdata", data, "--mode=immediate"], folder, account)
    finally:
        shutil.rmtree(folder)


def _start(binaries: Path, folder: Path, account: pwd.struct_passwd | None) -> int:
    """Start on a free port; between our look and the server's bind another program may take it, so try again."""
    for attempt in range(1, _START_TRIES + 1):
        port = free_port()
        try:
            _run(_start_command(binaries, folder, port), folder, account)
        except RuntimeError:
            if attempt == _START_TRIES:
                raise
        else:
            return port
    raise AssertionError("unreachable")


def _start_command(binaries: Path, folder: Path, port: int) -> "list[Path | str]":
    settings = " ".join(f"-c {name}='{value}'" for name, value in _SETTINGS.items())
    place: list[Path | str] = ["--pgdata", folder / "data", "--log", folder / "log"]
    return [binaries / "pg_ctl", "start", "--wait", *place, "--options", f"-p {port} {settings}"]


def _run(command: list[Path | str], folder: Path, account: pwd.struct_passwd | None) -> None:
    # Output goes to a file: the server would keep a pipe open and hold us up.
    with (folder / "output").open("w+") as output:
        ended = subprocess.run(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            user=account.pw_uid if account else None,
            group=account.pw_gid if account else None,
            extra_groups=[] if account else None,
            check=False,
            timeout=60,
        )
        if ended.returncode != 0:
            output.seek(0)
            raise RuntimeError(f"{Path(command[0]).name} failed: {output.read()}")


def _unprivileged_account() -> pwd.struct_passwd | None:
    """PostgreSQL refuses to run as root; return whom to run it as, or None when we are no root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    return next(names[name] for name in _UNPRIVILEGED if name in names)
