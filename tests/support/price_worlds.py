"""A price book in memory with its desk, and prices to put in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from router_core.admin.action_trail import ActionTrail
from router_core.admin.price_desk import PriceDesk, PriceDeskParts
from router_core.clock import Clock
from router_core.cost.memory_prices import MemoryPriceStore, MemoryRecordReader
from router_core.cost.prices import ConfiguredPrices
from router_core.ports import ChargedRequest
from router_core.types import Price, PriceTier, Rates, Snapshot
from tests.support.core_fakes import standard_providers

__all__ = ["ALIASES", "ALWAYS", "PriceWorld", "dated", "price_world"]

ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)
ALIASES = {"gpt-4o-2024-08-06": "gpt-4o", "gpt-4o": "gpt-4o"}


def dated(model: str, nano: int, starts: datetime = ALWAYS, **changes: Any) -> Price:
    """Return a version of a price that is ``nano`` for input and four times that for output, listed unless changed."""
    plain: dict[str, Any] = {
        "id": f"{model}-{nano}-{starts.isoformat()}",
        "model": model,
        "starts": starts,
        "tiers": (PriceTier(0, Rates.of(nano, 4 * nano)),),
        "kind": "listed",
        "source": "a list",
        "made_at": ALWAYS,
    }
    return Price(**(plain | changes))


@dataclass(frozen=True)
class PriceWorld:
    """A desk of prices and what it stands on."""

    desk: PriceDesk
    store: MemoryPriceStore
    prices: ConfiguredPrices


class _Config:
    def __init__(self, store: MemoryPriceStore) -> None:
        self._store = store

    def snapshot(self) -> Snapshot:
        return Snapshot(standard_providers(), prices=self._store.book())


def price_world(trail: ActionTrail, clock: Clock, requests: Sequence[ChargedRequest] = ()) -> PriceWorld:
    """Return a desk over an empty book and a record of ``requests``."""
    store = MemoryPriceStore(clock)
    config = _Config(store)
    prices = ConfiguredPrices(config, ALIASES.get, clock)

    async def refresh() -> None:
        return None

    parts = PriceDeskParts(
        config=config, prices=prices, store=store, record=MemoryRecordReader(requests), trail=trail, refresh=refresh,
        clock=clock,
    )  # fmt: skip
    return PriceWorld(PriceDesk(parts), store, prices)
