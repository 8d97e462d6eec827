"""Fixtures for migrated stores, made by ``alembic upgrade head`` once and copied for each test.

``tests/conftest.py`` loads them for every folder: ask for ``sqlite_url``, ``postgres_url`` or ``store_hop``.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from db.engine import make_engine
from db.hop import StoreHop
from db.migrate import upgrade
from tests.support.postgres_server import PostgresServer, running_server
from tests.support.used_copies import UsedCopies

__all__ = [
    "empty_url",
    "migrated_postgres",
    "migrated_sqlite",
    "postgres_server",
    "postgres_url",
    "shared_postgres_url",
    "shared_sqlite_url",
    "sqlite_url",
    "store_engine",
    "store_hop",
    "store_url",
    "used_copies",
]

BOTH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy; nobody is connected to it."""
    file = tmp_path_factory.mktemp("template") / "signalbox.db"
    upgrade(f"sqlite:///{file}")
    return file


@pytest.fixture
def sqlite_url(migrated_sqlite: Path, tmp_path: Path) -> str:
    """The URL of a fresh, migrated SQLite store."""
    return f"sqlite:///{shutil.copy(migrated_sqlite, tmp_path / 'signalbox.db')}"


@pytest.fixture(scope="module")
def shared_sqlite_url(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL of a migrated SQLite store for all tests of a module."""
    return f"sqlite:///{shutil.copy(migrated_sqlite, tmp_path_factory.mktemp('shared') / 'signalbox.db')}"


@pytest.fixture(scope="module")
def shared_postgres_url(postgres_server: PostgresServer, used_copies: UsedCopies) -> Iterator[str]:
    """The URL of a migrated PostgreSQL store for all tests of a module."""
    name = used_copies.take()
    yield postgres_server.url(name)
    used_copies.give_back(name)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """The session's own PostgreSQL server."""
    with running_server() as server:
        yield server


@pytest.fixture(scope="session")
def migrated_postgres(postgres_server: PostgresServer) -> str:
    """The name of a migrated database to copy; nobody is connected to it."""
    name = postgres_server.new_database()
    upgrade(postgres_server.url(name))
    return name


@pytest.fixture(scope="session")
def used_copies(postgres_server: PostgresServer, migrated_postgres: str) -> UsedCopies:
    """Copies of the migrated database, to take and to give back."""
    return UsedCopies(postgres_server, migrated_postgres)


@pytest.fixture
def postgres_url(postgres_server: PostgresServer, used_copies: UsedCopies) -> Iterator[str]:
    """The URL of a migrated PostgreSQL store, as good as fresh."""
    name = used_copies.take()
    yield postgres_server.url(name)
    used_copies.give_back(name)


@pytest.fixture(params=BOTH)
def store_url(request: pytest.FixtureRequest) -> str:
    """The URL of a fresh, migrated store: the test runs on both databases."""
    url: str = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url")
    return url


@pytest.fixture(params=BOTH)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a store without any table: the test runs on both databases."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    name = server.new_database()
    yield server.url(name)
    server.drop_database(name)


@pytest.fixture
def store_engine(store_url: str) -> Iterator[Engine]:
    """An engine on a migrated store, on both databases."""
    engine = make_engine(store_url)
    yield engine
    engine.dispose()


@pytest.fixture
def store_hop(store_engine: Engine) -> Iterator[StoreHop]:
    """A hop into a migrated store, on both databases."""
    hop = StoreHop(store_engine)
    yield hop
    hop.close()
