"""A database that was used and is taken again is as it was before: rows, numbers and tables."""

import psycopg
import pytest

from tests.support.postgres_server import PostgresServer
from tests.support.used_copies import UsedCopies

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def copies(postgres_server: PostgresServer) -> UsedCopies:
    """Copies of a database with one row and the number of the next."""
    name = postgres_server.new_database()
    with connected(postgres_server, name) as inside:
        inside.execute("CREATE TABLE words (number serial PRIMARY KEY, word text, after int REFERENCES words)")
        inside.execute("INSERT INTO words (word) VALUES (E'a\\tb\\n')")
    return UsedCopies(postgres_server, name)


def connected(server: PostgresServer, name: str) -> psycopg.Connection:
    return psycopg.connect(server.url(name), autocommit=True)


def words(inside: psycopg.Connection) -> list[tuple[object, ...]]:
    return inside.execute("SELECT * FROM words ORDER BY number").fetchall()


def test_rows_and_numbers_are_those_of_the_template(postgres_server: PostgresServer, copies: UsedCopies) -> None:
    name = copies.take()
    with connected(postgres_server, name) as inside:
        inside.execute("INSERT INTO words (word, after) VALUES ('more', 1), ('more', 2)")
        inside.execute("UPDATE words SET word = 'other' WHERE number = 1")
    copies.give_back(name)
    assert copies.take() == name
    with connected(postgres_server, name) as inside:
        assert words(inside) == [(1, "a\tb\n", None)]
        assert inside.execute("INSERT INTO words (word) VALUES ('next') RETURNING number").fetchone() == (2,)


def test_who_is_connected_still_is_sent_away(postgres_server: PostgresServer, copies: UsedCopies) -> None:
    name = copies.take()
    with connected(postgres_server, name) as idle:
        copies.give_back(name)
        assert copies.take() == name
        with pytest.raises(psycopg.OperationalError):
            idle.execute("SELECT 1")


@pytest.mark.parametrize(
    "change",
    [
        "CREATE TABLE more (id int)",
        "DROP TABLE words",
        "ALTER TABLE words DROP CONSTRAINT words_after_fkey",
        "ALTER TABLE words ADD COLUMN more int",
        "CREATE INDEX more ON words (word)",
        "ALTER TABLE words DISABLE TRIGGER ALL",
        "DO $$ BEGIN EXECUTE 'ALTER DATABASE ' || current_database() || ' SET lock_timeout = 5'; END $$",
    ],
)
def test_another_takes_the_place_of_one_whose_tables_changed(
    postgres_server: PostgresServer, copies: UsedCopies, change: str
) -> None:
    name = copies.take()
    with connected(postgres_server, name) as inside:
        inside.execute(change.encode())
    copies.give_back(name)
    fresh = copies.take()
    assert fresh != name
    with connected(postgres_server, fresh) as inside:
        assert words(inside) == [(1, "a\tb\n", None)]
    copies.give_back(fresh)
