"""Puts together the tools of servers elsewhere: the way there, their tokens, what is known of them."""

from contextlib import AsyncExitStack
from typing import NamedTuple

from router_core.admin.action_trail import ActionTrail
from router_core.admin.tool_servers import ToolServerDesk, ToolServerParts
from router_core.configuration.upstream_rule import UpstreamRule
from router_core.mcp_servers.link import McpLink
from router_core.mcp_servers.servers import ToolServers
from router_core.mcp_servers.transport import GuardedTransport
from router_core.security.stored_tokens import StoredTokens
from signalbox.ground import Ground

__all__ = ["ToolRoom", "open_tools"]


class ToolRoom(NamedTuple):
    """The tools of servers elsewhere, and what people may do about those servers."""

    servers: ToolServers
    desk: ToolServerDesk


def open_tools(ground: Ground, trail: ActionTrail, stack: AsyncExitStack) -> ToolRoom:
    """Return the room, whose servers are followed until ``stack`` ends."""
    transport = GuardedTransport(UpstreamRule(allowed=ground.settings.allowed_upstreams).egress())
    stack.push_async_callback(transport.close)
    tokens = StoredTokens(ground.config, ground.vault.keys, ground.known)
    servers = ToolServers(ground.config, tokens.token, McpLink(transport), ground.clock)
    lost = "New tools of servers are not offered."
    ground.followers.plain(stack, "tool_servers", "The tools of servers", lost, servers.run)
    desk = ToolServerDesk(
        ToolServerParts(
            config=ground.config,
            store=ground.store.tool_tokens,
            manager=ground.vault.keys,
            renew=ground.vault.refresh,
            states=servers.states,
            look_again=servers.look_again,
            trail=trail,
            refresh=ground.store.config.refresh,
            clock=ground.clock,
        )
    )
    return ToolRoom(servers, desk)
