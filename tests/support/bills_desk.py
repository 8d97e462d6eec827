"""Bills, savings and outlooks in memory, beside a treasury."""

from dataclasses import dataclass

from router_core.admin.bills import Bills, BillsParts
from router_core.budgets.memory_usage import MemoryUsage
from router_core.clock import Clock
from router_core.types import BudgetBook, ProviderConfig, Rates, Snapshot
from signalbox.model_names import catalogue_models
from tests.support.treasury_desk import TreasuryDesk

__all__ = ["BOOK", "BillsDesk", "bills_desk"]

MILLION = 1_000_000
# Nano-dollars for a million tokens.
BOOK = {
    "gpt-4o-mini": Rates.of(150 * MILLION, 600 * MILLION, cache_read=75 * MILLION),
    "gpt-4o": Rates.of(2_500 * MILLION, 10_000 * MILLION, cache_read=1_250 * MILLION),
}


@dataclass(frozen=True)
class BillsDesk:
    """The facade, and the record that it reads."""

    bills: Bills
    usage: MemoryUsage


class _Config:
    def __init__(self, treasury: TreasuryDesk) -> None:
        self._treasury = treasury

    def snapshot(self) -> Snapshot:
        rows = [
            ProviderConfig(
                id=model, name=model, kind="openai", model=model, use_cases=("draft",), max_tokens=1_000,
                context_window=8_000, account_id=account, is_active=active,
            )
            for model, account, active in (
                ("gpt-4o-mini", None, True), ("gpt-4o", "other", True), ("gpt-5", None, False),
            )
        ]  # fmt: skip
        book: BudgetBook = self._treasury.settings.book()
        return Snapshot(rows, budgets=book)


def bills_desk(treasury: TreasuryDesk, clock: Clock) -> BillsDesk:
    """Return the facade; gpt-4o-mini is everybody's, gpt-4o that of the account other."""
    usage = MemoryUsage()
    parts = BillsParts(
        usage=usage,
        config=_Config(treasury),
        canonical=catalogue_models(),
        price=BOOK.get,
        budgets=treasury.treasury.budgets,
        forecasts=treasury.treasury.forecasts,
        clock=clock,
    )
    return BillsDesk(Bills(parts), usage)
