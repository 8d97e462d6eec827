"""What a call would cost, in dollars."""

from decimal import Decimal

from router_core.errors import ModelNotFoundError
from router_core.ports import PriceSource
from router_core.types import Usage, format_usd

__all__ = ["CostEstimator"]


class CostEstimator:
    """Estimates costs by the prices of ``prices``."""

    __slots__ = ("_prices",)

    def __init__(self, prices: PriceSource) -> None:
        self._prices = prices

    def estimate_cost(self, model: str, input_tokens: int, output_tokens: int, *, batch: bool = False) -> Decimal:
        """Return the exact dollars of that many tokens: ``Decimal("0.000450")`` for gpt-4o-mini, 1,000 and 500.

        With ``batch`` they are those of a call that a vendor may answer within a day.

        Raises :class:`ModelNotFoundError` for a model without a price and ``ValueError`` for negative counts.
        """
        if input_tokens < 0 or output_tokens < 0:
            raise ValueError("token counts must not be negative")
        price = self._prices.tariff().price(model)
        if price is None:
            raise ModelNotFoundError(f"No price is known for {model}")
        rates, usage = price.rates(input_tokens), Usage(input_tokens=input_tokens, output_tokens=output_tokens)
        return Decimal(format_usd(rates.batch_cost(usage) if batch else rates.cost(usage)))
