"""Copies of a migrated PostgreSQL database that are used again: to empty one is far quicker than to make one."""

from typing import Final, LiteralString

import psycopg
from psycopg.sql import SQL, Composed, Identifier, Literal

from tests.support.postgres_server import PostgresServer

__all__ = ["UsedCopies"]

_LEAVE: Final = (
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
_TABLES: Final = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
_SEQUENCES: Final = "SELECT sequencename, start_value, last_value FROM pg_sequences WHERE schemaname = 'public'"
# Where something is made or changed, a row is by a newer transaction; where something is dropped, a row is missing.
_CATALOGUES: Final[tuple[LiteralString, ...]] = (
    "pg_class", "pg_attribute", "pg_constraint", "pg_proc", "pg_trigger",
    "pg_database WHERE datname = current_database()",
    "pg_db_role_setting WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())",
)  # fmt: skip
_SHAPE: Final = SQL(" UNION ALL ").join(
    SQL("SELECT count(*), max(xmin::text::bigint) FROM ") + SQL(each) for each in _CATALOGUES
)


class UsedCopies:
    """Copies of ``template`` on ``server``, each like a fresh one when it is taken.

    A copy whose tables are not what they were is dropped, and a new one takes its place.
    """

    def __init__(self, server: PostgresServer, template: str) -> None:
        self._server, self._template = server, template
        with self._inside(template) as inside:
            tables = [str(name) for (name,) in inside.execute(_TABLES).fetchall()]
            self._empty = _emptying(tables, inside.execute(_SEQUENCES).fetchall())
            self._rows = {name: rows for name in tables if (rows := _copied(inside, name))}
        self._shapes: dict[str, object] = {}
        self._idle: list[str] = []

    def take(self) -> str:
        """Return the name of a copy that nobody is connected to."""
        while self._idle:
            name = self._idle.pop()
            if self._cleaned(name):
                return name
            self._server.drop_database(name)
        name = self._server.new_database(self._template)
        with self._inside(name) as inside:
            self._shapes[name] = inside.execute(_SHAPE).fetchall()
        return name

    def give_back(self, name: str) -> None:
        """Let the copy ``name`` be taken again; who is connected to it still is sent away then."""
        self._idle.append(name)

    def _cleaned(self, name: str) -> bool:
        with self._inside(name) as inside:
            inside.execute(_LEAVE)
            if inside.execute(_SHAPE).fetchall() != self._shapes[name]:
                return False
            with inside.transaction():
                inside.execute(self._empty)
                for table, rows in self._rows.items():
                    with inside.cursor().copy(SQL("COPY {} FROM STDIN").format(Identifier(table))) as copy:
                        copy.write(rows)
        return True

    def _inside(self, name: str) -> psycopg.Connection:
        return psycopg.connect(self._server.url(name), autocommit=True)


def _emptying(tables: list[str], sequences: list[tuple[str, int, int | None]]) -> Composed:
    """Return what takes all rows out, past every rule and trigger, and lets numbers begin where they began."""
    back = (
        SQL("SELECT setval({}::regclass, {}, {})").format(name, Literal(last or start), Literal(last is not None))
        for name, start, last in sequences
    )
    rows = (SQL("DELETE FROM {}").format(Identifier(name)) for name in tables)
    return SQL("; ").join((SQL("SET LOCAL session_replication_role = replica"), *rows, *back))


def _copied(inside: psycopg.Connection, table: str) -> bytes:
    with inside.cursor().copy(SQL("COPY {} TO STDOUT").format(Identifier(table))) as copy:
        return b"".join(bytes(each) for each in copy)
