"""List prices of the vendors' models, from the genai-prices package; loading it is slow, so it happens off the loop."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from msgspec import Struct

from router_core.cost.price_book import ModelPrice
from router_core.types import NANO_PER_USD, NanoUSD, Usage

__all__ = ["CatalogPrices", "load_prices"]

_VENDORS: Final = ("openai", "anthropic")
_MOST_NAMES: Final = 4096


class _TieredPrice(Struct, frozen=True):
    """A model's price by prompt length: ``prices[0]`` up to ``starts[0]`` tokens, then ``prices[1]``, and so on."""

    starts: tuple[int, ...]
    prices: tuple[ModelPrice, ...]

    def at(self, prompt_tokens: int) -> ModelPrice:
        return self.prices[bisect_left(self.starts, prompt_tokens)]


class CatalogPrices:
    """Prices by model name; dated names and aliases resolve as the catalogue says, each name once."""

    __slots__ = ("_models", "_resolved")

    def __init__(self, models: Sequence[tuple[Any, _TieredPrice]]) -> None:
        self._models = models
        self._resolved: dict[str, _TieredPrice | None] = {}

    def cost(self, model: str, usage: Usage) -> NanoUSD | None:
        """Return the exact cost of ``usage``, None for a model without a price."""
        found = self._resolve(model)
        return None if found is None else found.at(usage.prompt_tokens).cost(usage)

    def price(self, model: str) -> ModelPrice | None:
        """Return the price of ``model`` for prompts of ordinary length, None when there is none."""
        found = self._resolve(model)
        return None if found is None else found.prices[0]

    def warm(self, models: Iterable[str]) -> None:
        """Resolve ``models`` now, so that no request waits for it."""
        for model in models:
            self._resolve(model)

    def _resolve(self, model: str) -> _TieredPrice | None:
        if model in self._resolved:
            return self._resolved[model]
        found = next((price for info, price in self._models if info.is_match(model)), None)
        if len(self._resolved) < _MOST_NAMES:
            self._resolved[model] = found
        return found


def load_prices(now: datetime) -> CatalogPrices:
    """Return the prices that hold at ``now``; reading takes some tenths of a second, so call it in a thread."""
    from genai_prices import __version__
    from genai_prices.data import providers

    source = f"genai-prices {__version__}"
    vendors = {provider.id: provider for provider in providers}
    infos = [info for vendor in _VENDORS for info in vendors[vendor].models]
    read = [(info, _read_price(info.get_prices(now), source)) for info in infos]
    return CatalogPrices([(info, price) for info, price in read if price is not None])


def _read_price(listed: Any, source: str) -> _TieredPrice | None:
    """Return what ``listed`` says for text tokens; None when input or output has no price."""
    if listed.input_mtok is None or listed.output_mtok is None:
        return None
    starts = sorted({tier.start for price in vars(listed).values() for tier in getattr(price, "tiers", ())})
    return _TieredPrice(tuple(starts), tuple(_price_above(listed, start, source) for start in (0, *starts)))


def _price_above(listed: Any, start: int, source: str) -> ModelPrice:
    fresh = _nano(listed.input_mtok, start) or 0
    read, write = _nano(listed.cache_read_mtok, start), _nano(listed.cache_write_mtok, start)
    write = fresh if write is None else write
    write_1h = _nano(getattr(listed, "cache_write_1h_mtok", None), start)
    return ModelPrice(
        input=fresh,
        output=_nano(listed.output_mtok, start) or 0,
        cache_read=fresh if read is None else read,
        cache_write=write,
        cache_write_1h=write if write_1h is None else write_1h,
        source=source,
    )


def _nano(price: Any, start: int) -> NanoUSD | None:
    """Return nano-dollars per million tokens for prompts longer than ``start`` tokens."""
    if price is None:
        return None
    amount: Decimal = getattr(price, "base", price)
    for tier in getattr(price, "tiers", ()):
        if tier.start <= start:
            amount = tier.price
    return int(amount * NANO_PER_USD)
