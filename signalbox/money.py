"""Puts the facades of money together over the store, for servers and for commands."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from router_core.admin.action_trail import ActionTrail
from router_core.admin.alerting import AlertDesk
from router_core.admin.bills import Bills, BillsParts
from router_core.admin.money import MoneyDesks
from router_core.admin.price_desk import PriceDesk, PriceDeskParts
from router_core.admin.treasury import Treasury
from router_core.clock import Clock
from router_core.ports import ConfigSource, PriceSource
from router_core.types import NanoUSD, Rates
from signalbox.model_names import catalogue_models
from signalbox.price_book import stored_prices
from signalbox.store import Store
from signalbox.treasury import store_leases, store_topups, store_treasury

__all__ = ["MoneyParts", "command_bills", "command_prices", "store_money"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyParts:
    """What the facades work on. ``settled`` is what this process spent out of each of its leases, ``catch_up``
    brings what its requests cost into the store, ``request_timeout`` is the seconds that a request takes at most.
    """

    store: Store
    config: ConfigSource
    prices: PriceSource
    alerts: AlertDesk
    trail: ActionTrail
    settled: Callable[[], Mapping[str, NanoUSD]]
    catch_up: Callable[[], Awaitable[None]]
    request_timeout: float
    clock: Clock


def store_money(parts: MoneyParts) -> MoneyDesks:
    """Return the facades of a server."""
    store, config, prices, trail, clock = parts.store, parts.config, parts.prices, parts.trail, parts.clock
    treasury = store_treasury(store, config, trail, clock, parts.settled, parts.catch_up)
    return MoneyDesks(
        treasury=treasury,
        prices=_price_desk(store, config, prices, trail, clock),
        bills=_bills(store, config, prices, treasury, clock),
        alerts=parts.alerts,
        topups=store_topups(store, config, trail, clock),
        leases=store_leases(store, trail, parts.request_timeout, clock),
    )


async def command_prices(store: Store, clock: Clock) -> PriceDesk:
    """Return the facade of prices for a command, which acts straight on the store."""
    prices = await stored_prices(store, clock)
    return _price_desk(store, store.config, prices, ActionTrail(store.actions, clock), clock)


async def command_bills(store: Store, clock: Clock) -> Bills:
    """Return the facade of bills for a command, which holds no money."""
    treasury = store_treasury(store, store.config, ActionTrail(store.actions, clock), clock)
    return _bills(store, store.config, await stored_prices(store, clock), treasury, clock)


def _price_desk(store: Store, config: ConfigSource, prices: PriceSource, trail: ActionTrail, clock: Clock) -> PriceDesk:
    return PriceDesk(
        PriceDeskParts(
            config=config,
            prices=prices,
            store=store.prices,
            record=store.record,
            trail=trail,
            refresh=store.config.refresh,
            clock=clock,
        )
    )


def _bills(store: Store, config: ConfigSource, prices: PriceSource, treasury: Treasury, clock: Clock) -> Bills:
    def rates(model: str) -> Rates | None:
        """Return rates for prompts of ordinary length: sums over many requests are no long prompt."""
        price = prices.tariff().price(model)
        return None if price is None else price.rates()

    return Bills(
        BillsParts(
            usage=store.usage,
            config=config,
            canonical=catalogue_models(),
            price=rates,
            budgets=treasury.budgets,
            forecasts=treasury.forecasts,
            clock=clock,
        )
    )
