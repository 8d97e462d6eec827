"""Where the router's prices come from: the configuration in force, or a table that never changes."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType

from router_core.clock import Clock
from router_core.ports import ConfigSource
from router_core.types import Price, PriceBook, PriceTier, Rates, Tariff

__all__ = ["ConfiguredPrices", "FixedPrices"]

NO_ALIASES: MappingProxyType[str, str] = MappingProxyType({})
ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)


class ConfiguredPrices:
    """The prices of the configuration in force, as they are at the moment; a :class:`PriceSource`.

    ``canonical`` returns the name under which the catalogue lists a model, or None.
    """

    __slots__ = ("_canonical", "_clock", "_config")

    def __init__(self, config: ConfigSource, canonical: Callable[[str], str | None], clock: Clock) -> None:
        self._config = config
        self._canonical = canonical
        self._clock = clock

    def tariff(self, account_id: str | None = None) -> Tariff:
        """Return what ``account_id`` pays from now on, None for nobody in particular."""
        return Tariff(self._config.snapshot().prices, self._canonical, account_id, self._clock.utcnow())


class FixedPrices:
    """Prices by model name, the same for everybody and for ever; the in-memory :class:`PriceSource`.

    Dated names (``gpt-4o-2024-08-06``) may be given as aliases.
    """

    __slots__ = ("_tariff",)

    def __init__(self, rates: Mapping[str, Rates], aliases: Mapping[str, str] = NO_ALIASES) -> None:
        self._tariff = Tariff(PriceBook(_fixed(*each) for each in rates.items()), dict(aliases).get, None, ALWAYS)

    def tariff(self, account_id: str | None = None) -> Tariff:  # noqa: ARG002 - everybody pays the same
        """Return what everybody pays."""
        return self._tariff


def _fixed(model: str, rates: Rates) -> Price:
    return Price(
        id=f"fixed:{model}", model=model, starts=ALWAYS, tiers=(PriceTier(0, rates),), kind="listed", source="fixed",
        made_at=ALWAYS,
    )  # fmt: skip
