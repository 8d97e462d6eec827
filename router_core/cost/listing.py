"""How a catalogue's prices become versions in the book: what is on record stays, what changed is added."""

from collections.abc import Iterable, Sequence
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
    changed = []
    for model in sorted({each.model for each in listed} & known):
        said, held = catalogue.listed(model, now), book.listed(model, now)
        if said is not None and (held is None or held.tiers != said.tiers):
            changed.append(structs.replace(said, id=f"{said.id}-{int(now.timestamp())}", starts=now, made_at=now))
    return [*fresh, *changed, *_scheduled(book, (each for each in listed if each.model in known), now)]


def _scheduled(book: PriceBook, listed: Iterable[Price], now: datetime) -> list[Price]:
    """Return those that begin later and are not on record yet."""
    later = (each for each in listed if each.starts > now)
    held = {each.id for each in book.versions}
    return [each for each in later if each.id not in held]


def _numbers(release: str) -> tuple[int, ...]:
    return tuple(int(part) if part.isdigit() else 0 for part in release.split(".")) if release else ()
