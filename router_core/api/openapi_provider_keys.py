"""The part of the description that is about providers' keys."""

from typing import Any

from router_core.admin.provider_key_views import StoredKeyView
from router_core.api.admin_provider_keys import KeyChangeBody, KeyList, KeyOrderBody
from router_core.api.openapi_shapes import Shapes

__all__ = ["PROVIDER_KEY_TYPES", "provider_key_paths"]

PROVIDER_KEY_TYPES: tuple[type, ...] = (KeyList, StoredKeyView, KeyOrderBody, KeyChangeBody)


def provider_key_paths(shapes: Shapes) -> dict[str, Any]:
    """Return the paths."""
    act = shapes.act
    return {
        "/api/admin/providers/{name}/keys": {
            "get": act("The stored keys of a provider, masked", KeyList),
            "post": act("Store a key of a provider", StoredKeyView, KeyOrderBody, status="201"),
        },
        "/api/admin/providers/{name}/keys/{id}": {
            "put": act("Change or replace a stored key", StoredKeyView, KeyChangeBody),
            "delete": act("Forget a stored key", StoredKeyView),
        },
    }
