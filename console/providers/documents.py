"""Changes of a configuration's document, which is plain data: nothing here is in force, and any of it may be wrong."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from router_core.configuration.documents import document_of, provider_document
from router_core.configuration.renaming import renamed
from router_core.types import (
    STANDARD_USE_CASES,
    ConfigChange,
    Configuration,
    ProviderConfig,
    ProviderKind,
    UseCasePolicy,
)

__all__ = [
    "Document",
    "candidates",
    "copy_of",
    "grave_changes",
    "is_shaped",
    "new_row",
    "policy_of",
    "row_of",
    "use_case_names",
    "value_at",
    "with_policy_value",
    "with_preference",
    "with_row",
    "with_row_value",
    "without_row",
]

Document = Mapping[str, Any]
SECTIONS: Final[Mapping[str, type]] = {"flags": Mapping, "preferences": Mapping, "policies": Mapping, "providers": list}
PLAIN_POLICY: Final = document_of(Configuration(policies={"any": UseCasePolicy()}))["policies"]["any"]


def is_shaped(document: Document) -> bool:
    """Say whether ``document`` has the sections that a screen needs to show it, whatever is in their fields."""
    return (
        all(isinstance(document.get(name), kind) for name, kind in SECTIONS.items())
        and all(isinstance(row, Mapping) and isinstance(row.get("name"), str) for row in document["providers"])
        and all(isinstance(row.get("useCases"), list) for row in document["providers"])
        and all(isinstance(each, Mapping) for each in document["policies"].values())
    )


def row_of(document: Document, row_id: str) -> Document | None:
    """Return the provider with that id, None when there is none."""
    return next((row for row in document["providers"] if row.get("id") == row_id), None)


def value_at(entry: Document, path: str) -> Any:
    """Return the value of a field, ``limits.burst`` for one of a group; None for one that is not there."""
    found: Any = entry
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def with_row_value(document: Document, row_id: str, path: str, value: Any) -> dict[str, Any]:
    """Return ``document`` with another value in a field of a provider; use cases that name it follow a new name."""
    old = row_of(document, row_id) or {}
    rows = [_with_value(row, path, value) if row.get("id") == row_id else row for row in document["providers"]]
    changed = {**document, "providers": rows}
    if path != "name" or any(row["name"] == old.get("name") for row in rows):
        return changed
    policies = {name: renamed(each, old.get("name"), value) for name, each in document["policies"].items()}
    return {**changed, "policies": policies}


def with_row(document: Document, row: Document) -> dict[str, Any]:
    """Return ``document`` with ``row`` at the end."""
    return {**document, "providers": [*document["providers"], dict(row)]}


def without_row(document: Document, row_id: str) -> dict[str, Any]:
    """Return ``document`` without a provider."""
    return {**document, "providers": [row for row in document["providers"] if row.get("id") != row_id]}


def new_row(row_id: str, name: str, kind: ProviderKind, model: str) -> dict[str, Any]:
    """Return a provider that serves nothing yet."""
    row = ProviderConfig(
        id=row_id, name=name, kind=kind, model=model, use_cases=(), max_tokens=16_384, context_window=128_000
    )
    return provider_document(row)


def copy_of(document: Document, row_id: str, new_id: str) -> dict[str, Any]:
    """Return a provider like the one with ``row_id`` under a name of its own, which is no default."""
    row = row_of(document, row_id) or {}
    taken = {each["name"] for each in document["providers"]}
    numbers = iter(range(2, len(taken) + 3))
    name = f"{row.get('name', '')}-copy"
    while name in taken:
        name = f"{row.get('name', '')}-copy-{next(numbers)}"
    return {**row, "id": new_id, "name": name, "isDefault": False}


def use_case_names(document: Document) -> list[str]:
    """Return every use case that is standard or that the document names."""
    served = {each for row in document["providers"] for each in row["useCases"] if isinstance(each, str)}
    named = {*served, *document["preferences"], *document["policies"]}
    return [*STANDARD_USE_CASES, *sorted(named - set(STANDARD_USE_CASES))]


def policy_of(document: Document, use_case: str) -> dict[str, Any]:
    """Return how a use case wants to be served, every field named."""
    return {**PLAIN_POLICY, **document["policies"].get(use_case, {})}


def candidates(document: Document, use_case: str) -> list[Document]:
    """Return the providers that a use case may go to, in the order in which its policy names them; others follow."""
    preferred = document["preferences"].get(use_case)
    order = policy_of(document, use_case).get("order")
    ranks = {name: rank for rank, name in enumerate(order)} if isinstance(order, list) else {}
    rows = [row for row in document["providers"] if use_case in row["useCases"] or row["name"] in ranks]
    rows.sort(key=lambda row: (row.get("model") != preferred, bool(row.get("isDefault"))))
    return sorted(rows, key=lambda row: ranks.get(row["name"], len(ranks)))


def with_policy_value(document: Document, use_case: str, path: str, value: Any) -> dict[str, Any]:
    """Return ``document`` with another value in a use case's policy; a policy that says nothing is left out."""
    policy = _with_value(policy_of(document, use_case), path, value)
    policies = {name: each for name, each in document["policies"].items() if name != use_case}
    if policy != PLAIN_POLICY:
        policies[use_case] = policy
    return {**document, "policies": dict(sorted(policies.items()))}


def with_preference(document: Document, use_case: str, model: str | None) -> dict[str, Any]:
    """Return ``document`` with another preferred model for a use case, None for no preference."""
    others = {name: each for name, each in document["preferences"].items() if name != use_case}
    kept = others if model is None else {**others, use_case: model}
    return {**document, "preferences": dict(sorted(kept.items()))}


def grave_changes(changes: Sequence[ConfigChange]) -> list[str]:
    """Return in words what ``changes`` take out of service: it needs a second look."""
    found = []
    for each in changes:
        if each.path.startswith("providers[") and each.kind == "removed" and each.path.endswith("]"):
            found.append(f"{_name_in(each.path)} is deleted")
        elif each.path.endswith("].isActive") and each.new is False:
            found.append(f"{_name_in(each.path)} is disabled")
        elif each.path.startswith("flags.") and each.new is False:
            found.append(f"{each.path.removeprefix('flags.')} is switched off")
    return found


def _name_in(path: str) -> str:
    return path.partition("[")[2].rpartition("]")[0]


def _with_value(entry: Document, path: str, value: Any) -> dict[str, Any]:
    name, _, rest = path.partition(".")
    if not rest:
        return {**entry, name: value}
    inner = entry.get(name)
    return {**entry, name: _with_value(inner if isinstance(inner, Mapping) else {}, rest, value)}
