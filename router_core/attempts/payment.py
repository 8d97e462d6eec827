"""What one request pays: each call holds its upper bound before it is made, and settles what it really cost."""

from typing import NamedTuple

from router_core.errors import PaymentRequiredError
from router_core.ports import BudgetGuard, Hold
from router_core.types import (
    Candidate,
    Charge,
    NanoUSD,
    Payer,
    Price,
    ProviderConfig,
    ServiceTier,
    SpentOut,
    Tariff,
    Usage,
)

__all__ = ["Asked", "HeldCall", "Paid", "Payment", "most_input"]


class Paid(NamedTuple):
    """What a call cost in nano-dollars, None for a model without a price, and by which version of a price."""

    cost: NanoUSD | None
    price: str


NOTHING = Paid(0, "")
# What is read is known only roughly before a call. A bound that is too low would make the call cost more than is held:
# a fifth more, and what every prompt is wrapped in.
MARGIN_PERCENT = 20
MARGIN_TOKENS = 12
# How many tokens a picture is, at most, beyond the 800 that every estimate takes it for: by the beginning of the
# model's name, and for all others. A vendor may count a small model's pictures as many times as its tokens are cheaper.
BEYOND_ESTIMATE = (("gpt-4o-mini", 48_169 - 800),)
BEYOND_ESTIMATE_ELSEWHERE = 1_600 - 800


def most_input(estimate: int) -> int:
    """Return the tokens that are held for reading where ``estimate`` is what a request is thought to be."""
    return estimate + -(-estimate * MARGIN_PERCENT // 100) + MARGIN_TOKENS


def _beyond_estimate(model: str) -> int:
    return next((most for name, most in BEYOND_ESTIMATE if model.startswith(name)), BEYOND_ESTIMATE_ELSEWHERE)


class Asked(NamedTuple):
    """What about a request changes what is held for it: how many answers it asks for, whether what is read may be
    cached, by which tier of service, and how many pictures it shows.
    """

    choices: int = 1
    caches: bool = False
    tier: ServiceTier = ""
    pictures: int = 0


PLAIN = Asked()


class Payment:
    """The money of one request; ``charges`` is what its finished calls are charged, to whom.

    ``unpriced`` are the models that were to be called without a known price, each with its provider,
    ``refused`` the budgets that were spent too far for a call.
    ``input_tokens`` is what the request is estimated to make a model read.
    ``tariff`` is the one of the moment at which the request came: a price that changes meanwhile is not its price.
    """

    __slots__ = (
        "_asked",
        "_budget",
        "_most_input",
        "_payer",
        "_tariff",
        "charges",
        "refused",
        "unpriced",
    )

    def __init__(
        self,
        budget: BudgetGuard,
        tariff: Tariff,
        payer: Payer,
        input_tokens: int,
        asked: Asked = PLAIN,
    ) -> None:
        self._asked = asked
        self._budget = budget
        self._tariff = tariff
        self._payer = payer
        self._most_input = most_input(input_tokens)
        self.charges: list[Charge] = []
        self.unpriced: list[tuple[str, str]] = []
        self.refused: tuple[SpentOut, ...] = ()

    def reads(self, input_tokens: int) -> None:
        """The calls from here on are estimated to make a model read ``input_tokens``."""
        self._most_input = most_input(input_tokens)

    def _most_read(self, provider: ProviderConfig) -> int:
        """Return the tokens that ``provider`` reads at most, which are never more than its model can."""
        most = self._most_input + self._asked.pictures * _beyond_estimate(provider.model)
        return max(self._most_input, min(most, provider.context_window))

    async def hold(self, candidate: Candidate, patience: float) -> "HeldCall":
        """Hold what a call to ``candidate`` costs at most, waiting ``patience`` seconds at most.

        Raises :class:`PaymentRequiredError` and :class:`OverloadedError`.
        """
        provider = candidate.provider
        price = self._tariff.price(provider.model, provider.name, tier=self._asked.tier)
        if price is None:
            self.unpriced.append((provider.model, provider.name))
        bound = (
            None
            if price is None
            else price.most(
                self._most_read(provider), candidate.max_tokens * self._asked.choices, caches=self._asked.caches
            )
        )
        try:
            hold = await self._budget.hold(self._payer, provider, bound, patience)
        except PaymentRequiredError as error:
            if isinstance(error.spent_out, SpentOut):
                self.refused = (*self.refused, error.spent_out)
            raise
        return HeldCall(self, hold, provider, bound, "" if price is None else price.id)

    def price(self, provider: ProviderConfig, answered_as: str, tier: ServiceTier | None) -> Price | None:
        """Return the price of what ``provider`` calls ``answered_as``, None when there is none.

        ``tier`` is the one that it says it served by, None where it does not say.
        """
        return self._tariff.price(
            provider.model, provider.name, answered_as, self._asked.tier if tier is None else tier
        )


class HeldCall:
    """The money of one call. ``bound`` is what is held in nano-dollars, None for a model without a price, ``price`` the
    version of the price by which it is.
    """

    __slots__ = ("_hold", "_payment", "_provider", "bound", "price")

    def __init__(
        self, payment: Payment, hold: Hold, provider: ProviderConfig, bound: NanoUSD | None, price: str
    ) -> None:
        self._payment = payment
        self._hold = hold
        self._provider = provider
        self.bound = bound
        self.price = price

    @property
    def holds(self) -> tuple[Charge, ...]:
        """What is charged, to whom, should nobody ever learn how the call ended."""
        return self._hold.holds

    def release(self) -> None:
        """The call was not made."""
        self._hold.settle(0)

    def settle(self, usage: Usage | None, answered_as: str, tier: ServiceTier | None = None) -> Paid:
        """Post what ``usage`` cost, None for nothing; ``answered_as`` is what the provider called the model.

        ``tier`` is the tier of service that it was served by, None for the one that was asked for.
        """
        if usage is None:
            self._hold.settle(0)
            return NOTHING
        price = self._payment.price(self._provider, answered_as, tier)
        cost = None if price is None else price.cost(usage)
        self._payment.charges.extend(self._hold.settle(cost or 0))
        return Paid(cost, "" if price is None else price.id)
