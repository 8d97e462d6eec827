"""One exchange with a tool server: its tools, or a run of one, through the official client."""

import asyncio
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final

import httpx2

from router_core.tools.results import ToolError
from router_core.types import Secret, ToolFormat

__all__ = ["NO_CLIENT", "McpLink", "NoClientError"]

NO_CLIENT: Final = "the extra `mcp` is not installed"
MOST_PAGES: Final = 20


class NoClientError(Exception):
    """The official client is not there."""


class McpLink:
    """Speaks to servers at their URLs over ``transport``. Each exchange is a session of its own, ended with it."""

    __slots__ = ("_transport",)

    def __init__(self, transport: httpx2.AsyncBaseTransport) -> None:
        self._transport = transport

    async def tools(self, url: str, token: Secret | None) -> Sequence[tuple[str, ToolFormat]]:
        """Return the server's tools by the names that it gives them. Raises what the client raises."""
        found: list[tuple[str, ToolFormat]] = []
        async with self._session(url, token) as client:
            cursor: str | None = None
            for _ in range(MOST_PAGES):
                page = await client.list_tools(cursor=cursor)
                found.extend((tool.name, _format(tool)) for tool in page.tools)
                cursor = page.next_cursor
                if cursor is None:
                    break
        return found

    async def call(self, url: str, token: Secret | None, name: str, args: dict[str, Any]) -> Any:
        """Return what the server's tool ``name`` gives back.

        Raises ``ToolError`` with the tool's own words when it failed, and what the client raises.
        """
        async with self._session(url, token) as client:
            result = await client.call_tool(name, args)
        said = "\n".join(_text(block) for block in result.content)
        if result.is_error:
            raise ToolError(said or "The tool failed.")
        if isinstance(result.structured_content, dict):
            # What a tool returns that is no object comes wrapped.
            return result.structured_content.get("result") if _is_wrapped(result) else result.structured_content
        return said

    @asynccontextmanager
    async def _session(self, url: str, token: Secret | None) -> AsyncGenerator[Any, None]:
        if find_spec("mcp") is None:
            raise NoClientError(NO_CLIENT)
        if "mcp.client.streamable_http" not in sys.modules:
            # Takes a second or more.
            await asyncio.to_thread(import_module, "mcp.client.streamable_http")
        from mcp import Client
        from mcp.client.streamable_http import streamable_http_client

        headers = {} if token is None else {"Authorization": f"Bearer {token.reveal()}"}
        http = httpx2.AsyncClient(
            transport=self._transport, headers=headers, trust_env=False, follow_redirects=False, timeout=None
        )
        async with Client(streamable_http_client(url, http_client=http)) as client:
            yield client


def _format(tool: Any) -> ToolFormat:
    return ToolFormat(description=tool.description or "", parameters=dict(tool.input_schema or {}))


def _text(block: Any) -> str:
    return block.text if block.type == "text" else f"[{block.type}]"


def _is_wrapped(result: Any) -> bool:
    return set(result.structured_content) == {"result"}
