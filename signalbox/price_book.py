"""The price book of a process: the store's, brought up to the catalogue that is installed."""

import asyncio

from router_core.clock import Clock
from router_core.cost.prices import ConfiguredPrices
from signalbox.prices import load_catalogue
from signalbox.store import Store, store_faults

__all__ = ["stored_prices"]


async def stored_prices(store: Store, clock: Clock) -> ConfiguredPrices:
    """Return the prices in force; what the catalogue lists is in the store then.

    Raises :class:`DependencyFault` when the store cannot be written.
    """
    catalogue = await asyncio.to_thread(load_catalogue, clock.utcnow())
    with store_faults():
        if await store.prices.list_prices(catalogue.listed, catalogue.release):
            await store.config.refresh()
    for provider in store.config.snapshot().providers:
        catalogue.canonical(provider.model)  # now, so that no request waits for it
    return ConfiguredPrices(store.config, catalogue.canonical, clock)
