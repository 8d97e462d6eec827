"""Puts bills, savings and outlooks together over the store, for servers and for commands."""

from router_core.admin.bills import Bills, BillsParts
from router_core.admin.treasury import Treasury
from router_core.clock import Clock
from router_core.cost.rates import ordinary_prices
from router_core.ports import ConfigSource, PriceSource
from signalbox.model_names import catalogue_models
from signalbox.store import Store

__all__ = ["store_bills"]


def store_bills(store: Store, config: ConfigSource, treasury: Treasury, prices: PriceSource, clock: Clock) -> Bills:
    """Return the facade; what it knows of prices comes through ``prices.cost`` alone."""
    return Bills(
        BillsParts(
            usage=store.usage,
            config=config,
            canonical=catalogue_models(),
            price=ordinary_prices(prices.cost),
            budgets=treasury.budgets,
            forecasts=treasury.forecasts,
            clock=clock,
        )
    )
