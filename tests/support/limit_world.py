"""Rate limits with their facade, in memory, beside an operator's desk."""

from dataclasses import dataclass

from router_core.admin.action_trail import ActionTrail
from router_core.admin.limit_desk import LimitDesk, LimitDeskParts
from router_core.clock import Clock
from router_core.configuration.memory_store import MemoryConfigStore
from router_core.rate_limiting.memory_limiter import MemoryLimiter
from router_core.rate_limiting.memory_settings import MemoryLimitSettings
from router_core.security.memory_stores import MemoryAccountStore, MemoryApiKeyStore
from router_core.types import DefaultLimit, Snapshot
from tests.support.core_fakes import standard_providers

__all__ = ["LimitWorld", "limit_world"]


class _Config:
    def __init__(self, rows: MemoryConfigStore, settings: MemoryLimitSettings) -> None:
        self._rows = rows
        self._settings = settings

    def snapshot(self) -> Snapshot:
        return Snapshot(self._rows.snapshot().providers, limits=self._settings.book())


@dataclass(frozen=True)
class LimitWorld:
    """The facade and what it stands on."""

    desk: LimitDesk
    limiter: MemoryLimiter
    settings: MemoryLimitSettings
    config: _Config


def limit_world(accounts: MemoryAccountStore, keys: MemoryApiKeyStore, trail: ActionTrail, clock: Clock) -> LimitWorld:
    """Return limits over the standard providers, with 10 requests a second and 50 at once for every account."""
    rows = MemoryConfigStore(accounts, standard_providers(), clock)
    settings, limiter = MemoryLimitSettings(DefaultLimit(10.0, 50)), MemoryLimiter(clock)
    config = _Config(rows, settings)

    async def refresh() -> None:
        """The configuration in memory is in force at once."""

    parts = LimitDeskParts(
        config=config, rows=rows, settings=settings, accounts=accounts, keys=keys, limiter=limiter,
        stats=limiter.stats, trail=trail, refresh=refresh, clock=clock,
    )  # fmt: skip
    return LimitWorld(LimitDesk(parts), limiter, settings, config)
