"""The part of the description that is about API keys."""

from typing import Any

from router_core.admin.key_views import KeyChange, KeyOrder, KeyView, MadeKey, RollOrder
from router_core.api.admin_keys import KeyList
from router_core.api.openapi_shapes import Shapes, query

__all__ = ["KEY_TYPES", "key_paths"]

KEY_TYPES: tuple[type, ...] = (KeyList, KeyView, KeyOrder, KeyChange, RollOrder, MadeKey)


def key_paths(shapes: Shapes) -> dict[str, Any]:
    """Return the paths."""
    act = shapes.act
    account = query("account", {"type": "string"})
    return {
        "/api/admin/keys": {
            "get": act("API keys, never their secrets", KeyList, query=[account]),
            "post": act("Make an API key, shown this once", MadeKey, KeyOrder),
        },
        "/api/admin/keys/{id}": {"put": act("Give an API key another name or end", KeyView, KeyChange)},
        "/api/admin/keys/{id}/revoke": {"post": act("End an API key", KeyView)},
        "/api/admin/keys/{id}/roll": {"post": act("Make an API key in the place of another", MadeKey, RollOrder)},
    }
