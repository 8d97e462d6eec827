"""The in-memory twin of the budget guard: it refuses nobody and adds up what was spent."""

from router_core.types import Charge, NanoUSD, Payer, ProviderConfig

__all__ = ["OpenBudget"]


class _Hold:
    """Money held in memory."""

    __slots__ = ("_account_id", "_bound", "_budget", "_closed")

    holds: tuple[Charge, ...] = ()

    def __init__(self, budget: "OpenBudget", account_id: str | None, bound: NanoUSD) -> None:
        self._budget = budget
        self._account_id = account_id
        self._bound = bound
        self._closed = False

    def settle(self, actual: NanoUSD) -> tuple[Charge, ...]:
        if not self._closed:
            self._closed = True
            self._budget.close(self._account_id, self._bound, actual)
        return ()


class OpenBudget:
    """Holds and posts without a limit. Amounts in nano-dollars."""

    __slots__ = ("_held", "_spent")

    def __init__(self) -> None:
        self._held = 0
        self._spent: dict[str | None, NanoUSD] = {}

    async def hold(
        self,
        payer: Payer,
        provider: ProviderConfig,  # noqa: ARG002 - as the port has it
        bound: NanoUSD | None,
        patience: float,  # noqa: ARG002
    ) -> _Hold:
        """Hold ``bound``; a model without a price holds nothing."""
        hold = bound or 0
        self._held += hold
        return _Hold(self, payer.account_id, hold)

    def close(self, account_id: str | None, bound: NanoUSD, spent: NanoUSD) -> None:
        """Give a hold back and post what was spent."""
        self._held -= bound
        if spent:
            self._spent[account_id] = self._spent.get(account_id, 0) + spent

    def held(self) -> NanoUSD:
        """Return what is held right now."""
        return self._held

    def spent(self, account_id: str | None) -> NanoUSD:
        """Return what ``account_id`` has spent since the process started."""
        return self._spent.get(account_id, 0)
