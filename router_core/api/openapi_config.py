"""The part of the description that is about the routing configuration."""

from typing import Any

from router_core.admin.configuration_views import (
    Applied,
    Comparison,
    ConnectionResult,
    CurrentConfig,
    Review,
    VersionPage,
)
from router_core.api.admin_config import (
    ConfigOrder,
    DraftAnswer,
    DraftDropped,
    DraftOrder,
    FlagsOrder,
    NoteOrder,
    RollbackOrder,
)
from router_core.api.admin_providers import ProviderList
from router_core.api.openapi_shapes import Shapes, query
from router_core.types import ConfigVersion

__all__ = ["CONFIG_TYPES", "config_paths"]

CONFIG_TYPES: tuple[type, ...] = (
    Applied, Comparison, ConnectionResult, CurrentConfig, Review, VersionPage, ConfigOrder, DraftAnswer, DraftDropped,
    DraftOrder, FlagsOrder, NoteOrder, RollbackOrder, ProviderList, ConfigVersion,
)  # fmt: skip


def config_paths(shapes: Shapes) -> dict[str, Any]:
    """Return the paths."""
    act, row, one = shapes.act, shapes.entry, "/api/admin/config/versions/{revision}"
    whole, words = {"type": "integer", "minimum": 0}, {"type": "string", "maxLength": 500}
    pages = [query("before", whole), query("limit", {"type": "integer", "minimum": 1, "maximum": 200, "default": 50})]
    version = {**query("version", whole), "required": True}
    return {
        "/api/admin/providers": {
            "get": act("Every provider", ProviderList),
            "post": row("Add a provider", Applied, status="201"),
        },
        "/api/admin/providers/{name}": {
            "get": row("One provider", None),
            "put": row("Change a provider", Applied, is_change=True),
            "delete": act("Remove a provider", Applied, query=[version, query("note", words)]),
        },
        "/api/admin/providers/{name}/test": {"post": act("Say whether a provider answers", ConnectionResult)},
        "/api/admin/config": {"get": act("The configuration in force", CurrentConfig)},
        "/api/admin/config/validate": {"post": act("Say what is wrong with a configuration", Review, ConfigOrder)},
        "/api/admin/config/apply": {"post": act("Put a configuration in force", Applied, ConfigOrder)},
        "/api/admin/config/flags": {"put": act("Set the switches", Applied, FlagsOrder)},
        "/api/admin/config/test": {"post": row("Say whether a provider that is not saved answers", ConnectionResult)},
        "/api/admin/config/draft": {
            "get": act("The caller's draft", DraftAnswer),
            "put": act("Keep the caller's draft", DraftAnswer, DraftOrder),
            "delete": act("Forget the caller's draft", DraftDropped),
        },
        "/api/admin/config/draft/apply": {"post": act("Put the caller's draft in force", Applied, NoteOrder)},
        "/api/admin/config/versions": {"get": act("Versions, newest first", VersionPage, query=pages)},
        one: {"get": act("The version in force at a revision", ConfigVersion)},
        f"{one}/diff": {"get": act("What changed since a revision", Comparison, query=[query("against", whole)])},
        f"{one}/rollback": {"post": act("Go back to a revision", Applied, RollbackOrder)},
    }
