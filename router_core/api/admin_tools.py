"""``/api/admin/tools``: servers whose tools models may use; the servers themselves are part of the configuration."""

from msgspec import Struct

from router_core.admin.tool_servers import ToolServerView
from router_core.api.call import Call
from router_core.api.documents import read_document, read_nothing, read_query
from router_core.api.endpoint import Action
from router_core.types import Secret

__all__ = ["TOOL_PATHS", "ToolServerList", "ToolTokenBody"]


class ToolServerList(Struct, frozen=True):
    """Every tool server, by name."""

    servers: list[ToolServerView]


class ToolTokenBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The bearer token of a server."""

    key: str

    def __repr__(self) -> str:
        return "ToolTokenBody(***)"


async def list_servers(call: Call) -> None:
    """Answer with every server, its tools and what is wrong with it."""
    read_query(call, {})
    await call.answer(ToolServerList(list(await call.deps.tool_servers.servers(call.principal))))


async def put_token(call: Call) -> None:
    """Store the token of a server."""
    read_query(call, {})
    body = await read_document(call, ToolTokenBody)
    desk, name = call.deps.tool_servers, call.parameter("name")
    await call.answer(await desk.put_token(name, Secret(body.key), call.principal))


async def remove_token(call: Call) -> None:
    """Forget the token of a server for good."""
    read_query(call, {})
    await read_nothing(call)
    await call.answer(await call.deps.tool_servers.remove_token(call.parameter("name"), call.principal))


TOOL_PATHS: dict[str, dict[str, Action]] = {
    "/api/admin/tools": {"GET": Action("providers.read", list_servers)},
    "/api/admin/tools/{name}/token": {
        "PUT": Action("provider_keys.edit", put_token),
        "DELETE": Action("provider_keys.edit", remove_token),
    },
}
