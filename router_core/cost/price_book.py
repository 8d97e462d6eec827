"""What tokens cost, exactly. Prices are integer nano-dollars per million tokens of each class."""

from collections.abc import Mapping

from msgspec import Struct

from router_core.types import NanoUSD, Usage

__all__ = ["ModelPrice", "PriceBook"]

TOKENS_PER_PRICE = 1_000_000


class ModelPrice(Struct, frozen=True, kw_only=True):
    """Nano-dollars per million tokens; reasoning is billed as output. ``source`` says where the figures come from."""

    input: NanoUSD
    output: NanoUSD
    cache_read: NanoUSD
    cache_write: NanoUSD
    cache_write_1h: NanoUSD
    source: str = ""

    def cost(self, usage: Usage) -> NanoUSD:
        """Return the cost of ``usage``, rounded once, half-even."""
        total = (
            usage.input_tokens * self.input
            + usage.cache_read_tokens * self.cache_read
            + usage.cache_write_tokens * self.cache_write
            + usage.cache_write_1h_tokens * self.cache_write_1h
            + usage.completion_tokens * self.output
        )
        return _divide_half_even(total, TOKENS_PER_PRICE)


class PriceBook:
    """Prices by model name; dated names (``gpt-4o-2024-08-06``) may be listed as aliases."""

    __slots__ = ("_prices",)

    def __init__(self, prices: Mapping[str, ModelPrice], aliases: Mapping[str, str] | None = None) -> None:
        self._prices = dict(prices)
        for alias, model in (aliases or {}).items():
            if model in self._prices:
                self._prices.setdefault(alias, self._prices[model])

    def price(self, model: str) -> ModelPrice | None:
        """Return the price of ``model``, None when there is none."""
        return self._prices.get(model)

    def cost(self, model: str, usage: Usage) -> NanoUSD | None:
        """Return the exact cost of ``usage``, None for a model without a price."""
        price = self._prices.get(model)
        return None if price is None else price.cost(usage)


def _divide_half_even(amount: int, divisor: int) -> int:
    quotient, remainder = divmod(amount, divisor)
    twice = 2 * remainder
    if twice > divisor or (twice == divisor and quotient % 2):
        return quotient + 1
    return quotient
