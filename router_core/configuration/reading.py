"""From a document to a configuration, with every fault named."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from msgspec import structs

from router_core.configuration.documents import NOT_IN_DOCUMENTS
from router_core.configuration.fields import FieldReader, shown
from router_core.configuration.findings import WrongConfigurationError
from router_core.types import Configuration, Finding, Flags, ProviderConfig, ToolServer, UseCasePolicy

__all__ = ["MOST_FINDINGS", "read_configuration", "read_policy", "read_provider"]

SECTIONS: Final = ("flags", "preferences", "policies", "providers", "toolServers")
MOST_PROVIDERS: Final = 20_000
# More faults than anybody reads.
MOST_FINDINGS: Final = 200


def read_configuration(
    document: Any, current: Configuration, new_id: Callable[[], str]
) -> tuple[Configuration | None, Sequence[Finding]]:
    """Return what ``document`` asks for, None when it cannot be read, and all that is wrong with it.

    A section that is left out stays as it is in ``current``, a field that is left out takes its default. An entry
    without the id of a known row is the row of that name, else a new one with an id of its own.
    """
    reader = FieldReader()
    found = reader.mapping(document, "document")
    if found is None:
        return None, reader.findings
    reader.refuse_unknown(found, SECTIONS, "")
    flags = reader.struct(found["flags"], Flags, "flags") if "flags" in found else current.flags
    preferences = _named(reader, found, "preferences", str) if "preferences" in found else current.preferences
    policies = _named(reader, found, "policies", UseCasePolicy) if "policies" in found else current.policies
    rows = _rows(reader, found["providers"], current, new_id) if "providers" in found else current.providers
    servers = _named(reader, found, "toolServers", ToolServer) if "toolServers" in found else current.tool_servers
    if reader.findings or flags is None:
        return None, reader.findings[:MOST_FINDINGS]
    made = Configuration(
        providers=tuple(rows), preferences=preferences, policies=policies, flags=flags, tool_servers=servers
    )
    return made, ()


def read_provider(
    entry: Any, row: ProviderConfig | None, new_id: Callable[[], str]
) -> tuple[ProviderConfig | None, Sequence[Finding]]:
    """Return ``entry`` as the new state of ``row``, or as a new row."""
    reader = FieldReader()
    known = Configuration(providers=() if row is None else (row,))
    if isinstance(entry, Mapping) and row is not None:
        entry = {**entry, "id": row.id}
    rows = _rows(reader, [entry], known, new_id)
    return (rows[0] if rows and not reader.findings else None), reader.findings[:MOST_FINDINGS]


def read_policy(raw: Any) -> UseCasePolicy:
    """Return ``raw`` as a use case's policy. Raises :class:`WrongConfigurationError` with all that is wrong with it."""
    reader = FieldReader()
    policy = reader.struct(raw, UseCasePolicy, "")
    if policy is None:
        raise WrongConfigurationError(reader.findings[:MOST_FINDINGS])
    return policy


def _named(reader: FieldReader, found: Mapping[str, Any], section: str, kind: Any) -> dict[str, Any]:
    entries = reader.mapping(found[section], section) or {}
    return {name: reader.value(raw, kind, f"{section}[{shown(name)}]") for name, raw in entries.items()}


def _rows(reader: FieldReader, raw: Any, current: Configuration, new_id: Callable[[], str]) -> Sequence[ProviderConfig]:
    if not isinstance(raw, list | tuple):
        reader.fault("providers", "must be a list")
        return ()
    if len(raw) > MOST_PROVIDERS:
        reader.fault("providers", f"may be {MOST_PROVIDERS} at most")
        return ()
    entries = []
    for number, each in enumerate(raw):
        place = f"providers[{_label(each, number)}]"
        # A row has an id only once it is known which row it is.
        filled = {"id": "", **each} if isinstance(each, Mapping) else each
        row = reader.struct(filled, ProviderConfig, place, without=NOT_IN_DOCUMENTS)
        if row is not None:
            entries.append(row)
    return [] if reader.findings else _identified(entries, current, new_id)


def _label(entry: Any, number: int) -> str:
    name = entry.get("name") if isinstance(entry, Mapping) else None
    return shown(name) if isinstance(name, str) and name and shown(name) != "?" else str(number)


def _identified(
    entries: Sequence[ProviderConfig], current: Configuration, new_id: Callable[[], str]
) -> Sequence[ProviderConfig]:
    """Return ``entries`` as the rows that they mean, each with the counter that its row has now."""
    by_id = {row.id: row for row in current.providers}
    claimed = {entry.id for entry in entries if entry.id in by_id}
    by_name = {row.name: row for row in current.providers if row.id not in claimed}
    made = []
    for entry in entries:
        row = by_id.get(entry.id) or by_name.get(entry.name)
        if row is None:
            made.append(structs.replace(entry, id=entry.id or new_id(), version=1))
        else:
            kept = {name: getattr(row, name) for name in NOT_IN_DOCUMENTS}
            made.append(structs.replace(entry, id=row.id, **kept))
    return made
