"""A treasury in memory, beside an operator's desk."""

from dataclasses import dataclass

from router_core.admin.action_trail import ActionTrail
from router_core.admin.lease_desk import LeaseDesk, LeaseParts
from router_core.admin.topups import TopUpParts, TopUps
from router_core.admin.treasury import Treasury, TreasuryParts
from router_core.budgets.memory_settings import MemoryBudgetSettings
from router_core.budgets.memory_spending import MemorySpending
from router_core.budgets.memory_store import MemoryBudgetStore
from router_core.budgets.memory_topups import MemoryTopUps
from router_core.clock import Clock
from router_core.ports import AccountStore
from router_core.types import NANO_PER_USD, DefaultBudgets, Snapshot

__all__ = ["TreasuryDesk", "treasury_desk"]


@dataclass(frozen=True)
class TreasuryDesk:
    """A treasury and what it stands on."""

    treasury: Treasury
    settings: MemoryBudgetSettings
    store: MemoryBudgetStore
    spending: MemorySpending
    topups: TopUps
    requests: MemoryTopUps
    leases: LeaseDesk


class _Config:
    def __init__(self, settings: MemoryBudgetSettings) -> None:
        self._settings = settings

    def snapshot(self) -> Snapshot:
        return Snapshot((), budgets=self._settings.book())


def treasury_desk(accounts: AccountStore, trail: ActionTrail, clock: Clock) -> TreasuryDesk:
    """Return a treasury whose accounts may spend 100 dollars a day and 1,000 a month by default."""
    defaults = DefaultBudgets(daily=100 * NANO_PER_USD, monthly=1_000 * NANO_PER_USD)
    requests, spending = MemoryTopUps(clock), MemorySpending()
    settings, store = MemoryBudgetSettings(defaults, requests), MemoryBudgetStore(requests.topped_up)

    async def refresh() -> None:
        return None

    config = _Config(settings)
    parts = TreasuryParts(
        config=config, accounts=accounts, budgets=store, settings=settings, spending=spending, trail=trail,
        settled=dict, refresh=refresh, catch_up=refresh, clock=clock,
    )  # fmt: skip
    topups = TopUps(
        TopUpParts(config=config, settings=settings, topups=requests, trail=trail, refresh=refresh, clock=clock)
    )
    leases = LeaseDesk(LeaseParts(register=store, trail=trail, request_timeout=60.0, clock=clock))
    return TreasuryDesk(Treasury(parts), settings, store, spending, topups, requests, leases)
