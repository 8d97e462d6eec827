"""Inserts that know what to do with rows that are there already; both databases spell them alike."""

from sqlalchemy import FromClause, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

__all__ = ["insert_into"]


def insert_into(session: Session, model: FromClause) -> postgresql.Insert | sqlite.Insert:
    """Return the database's own insert into a model's table, which has ``on_conflict_do_…``."""
    if not isinstance(model, Table):
        raise TypeError("rows go into tables")
    is_postgresql = session.get_bind().dialect.name == "postgresql"
    return postgresql.insert(model) if is_postgresql else sqlite.insert(model)
