"""The facade of tool servers: what is known of them, and their tokens, which go in and never come out."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from msgspec import Struct, structs

from router_core.admin.action_trail import ActionTrail
from router_core.admin.acts import act_of
from router_core.clock import Clock, new_ulid
from router_core.errors import NotFoundError, ValidationError, mask_api_key
from router_core.ports import ConfigSource, ToolTokenStore
from router_core.security.permissions import require
from router_core.security.provider_key_text import checked_key
from router_core.security.stored_tokens import token_place
from router_core.security.vault.key_manager import KeyManager, version_of
from router_core.types import Principal, SealedSecret, Secret, ToolServer, ToolServerState, ToolToken
from router_core.types.tool_server import server_place

__all__ = ["ToolServerDesk", "ToolServerParts", "ToolServerView"]


class ToolServerView(Struct, frozen=True, kw_only=True, rename="camel"):
    """A server as the configuration has it, its token's mask, and what the answering process knows of it.

    ``token_fits`` is false for a token that was entered for another place, where it stays.
    """

    name: str
    server: ToolServer
    state: ToolServerState
    token: str | None = None
    token_fits: bool = True
    token_changed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolServerParts:
    """What :class:`ToolServerDesk` works on.

    ``config`` follows the store; ``states`` says what is known of each server, ``look_again`` has one listed anew;
    ``refresh`` makes a change felt in this process at once; ``renew`` has ``manager`` follow the store.
    """

    config: ConfigSource
    store: ToolTokenStore
    manager: KeyManager
    renew: Callable[[], Awaitable[object]]
    states: Callable[[], Mapping[str, ToolServerState]]
    look_again: Callable[[str], None]
    trail: ActionTrail
    refresh: Callable[[], Awaitable[object]]
    clock: Clock


class ToolServerDesk:
    """What people see and do about tool servers; the servers themselves are part of the configuration.

    Every method raises :class:`ForbiddenError` when the person's role does not allow it, and :class:`NotFoundError`
    for a server or a token that does not exist.
    """

    __slots__ = ("_parts",)

    def __init__(self, parts: ToolServerParts) -> None:
        self._parts = parts

    async def servers(self, person: Principal) -> tuple[ToolServerView, ...]:
        """Return every server, by name."""
        require(person, "providers.read")
        await self._parts.refresh()
        return tuple(self._view(name) for name in sorted(self._parts.config.snapshot().tool_servers))

    async def put_token(self, name: str, key: Secret, person: Principal) -> ToolServerView:
        """Store the bearer token of a server, for where that is now; in force in every process within 2 s.

        Raises :class:`ValidationError` that names the field.
        """
        require(person, "provider_keys.edit")
        secret, parts = checked_key(key), self._parts
        server = await self._server(name)
        token = self._sealed(name, server, secret, person)
        after = {"mask": token.secret.mask, "place": token.secret.place}
        await parts.trail.require(act_of(person, "tool_token.set", name, parts.clock, after=after))
        try:
            await parts.store.put_token(token)
        except ValidationError:
            # Its data key was retired before this process heard of it.
            ring = parts.manager.ring
            await parts.renew()
            if parts.manager.ring is ring:
                raise
            await parts.store.put_token(self._sealed(name, server, secret, person))
        return await self._shown(name)

    async def remove_token(self, name: str, person: Principal) -> ToolServerView:
        """Forget a server's token for good, in every process within 2 s."""
        require(person, "provider_keys.edit")
        await self._server(name)
        if name not in self._parts.config.snapshot().tool_tokens:
            raise NotFoundError("The server has no token")
        await self._parts.trail.require(act_of(person, "tool_token.deleted", name, self._parts.clock))
        await self._parts.store.remove_token(name)
        return await self._shown(name)

    # --- inside ----------------------------------------------------------------------------------------------------

    def _sealed(self, name: str, server: ToolServer, secret: Secret, person: Principal) -> ToolToken:
        token_id, now = new_ulid(self._parts.clock).lower(), self._parts.clock.utcnow()
        sealed = self._parts.manager.seal(token_place(token_id), secret)
        kept = SealedSecret(
            sealed=sealed, key_version=version_of(sealed) or 0, mask=mask_api_key(secret.reveal()),
            place=server_place(server.url), account_id=None, entered_at=now,
        )  # fmt: skip
        return ToolToken(id=token_id, server=name, secret=kept, changed_by=person.name, changed_at=now)

    async def _server(self, name: str) -> ToolServer:
        await self._parts.refresh()
        server = self._parts.config.snapshot().tool_servers.get(name)
        if server is None:
            raise NotFoundError("There is no such tool server")
        return server

    async def _shown(self, name: str) -> ToolServerView:
        await self._server(name)
        self._parts.look_again(name)
        return self._view(name)

    def _view(self, name: str) -> ToolServerView:
        snapshot = self._parts.config.snapshot()
        server, token = snapshot.tool_servers[name], snapshot.tool_tokens.get(name)
        state = self._parts.states().get(name, ToolServerState())
        view = ToolServerView(name=name, server=server, state=state)
        if token is None:
            return view
        fits = token.secret.place == server_place(server.url)
        return structs.replace(view, token=token.secret.mask, token_fits=fits, token_changed_at=token.changed_at)
