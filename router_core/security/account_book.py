"""A short-lived view of the accounts in use, so that requests need no store access to know whether one is active."""

from router_core.clock import Clock
from router_core.ports import AccountStore
from router_core.security.fresh_cache import FreshCache

__all__ = ["AccountBook"]


class AccountBook:
    """Says which accounts are active: each account in use is read every few seconds, the others never.

    A change is noticed after 5 seconds at most.
    """

    __slots__ = ("_active", "_store")

    def __init__(self, store: AccountStore, clock: Clock) -> None:
        self._store = store
        self._active: FreshCache[str, bool] = FreshCache(clock)

    async def is_active(self, account_id: str) -> bool:
        """Say whether there is an active account with that id.

        Raises :class:`OverloadedError` when the store cannot be reached and nothing recent is known.
        """
        known = self._active.get(account_id)
        if known is None:
            known = await self._active.refresh(account_id, lambda: self._look_up(account_id))
        return bool(known)

    async def _look_up(self, account_id: str) -> bool | None:
        # None is not kept: names that callers make up must not push real accounts out.
        account = await self._store.by_id(account_id)
        return None if account is None else account.is_active
