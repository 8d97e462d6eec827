"""A provider that takes another name keeps its place in the policies of use cases."""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import structs

from router_core.configuration.documents import document_of
from router_core.types import Configuration, UseCasePolicy

__all__ = ["renamed", "with_names_carried"]


def renamed(policy: Mapping[str, Any], old: Any, new: Any) -> dict[str, Any]:
    """Return a policy's document with ``new`` wherever it named ``old``; any of it may be wrong."""
    found = dict(policy)
    if isinstance(order := found.get("order"), list | tuple):
        found["order"] = [new if each == old else each for each in order if each != old or new not in order]
    if isinstance(weights := found.get("weights"), Mapping):
        found["weights"] = {new if name == old else name: weight for name, weight in weights.items()}
    if isinstance(canary := found.get("canary"), Mapping) and canary.get("provider") == old:
        found["canary"] = {**canary, "provider": new}
    return found


def with_names_carried(current: Configuration, wanted: Configuration) -> Configuration:
    """Return ``wanted`` with the policies that name a row by its name in ``current`` following its new one.

    A name that another row has now is that row's.
    """
    before, taken = {row.id: row.name for row in current.providers}, {row.name for row in wanted.providers}
    names = {
        old: row.name
        for row in wanted.providers
        if (old := before.get(row.id, row.name)) != row.name and old not in taken
    }
    if not names:
        return wanted
    policies = document_of(wanted)["policies"]
    for old, new in names.items():
        policies = {use_case: renamed(policy, old, new) for use_case, policy in policies.items()}
    return structs.replace(wanted, policies=msgspec.convert(policies, dict[str, UseCasePolicy]))
