"""The facade of the configuration on memory stores, and everything that stands behind it."""

from collections.abc import Iterable
from dataclasses import dataclass

from router_core.admin.action_trail import ActionTrail
from router_core.admin.configuration import ConfigurationDesk, ConfigurationParts
from router_core.admin.configuration_views import ConnectionResult
from router_core.configuration.memory_store import MemoryConfigStore
from router_core.configuration.upstream_rule import UpstreamRule
from router_core.security.memory_stores import MemoryAccountStore
from router_core.types import ProviderConfig
from tests.support.core_fakes import PlainKeys, standard_providers
from tests.support.fake_clock import FakeClock
from tests.support.operator_desk import FlakyActionLog

__all__ = ["DeskRig", "configuration_desk"]


@dataclass(frozen=True)
class DeskRig:
    """The desk, the store behind it, what was written down, and which rows were asked."""

    desk: ConfigurationDesk
    store: MemoryConfigStore
    accounts: MemoryAccountStore
    log: FlakyActionLog
    asked: list[ProviderConfig]


async def nothing() -> None:
    """There is nothing to follow: the store is its own snapshot."""


def configuration_desk(
    *,
    allowed: tuple[str, ...] = (),
    without_key: Iterable[str] = (),
    accounts: MemoryAccountStore | None = None,
    trail: ActionTrail | None = None,
) -> DeskRig:
    """Return a desk over the standard providers, all but those in ``without_key`` with a key."""
    clock, accounts = FakeClock(), accounts or MemoryAccountStore()
    store = MemoryConfigStore(accounts, standard_providers(), clock)
    log = FlakyActionLog(clock)
    asked: list[ProviderConfig] = []

    async def ask(row: ProviderConfig) -> ConnectionResult:
        asked.append(row)
        return ConnectionResult(provider=row.name, ok=True, latency_ms=12.5)

    parts = ConfigurationParts(
        stored=store,
        served=store,
        versions=store,
        drafts=store,
        accounts=accounts,
        keys=PlainKeys(without=without_key),
        upstreams=UpstreamRule(allowed=allowed),
        ask=ask,
        trail=trail or ActionTrail(log, clock),
        refresh=nothing,
        clock=clock,
    )
    return DeskRig(ConfigurationDesk(parts), store, accounts, log, asked)
