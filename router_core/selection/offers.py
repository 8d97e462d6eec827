"""What a caller may name as a model: models, providers and use cases. Pure."""

from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

from router_core.selection.standings import USE_CASE_PREFIX
from router_core.types import STANDARD_USE_CASES, KeyScopes, ProviderConfig, Snapshot
from router_core.types.request import DEFAULT_USE_CASE

__all__ = ["Offer", "offers"]


class Offer(Struct, frozen=True):
    """A name that requests may give; ``owner`` is the vendor of a model, and ourselves for what we made up."""

    name: str
    kind: Literal["model", "provider", "use_case"]
    owner: str


def offers(snapshot: Snapshot, account_id: str | None, scopes: KeyScopes) -> tuple[Offer, ...]:
    """Return what ``account_id`` may name within ``scopes``: models first, then providers, then use cases."""
    own = snapshot.of_account(account_id) if account_id is not None else []
    rows = [each for each in (*own, *snapshot.of_account(None)) if _may_serve(each, snapshot, scopes)]
    found = {each.name: each for each in (*_by_name(rows, scopes), *_by_use_case(rows, snapshot, account_id, scopes))}
    return tuple(found.values())


def _may_serve(row: ProviderConfig, snapshot: Snapshot, scopes: KeyScopes) -> bool:
    allowed = scopes.models is None or row.model in scopes.models
    return allowed and row.is_active and snapshot.flags.allows(row.kind)


def _by_name(rows: list[ProviderConfig], scopes: KeyScopes) -> Iterator[Offer]:
    if scopes.use_cases is not None and DEFAULT_USE_CASE not in scopes.use_cases:
        return
    for row in rows:
        yield Offer(row.model, "model", row.kind)
    names = {row.model for row in rows}
    for row in rows:
        # A provider goes before a model of the same name, and is a model to whoever reads the list.
        if row.name not in names:
            yield Offer(row.name, "provider", "signalbox")


def _by_use_case(
    rows: list[ProviderConfig], snapshot: Snapshot, account_id: str | None, scopes: KeyScopes
) -> Iterator[Offer]:
    listed = {name for row in rows for name in row.use_cases}
    everywhere = any(row.is_default for row in rows)
    for name in dict.fromkeys((*STANDARD_USE_CASES, *sorted({*snapshot.preferences, *listed}))):
        if scopes.use_cases is not None and name not in scopes.use_cases:
            continue
        if name in listed or (everywhere and snapshot.knows_use_case(name, account_id)):
            yield Offer(f"{USE_CASE_PREFIX}{name}", "use_case", "signalbox")
