"""What one request pays: each call holds its upper bound before it is made, and settles what it really cost."""

from router_core.ports import BudgetGuard, Hold, PriceSource
from router_core.types import Candidate, Charge, NanoUSD, Payer, Usage

__all__ = ["HeldCall", "Payment"]


class Payment:
    """The money of one request; ``charges`` is what its finished calls are charged, to whom."""

    __slots__ = ("_budget", "_input_tokens", "_payer", "_prices", "charges")

    def __init__(self, budget: BudgetGuard, prices: PriceSource, payer: Payer, input_tokens: int) -> None:
        self._budget = budget
        self._prices = prices
        self._payer = payer
        self._input_tokens = input_tokens
        self.charges: list[Charge] = []

    async def hold(self, candidate: Candidate, patience: float) -> "HeldCall":
        """Hold what a call to ``candidate`` costs at most, waiting ``patience`` seconds at most.

        Raises :class:`PaymentRequiredError` and :class:`OverloadedError`.
        """
        most = Usage(input_tokens=self._input_tokens, output_tokens=candidate.max_tokens)
        bound = self._prices.cost(candidate.provider.model, most)
        hold = await self._budget.hold(self._payer, candidate.provider, bound, patience)
        return HeldCall(self, hold, candidate.provider.model, bound)

    def price(self, model: str, usage: Usage) -> NanoUSD | None:
        """Return what ``usage`` costs, None for a model without a price."""
        return self._prices.cost(model, usage)


class HeldCall:
    """The money of one call. ``bound`` is what is held in nano-dollars, None for a model without a price."""

    __slots__ = ("_hold", "_model", "_payment", "bound")

    def __init__(self, payment: Payment, hold: Hold, model: str, bound: NanoUSD | None) -> None:
        self._payment = payment
        self._hold = hold
        self._model = model
        self.bound = bound

    @property
    def holds(self) -> tuple[Charge, ...]:
        """What is charged, to whom, should nobody ever learn how the call ended."""
        return self._hold.holds

    def release(self) -> None:
        """The call was not made."""
        self._hold.settle(0)

    def settle(self, usage: Usage | None, answered_as: str) -> NanoUSD | None:
        """Post what ``usage`` cost, None for nothing, at the price of the model that answered, else of the one asked.

        Returns the cost, None for a model without a price.
        """
        if usage is None:
            self._hold.settle(0)
            return 0
        cost = self._payment.price(answered_as, usage) if answered_as else None
        if cost is None:
            cost = self._payment.price(self._model, usage)
        self._payment.charges.extend(self._hold.settle(cost or 0))
        return cost
