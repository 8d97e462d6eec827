"""Puts the treasury and what stands beside it together over the store, for servers and for commands."""

from collections.abc import Awaitable, Callable, Mapping

from router_core.admin.action_trail import ActionTrail
from router_core.admin.lease_desk import LeaseDesk, LeaseParts
from router_core.admin.topups import TopUpParts, TopUps
from router_core.admin.treasury import Treasury, TreasuryParts
from router_core.clock import Clock
from router_core.ports import ConfigSource
from router_core.types import NanoUSD
from signalbox.store import Store

__all__ = ["store_leases", "store_topups", "store_treasury"]


async def _nothing_to_record() -> None:
    """Stand in for the recorder, in a process that serves no requests."""


def store_treasury(
    store: Store,
    config: ConfigSource,
    trail: ActionTrail,
    clock: Clock,
    settled: Callable[[], Mapping[str, NanoUSD]] = dict,
    catch_up: Callable[[], Awaitable[None]] = _nothing_to_record,
) -> Treasury:
    """Return the treasury. ``settled`` is what this process spent out of each of its leases, ``catch_up`` brings what
    its requests cost into the store.
    """
    return Treasury(
        TreasuryParts(
            config=config,
            accounts=store.accounts,
            budgets=store.budgets,
            settings=store.limits,
            spending=store.spending,
            trail=trail,
            settled=settled,
            refresh=store.config.refresh,
            catch_up=catch_up,
            clock=clock,
        )
    )


def store_topups(store: Store, config: ConfigSource, trail: ActionTrail, clock: Clock) -> TopUps:
    """Return the facade of top-ups."""
    return TopUps(
        TopUpParts(
            config=config,
            settings=store.limits,
            topups=store.topups,
            trail=trail,
            refresh=store.config.refresh,
            clock=clock,
        )
    )


def store_leases(store: Store, trail: ActionTrail, request_timeout: float, clock: Clock) -> LeaseDesk:
    """Return the facade of leases; a request takes at most ``request_timeout`` seconds."""
    return LeaseDesk(LeaseParts(register=store.leases, trail=trail, request_timeout=request_timeout, clock=clock))
