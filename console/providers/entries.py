"""What a provider or a policy that comes or goes as a whole is made of, line by line."""

from collections.abc import Mapping
from typing import Any, Final

from console.providers.documents import PLAIN_POLICY, Document
from console.providers.words import field_name, shown_at, shown_value
from router_core.types import ConfigChange

__all__ = ["DISABLED", "lines_of"]

DISABLED: Final = "Disabled: it gets no requests"
FIRST: Final = ("kind", "model", "baseUrl", "accountId", "isDefault", "useCases", "weight", "limits", "capabilities")
# The name stands above the lines, the id is of no meaning to people, and the state comes first.
ELSEWHERE: Final = frozenset({"id", "name", "isActive"})

Line = tuple[str, str]
"""A field's name, and its value in words."""


def lines_of(change: ConfigChange) -> list[Line]:
    """Return every field of a provider that is added or removed, and of a policy those that say something."""
    entry = change.new if change.kind == "added" else change.old
    if change.kind == "changed" or not isinstance(entry, Mapping):
        return []
    if change.path.startswith("providers["):
        return _of_provider(entry)
    return _of_policy(entry) if change.path.startswith("policies[") and change.path.endswith("]") else []


def _of_provider(row: Document) -> list[Line]:
    names = dict.fromkeys((*(each for each in FIRST if each in row), *row))
    state = "Active" if row.get("isActive") is True else DISABLED
    return [("State", state), *((field_name(each), _value(each, row[each])) for each in names if each not in ELSEWHERE)]


def _of_policy(policy: Document) -> list[Line]:
    said = {name: value for name, value in policy.items() if value != PLAIN_POLICY.get(name)}
    return [(field_name(name), shown_at(name, value)) for name, value in said.items()]


def _value(name: str, value: Any) -> str:
    """Return a field's value; of limits those that are set."""
    if name != "limits" or not isinstance(value, Mapping):
        return shown_at(name, value)
    return shown_value({each: limit for each, limit in value.items() if limit is not None})
