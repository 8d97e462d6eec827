"""What differs between two documents, field by field."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from router_core.types import ConfigChange

__all__ = ["PROVIDERS", "changes_between", "identity_of", "in_words", "place_of"]

Document = Mapping[str, Any]
_SIGNS = {"added": "+", "removed": "-", "changed": "~"}
PROVIDERS = "providers"
# Sections whose names are those of use cases, or of servers.
KEYED = frozenset({"preferences", "policies", "toolServers"})


def changes_between(old: Document, new: Document) -> tuple[ConfigChange, ...]:
    """Return what ``new`` changes of ``old``. A provider is the same as long as its id is, whatever its name."""
    found: list[ConfigChange] = []
    for section in dict.fromkeys((*old, *new)):
        if section == PROVIDERS:
            found += _of_providers(old.get(section, ()), new.get(section, ()))
        else:
            found += _of_section(section, old.get(section, {}), new.get(section, {}))
    return tuple(found)


def in_words(change: ConfigChange) -> str:
    """Return one line for people: ``~ providers[openai-gpt4o].weight: 100 → 50``."""
    head = f"{_SIGNS[change.kind]} {change.path}"
    match change.kind:
        case "added":
            return f"{head}: {_text(change.new)}"
        case "removed":
            return head
        case _:
            return f"{head}: {_text(change.old)} → {_text(change.new)}"


def _of_providers(old: Sequence[Document], new: Sequence[Document]) -> Iterator[ConfigChange]:
    before, after = {identity_of(row): row for row in old}, {identity_of(row): row for row in new}
    for each, row in before.items():
        if each not in after:
            yield ConfigChange(path=place_of(row), kind="removed", old=row)
    for each, row in after.items():
        if each not in before:
            yield ConfigChange(path=place_of(row), kind="added", new=row)
        else:
            yield from _of_fields(place_of(before[each]), before[each], row)
    stayed = [_named(before[each]) for each in before if each in after]
    order = [_named(before[each]) for each in after if each in before]
    if stayed != order:
        yield ConfigChange(path=PROVIDERS, kind="changed", old=stayed, new=order)


def _of_section(section: str, old: Document, new: Document) -> Iterator[ConfigChange]:
    keyed = section in KEYED
    for name in dict.fromkeys((*old, *new)):
        yield from _of_values(name, old, new, f"{section}[{name}]" if keyed else f"{section}.{name}")


def _of_fields(path: str, old: Document, new: Document) -> Iterator[ConfigChange]:
    for name in dict.fromkeys((*old, *new)):
        yield from _of_values(name, old, new, f"{path}.{name}")


def _of_values(name: str, old: Document, new: Document, path: str) -> Iterator[ConfigChange]:
    if name not in new:
        yield ConfigChange(path=path, kind="removed", old=old[name])
    elif name not in old:
        yield ConfigChange(path=path, kind="added", new=new[name])
    elif isinstance(old[name], Mapping) and isinstance(new[name], Mapping):
        yield from _of_fields(path, old[name], new[name])
    elif old[name] != new[name]:
        yield ConfigChange(path=path, kind="changed", old=old[name], new=new[name])


def identity_of(row: Document) -> str:
    """Return what makes ``row`` the same one in two documents."""
    return str(row.get("id") or row.get("name", ""))


def _named(row: Document) -> str:
    return str(row.get("name", ""))


def place_of(row: Document) -> str:
    """Return the path of ``row``."""
    return f"{PROVIDERS}[{_named(row)}]"


def _text(value: Any) -> str:
    return msgspec.json.encode(value).decode()
