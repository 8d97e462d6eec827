"""The part of the description that is about keys and stored secrets."""

from typing import Any

from router_core.admin.encryption import EncryptionView
from router_core.api.openapi_shapes import Shapes

__all__ = ["ENCRYPTION_TYPES", "encryption_paths"]

ENCRYPTION_TYPES: tuple[type, ...] = (EncryptionView,)


def encryption_paths(shapes: Shapes) -> dict[str, Any]:
    """Return the paths."""
    act = shapes.act
    return {
        "/api/admin/encryption": {"get": act("How keys and stored secrets stand", EncryptionView)},
        "/api/admin/encryption/rotate": {"post": act("Begin a rotation to a new data key", EncryptionView)},
    }
