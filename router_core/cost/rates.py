"""What a token of each class costs, for sums over many requests. Prices are looked up here in one way only."""

from collections.abc import Callable
from typing import Final

from router_core.cost.price_book import ModelPrice
from router_core.types import NanoUSD, Usage

__all__ = ["CostOf", "PriceOf", "ordinary_prices"]

CostOf = Callable[[str, Usage], NanoUSD | None]
PriceOf = Callable[[str], ModelPrice | None]

# No vendor's price for long prompts begins below this many tokens.
_SAMPLE: Final = 100_000
_PER_MILLION: Final = 1_000_000 // _SAMPLE


def ordinary_prices(cost: CostOf) -> PriceOf:
    """Return a model's prices for prompts of ordinary length, by asking ``cost`` for each class of tokens alone.

    A sum over requests must not be rated as one long prompt, so ``cost`` cannot be asked for it. Exact for prices that
    are multiples of 10 nano-dollars for a million tokens.
    """

    def price(model: str) -> ModelPrice | None:
        samples = (
            Usage(input_tokens=_SAMPLE), Usage(output_tokens=_SAMPLE), Usage(cache_read_tokens=_SAMPLE),
            Usage(cache_write_tokens=_SAMPLE), Usage(cache_write_1h_tokens=_SAMPLE),
        )  # fmt: skip
        found = [cost(model, each) for each in samples]
        fresh, output, read, write, write_1h = (None if each is None else each * _PER_MILLION for each in found)
        if fresh is None or output is None or read is None or write is None or write_1h is None:
            return None
        return ModelPrice(input=fresh, output=output, cache_read=read, cache_write=write, cache_write_1h=write_1h)

    return price
