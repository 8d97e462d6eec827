"""Search by words: the rows of the rarest word are looked at, newest first, and the others are checked on them."""

from typing import Any, Final

from sqlalchemy import Select, and_, exists, func, select, true
from sqlalchemy.orm import Session

from db.queries.audit_cursor import Place
from db.queries.audit_rows import LOG
from db.queries.audit_scan import Look, Scan, all_conditions
from db.record_models import AuditWord
from db.records.search_words import words_of
from router_core.errors import ValidationError

__all__ = ["scan_texts"]

MOST_WORDS: Final = 8
_COUNTED: Final = 1_000
_WORD: Any = AuditWord.__table__.c


def scan_texts(session: Session, look: Look, place: Place | None, limit: int, *, newest_first: bool) -> Scan:
    """Look for ``limit`` rows with all words of ``wanted.text`` beyond ``place``, in the order of commits.

    Raises :class:`ValidationError` for a text without words or with more than eight.
    """
    wanted, bounds = look.wanted, look.bounds
    words = words_of([wanted.text or ""])
    if not 1 <= len(words) <= MOST_WORDS:
        raise ValidationError(f"text must have 1 to {MOST_WORDS} words", field="text")
    lead = min(words, key=lambda word: _count(session, word))
    looked = _looked_at(lead, place, bounds.most, newest_first=newest_first).subquery("looked")
    checks = [exists().where(_WORD.word == word, _WORD.position == looked.c.position) for word in words if word != lead]
    fits = and_(true(), *all_conditions(wanted), *checks).label("fits")
    order = looked.c.position.desc() if newest_first else looked.c.position
    query = select(LOG.c.at, LOG.c.position, fits).join(looked, looked.c.position == LOG.c.position).order_by(order)
    rows = session.execute(query).all()
    found = [row.position for row in rows if row.fits]
    if len(found) > limit:
        return Scan(found[:limit], more=True, stopped_at=None)
    if len(rows) < bounds.most:
        return Scan(found, more=False, stopped_at=None)
    return Scan(found, more=True, stopped_at=(rows[-1].at, rows[-1].position))


def _looked_at(word: str, place: Place | None, most: int, *, newest_first: bool) -> Select[Any]:
    query = select(_WORD.position).where(_WORD.word == word)
    if place is not None:
        query = query.where(_WORD.position < place.position if place.older else _WORD.position > place.position)
    return query.order_by(_WORD.position.desc() if newest_first else _WORD.position).limit(most)


def _count(session: Session, word: str) -> int:
    inner = select(_WORD.position).where(_WORD.word == word).limit(_COUNTED).subquery()
    return session.scalar(select(func.count()).select_from(inner)) or 0
