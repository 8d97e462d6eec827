"""Looks rows up: one by its id, and before writing, because SQLite does not say which reference failed."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute, Session

from db.column_types import BadTextError
from db.hop import StoreHop
from db.models import Account
from router_core.errors import ValidationError

__all__ = ["found_by_id", "require_accounts", "require_known"]

T = TypeVar("T")


async def found_by_id(hop: StoreHop, table: Any, id: str, value_of: Callable[[Any], T]) -> T | None:
    """Return the value of the row of ``table`` with that id, None when there is none such."""

    def work(session: Session) -> T | None:
        row = session.get(table, id)
        return None if row is None else value_of(row)

    try:
        return await hop.read(work)
    except BadTextError:  # text that cannot be stored is no id
        return None


def require_accounts(session: Session, ids: Iterable[str], *, field: str) -> None:
    """Check that every one of ``ids`` is an account that was not removed. Raises :class:`ValidationError`."""
    wanted = set(ids)
    there = select(Account.id).where(Account.id.in_(wanted), Account.removed_at.is_(None))
    if wanted - set(session.scalars(there)):
        raise ValidationError(f"`{field}` names nothing that exists", field=field)


def require_known(session: Session, column: InstrumentedAttribute[str], ids: Iterable[str], *, field: str) -> None:
    """Check that ``column`` holds every one of ``ids``. Raises :class:`ValidationError` that names ``field``."""
    wanted = set(ids)
    if wanted - set(session.scalars(select(column).where(column.in_(wanted)))):
        raise ValidationError(f"`{field}` names nothing that exists", field=field)
