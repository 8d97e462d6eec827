"""The part of the description that is about tool servers."""

from typing import Any

from router_core.admin.tool_servers import ToolServerView
from router_core.api.admin_tools import ToolServerList, ToolTokenBody
from router_core.api.openapi_shapes import Shapes

__all__ = ["TOOL_TYPES", "tool_paths"]

TOOL_TYPES: tuple[type, ...] = (ToolServerList, ToolServerView, ToolTokenBody)


def tool_paths(shapes: Shapes) -> dict[str, Any]:
    """Return the paths."""
    act = shapes.act
    return {
        "/api/admin/tools": {"get": act("Servers whose tools models may use, as far as known", ToolServerList)},
        "/api/admin/tools/{name}/token": {
            "put": act("Store the bearer token of a tool server", ToolServerView, ToolTokenBody),
            "delete": act("Forget the token of a tool server", ToolServerView),
        },
    }
