"""The facade of the configuration on memory stores, and everything that stands behind it."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from router_core.admin.action_trail import ActionTrail
from router_core.admin.configuration import ConfigurationDesk, ConfigurationParts
from router_core.admin.configuration_views import ConnectionResult
from router_core.admin.provider_keys import ProviderKeyDesk, ProviderKeyParts
from router_core.admin.tool_servers import ToolServerDesk, ToolServerParts
from router_core.configuration.memory_keys import MemoryProviderKeys
from router_core.configuration.memory_store import MemoryConfigStore
from router_core.configuration.memory_tokens import MemoryToolTokens
from router_core.configuration.upstream_rule import UpstreamRule
from router_core.errors import KnownSecrets
from router_core.resilience.upstream import Upstream
from router_core.security.memory_stores import MemoryAccountStore
from router_core.security.stored_keys import StoredKeys
from router_core.security.vault.key_manager import KeyManager
from router_core.security.vault.key_ring import KeyRing, RingKey
from router_core.types import ProviderConfig, UsableKey
from tests.support.core_fakes import PlainKeys, standard_providers
from tests.support.fake_clock import FakeClock
from tests.support.operator_desk import FlakyActionLog

__all__ = ["DeskRig", "configuration_desk"]


@dataclass(frozen=True)
class DeskRig:
    """The desk, the store behind it, what was written down, which rows were asked, and the keys beside it."""

    desk: ConfigurationDesk
    store: MemoryConfigStore
    accounts: MemoryAccountStore
    log: FlakyActionLog
    asked: list[ProviderConfig]
    keys: ProviderKeyDesk
    tools: ToolServerDesk
    source: StoredKeys
    known: KnownSecrets
    manager: KeyManager
    clock: FakeClock


async def nothing() -> None:
    """There is nothing to follow: the store is its own snapshot."""


def configuration_desk(
    *,
    allowed: tuple[str, ...] = (),
    without_key: Iterable[str] = (),
    accounts: MemoryAccountStore | None = None,
    trail: ActionTrail | None = None,
    renew: Callable[[], Awaitable[object]] | None = None,
    keys: Callable[[MemoryConfigStore], MemoryProviderKeys] = MemoryProviderKeys,
) -> DeskRig:
    """Return a desk over the standard providers, all but those in ``without_key`` with a key."""
    clock, accounts = FakeClock(), accounts or MemoryAccountStore()
    store = MemoryConfigStore(accounts, standard_providers(), clock)
    log = FlakyActionLog(clock)
    asked: list[ProviderConfig] = []

    async def ask(row: ProviderConfig) -> ConnectionResult:
        asked.append(row)
        return ConnectionResult(provider=row.name, ok=True, latency_ms=12.5)

    trail = trail or ActionTrail(log, clock)
    stored, known, given = keys(store), KnownSecrets(), PlainKeys(without=without_key)
    manager = KeyManager(KeyRing([RingKey(1, "primary", b"k" * 32)]))
    source = StoredKeys(store, manager, lambda row: next(iter(given.keys_for(row)), None), known)

    def standing(row: ProviderConfig) -> list[tuple[UsableKey, Upstream | None]]:
        return [(key, None) for key in source.keys_for(row)]

    key_desk = ProviderKeyDesk(
        ProviderKeyParts(
            config=store, store=stored, use=stored, manager=manager, renew=renew or nothing, standing=standing,
            trail=trail, refresh=nothing, clock=clock,
        )
    )  # fmt: skip
    tools = _tool_desk(store, manager, trail, clock, renew or nothing)
    parts = ConfigurationParts(
        stored=store,
        served=store,
        versions=store,
        drafts=store,
        accounts=accounts,
        key=key_desk.view,
        upstreams=UpstreamRule(allowed=allowed),
        ask=ask,
        trail=trail,
        refresh=nothing,
        clock=clock,
    )
    return DeskRig(
        ConfigurationDesk(parts), store, accounts, log, asked, key_desk, tools, source, known, manager, clock
    )


def _tool_desk(
    store: MemoryConfigStore,
    manager: KeyManager,
    trail: ActionTrail,
    clock: FakeClock,
    renew: Callable[[], Awaitable[object]],
) -> ToolServerDesk:
    parts = ToolServerParts(
        config=store, store=MemoryToolTokens(store), manager=manager, renew=renew, states=dict,
        look_again=lambda _: None, trail=trail, refresh=nothing, clock=clock,
    )  # fmt: skip
    return ToolServerDesk(parts)
