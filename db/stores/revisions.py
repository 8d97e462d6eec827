"""The revision that every change of configuration takes in its own transaction."""

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from db.models import ConfigState

__all__ = ["next_revision"]


def next_revision(session: Session, now: datetime) -> int:
    """Take the next revision: first in a writing transaction, so PostgreSQL lets one change in at a time."""
    statement = update(ConfigState).values(revision=ConfigState.revision + 1, updated_at=now)
    return session.scalars(statement.returning(ConfigState.revision)).one()
