"""How a catalogue's prices become versions in the book: what is on record stays, what changed is added."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import structs

from router_core.types import Price, PriceBook

__all__ = ["additions", "is_newer"]


def is_newer(release: str, known: str) -> bool:
    """Say whether ``release`` of a catalogue is newer than ``known``, empty for none: ``0.10.0`` over ``0.9``."""
    return _numbers(release) > _numbers(known)


def additions(book: PriceBook, listed: Sequence[Price], now: datetime) -> list[Price]:
    """Return what is to be added to ``book`` so that it says what ``listed`` says, from ``now`` on.

    A model that it does not know is added with its whole past. A price that changed since an older release, nobody
    says when, holds from ``now`` on, so that what was charged before stays explained by what held then.
    """
    known = {each.model for each in book.versions if each.kind == "listed"}
    fresh = [each for each in listed if each.model not in known]
    catalogue = PriceBook(listed)
    for model in sorted({each.model for each in listed} & known):
        fresh += _changes(book, catalogue, model, now)
    return fresh


def _changes(book: PriceBook, catalogue: PriceBook, model: str, now: datetime) -> list[Price]:
    """Return what ``book`` lacks of ``model`` from ``now`` on: an announced change may have been moved since."""
    versions = [each for each in book.versions if each.kind == "listed" and each.model == model]
    said_later = [each for each in catalogue.versions if each.model == model]
    moments = {now, *(each.starts for each in (*versions, *said_later) if each.starts > now)}
    added: list[Price] = []
    for moment in sorted(moments):
        said, held = catalogue.listed(model, moment), PriceBook([*versions, *added]).listed(model, moment)
        if said is not None and (held is None or held.tiers != said.tiers):
            mark = f"{said.id}-{int(moment.timestamp())}-{int(now.timestamp())}"
            added.append(structs.replace(said, id=mark, starts=moment, made_at=now))
    return added


def _numbers(release: str) -> tuple[int, ...]:
    return tuple(int(part) if part.isdigit() else 0 for part in release.split(".")) if release else ()
