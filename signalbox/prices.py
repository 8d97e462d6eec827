"""List prices of the vendors' models, from the genai-prices package; loading it is slow, so it happens off the loop."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time
from decimal import Decimal
from hashlib import sha256
from typing import Any, Final

import msgspec

from router_core.types import NANO_PER_USD, NanoUSD, Price, PriceTier, Rates, tiered

__all__ = ["PriceCatalogue", "load_catalogue", "vendor_models"]

_VENDORS: Final = ("openai", "anthropic")
_MOST_NAMES: Final = 4096
_ALWAYS: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EMBEDS: Final = "embed"
_BATCH: Final = "batch at half price, as the vendors list it"


class PriceCatalogue:
    """The catalogue as installed: its ``release``, the prices that it lists, and the names that it knows them by.

    Dated names and aliases resolve as the catalogue says, each name once.
    """

    __slots__ = ("_canonical", "_models", "listed", "release")

    def __init__(self, release: str, models: Sequence[Any], listed: Sequence[Price]) -> None:
        self.release = release
        self.listed = listed
        self._models = models
        self._canonical: dict[str, str | None] = {}

    def canonical(self, model: str) -> str | None:
        """Return the name under which ``model`` is listed, None when it is not."""
        if model in self._canonical:
            return self._canonical[model]
        found = next((info.id for info in self._models if info.is_match(model)), None)
        if len(self._canonical) < _MOST_NAMES:
            self._canonical[model] = found
        return found


def load_catalogue(now: datetime) -> PriceCatalogue:
    """Return the catalogue as it is at ``now``; reading takes some tenths of a second, so call it in a thread."""
    from genai_prices import __version__

    models = [info for _, info in vendor_models()]
    listed = [price for info in models for price in _versions(info, f"genai-prices {__version__}; {_BATCH}", now)]
    return PriceCatalogue(__version__, [info for info in models if _priced(info, now)], listed)


def vendor_models() -> Sequence[tuple[str, Any]]:
    """Return every model of the catalogue with its vendor; the first call takes some tenths of a second."""
    from genai_prices.data import providers

    vendors = {provider.id: provider for provider in providers}
    return [(vendor, info) for vendor in _VENDORS for info in vendors[vendor].models]


def _priced(info: Any, now: datetime) -> bool:
    return _is_whole(info, info.get_prices(now))


def _is_whole(info: Any, listed: Any) -> bool:
    """Say whether all that ``info`` does with text has a price; models that embed write nothing."""
    return listed.input_mtok is not None and (listed.output_mtok is not None or _EMBEDS in info.id)


def _versions(info: Any, source: str, now: datetime) -> Iterator[Price]:
    """Yield what ``info`` says for text tokens, with the day from which each of its prices holds."""
    for name, starts, listed in (*_dated(info), *_by_service(info, now)):
        if not _is_whole(info, listed):
            continue
        tiers = _tiers(listed)
        digest = sha256(msgspec.json.encode((name, starts, tiers), order="deterministic")).hexdigest()
        yield Price(
            id=f"listed-{digest[:20]}", model=name, starts=starts, tiers=tiers, kind="listed", source=source,
            made_at=now,
        )  # fmt: skip


def _by_service(info: Any, now: datetime) -> Iterator[tuple[str, datetime, Any]]:
    """Yield what another tier of service costs; the catalogue says nothing of when that began."""
    for variant in info.price_variants or ():
        tier = variant.when.get("service_tier")
        if tier is not None and len(variant.when) == 1:
            yield tiered(info.id, tier), _ALWAYS, info.get_prices(now, variant.when)


def _dated(info: Any) -> Iterator[tuple[str, datetime, Any]]:
    prices = info.prices
    for each in prices if isinstance(prices, list) else ():
        start = getattr(each.constraint, "start_date", None)
        if each.constraint is None or start is not None:
            yield info.id, _ALWAYS if start is None else datetime.combine(start, time(), UTC), each.prices
    if not isinstance(prices, list):
        yield info.id, _ALWAYS, prices


def _tiers(listed: Any) -> tuple[PriceTier, ...]:
    starts = sorted({tier.start for price in vars(listed).values() for tier in getattr(price, "tiers", ())})
    return tuple(PriceTier(start, _rates(listed, start)) for start in (0, *starts))


def _rates(listed: Any, start: int) -> Rates:
    """Return the rates of prompts longer than ``start`` tokens."""
    return Rates.of(
        _nano(listed.input_mtok, start) or 0,
        _nano(listed.output_mtok, start) or 0,
        cache_read=_nano(getattr(listed, "cache_read_mtok", None), start),
        cache_write=_nano(getattr(listed, "cache_write_mtok", None), start),
        cache_write_1h=_nano(getattr(listed, "cache_write_1h_mtok", None), start),
        image=_nano(getattr(listed, "input_image_mtok", None), start),
    )


def _nano(price: Any, start: int) -> NanoUSD | None:
    if price is None:
        return None
    amount: Decimal = getattr(price, "base", price)
    for tier in getattr(price, "tiers", ()):
        if tier.start <= start:
            amount = tier.price
    return int(amount * NANO_PER_USD)
