"""The part of the description that is about rate limits."""

from typing import Any

from router_core.admin.limit_desk import LimitOrder, LimitReset, LimitView
from router_core.api.admin_limits import LimitList
from router_core.api.openapi_shapes import Shapes

__all__ = ["LIMIT_TYPES", "limit_paths"]

LIMIT_TYPES: tuple[type, ...] = (LimitList, LimitView, LimitOrder, LimitReset)
_TARGETS = {
    "{account}": "an account", "keys/{id}": "a key", "use-cases/{name}": "a use case", "providers/{name}": "a provider",
}  # fmt: skip


def limit_paths(shapes: Shapes) -> dict[str, Any]:
    """Return the paths."""
    act = shapes.act
    paths: dict[str, Any] = {"/api/admin/limits": {"get": act("Every rate limit and how it stands", LimitList)}}
    for path, whose in _TARGETS.items():
        paths[f"/api/admin/limits/{path}"] = {
            "get": act(f"The rate limit of {whose}", LimitView),
            "put": act(f"Set the rate limit of {whose}", LimitView, LimitOrder),
            "delete": act(f"Remove the rate limit of {whose}", LimitView),
        }
        paths[f"/api/admin/limits/{path}/reset"] = {"post": act(f"Fill the buckets of {whose}", LimitReset)}
    return paths
