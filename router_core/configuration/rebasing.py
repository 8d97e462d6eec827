"""Takes up in a document what somebody else changed since it was begun."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from msgspec import Struct

from router_core.configuration.changes import PROVIDERS, identity_of, place_of

__all__ = ["Rebased", "rebased"]

Document = Mapping[str, Any]
_NOTHING: Final = object()


class Rebased(Struct, frozen=True):
    """A document on a new base; ``given_up`` names the fields whose own change gave way to somebody else's."""

    document: dict[str, Any]
    given_up: tuple[str, ...]


class _Sides(NamedTuple):
    base: Any
    mine: Any
    theirs: Any

    def at(self, name: str, absent: Any = _NOTHING) -> "_Sides":
        """Return what each side has under ``name``."""
        return _Sides(*(each.get(name, absent) if isinstance(each, Mapping) else absent for each in self))


def rebased(base: Document, mine: Document, theirs: Document) -> Rebased:
    """Return ``theirs`` with what ``mine`` changes of ``base``; where both change a field, theirs stays."""
    sides, given_up = _Sides(base, mine, theirs), list[str]()
    found: dict[str, Any] = {}
    for section in dict.fromkeys((*base, *theirs, *mine)):
        if section == PROVIDERS:
            found[section] = _rows(sides.at(section, ()), given_up)
        else:
            found[section] = _merged(section, sides.at(section, {}), given_up)
    return Rebased(found, tuple(given_up))


def _rows(sides: _Sides, given_up: list[str]) -> list[Any]:
    """Return the rows in their order, unless only mine has another: then in mine; new ones of mine at the end."""
    rows = _Sides(*({identity_of(row): row for row in each} for each in sides))
    found = {}
    for each in dict.fromkeys((*rows.theirs, *rows.mine)):
        row = rows.at(each)
        place = place_of(next(side for side in row if side is not _NOTHING))
        merged = _merged(place, row, given_up)
        if merged is not _NOTHING:
            found[each] = merged
    is_mine_moved = [each for each in rows.mine if each in rows.base] != [
        each for each in rows.base if each in rows.mine
    ]
    if is_mine_moved and list(rows.theirs) == list(rows.base):
        found = {each: found[each] for each in dict.fromkeys((*rows.mine, *found)) if each in found}
    return list(found.values())


def _merged(path: str, sides: _Sides, given_up: list[str]) -> Any:
    base, mine, theirs = sides
    if mine in (base, theirs):
        return theirs
    if theirs == base:
        return mine
    if not (isinstance(mine, Mapping) and isinstance(theirs, Mapping)):
        given_up.append(path)
        return theirs
    merged = {name: _merged(f"{path}.{name}", sides.at(name), given_up) for name in dict.fromkeys((*theirs, *mine))}
    return {name: value for name, value in merged.items() if value is not _NOTHING}
