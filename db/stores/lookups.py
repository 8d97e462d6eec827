"""Looking before writing, because SQLite does not say which reference failed."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute, Session

from router_core.errors import ValidationError

__all__ = ["require_known"]


def require_known(session: Session, column: InstrumentedAttribute[str], ids: Iterable[str], *, field: str) -> None:
    """Check that ``column`` holds every one of ``ids``. Raises :class:`ValidationError` that names ``field``."""
    wanted = set(ids)
    if wanted - set(session.scalars(select(column).where(column.in_(wanted)))):
        raise ValidationError(f"`{field}` names nothing that exists", field=field)
