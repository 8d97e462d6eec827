"""A short-lived view of the accounts, so that requests need no store access to know whether one is active."""

from router_core.clock import Clock
from router_core.ports import AccountStore
from router_core.security.fresh_cache import FreshCache

__all__ = ["AccountBook"]

_ALL = "all"


class AccountBook:
    """Says which accounts are active: one read of the list every few seconds, however many keys are in use.

    A change is noticed after 5 seconds at most.
    """

    __slots__ = ("_active", "_store")

    def __init__(self, store: AccountStore, clock: Clock) -> None:
        self._store = store
        self._active: FreshCache[str, frozenset[str]] = FreshCache(clock)

    async def is_active(self, account_id: str) -> bool:
        """Say whether there is an active account with that id.

        Raises :class:`OverloadedError` when the store cannot be reached and nothing recent is known.
        """
        active = self._active.get(_ALL)
        if active is None:
            active = await self._active.refresh(_ALL, self._read) or frozenset()
        return account_id in active

    async def _read(self) -> frozenset[str]:
        return frozenset(account.id for account in await self._store.list() if account.is_active)
