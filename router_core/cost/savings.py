"""What was saved: by choosing models, by the providers' prompt caches, and by our own cache. Exact nano-dollars.

Every hour and model is rated once, by prices for prompts of ordinary length; days and totals are sums of those, so
parts always add up.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Final

from msgspec import Struct, structs

from router_core.ports import MarkedHour, ModelHour
from router_core.types import NanoUSD, Rates, Usage, added

__all__ = ["DaySavings", "Period", "PriceOf", "Savings", "work_out_savings"]

PriceOf = Callable[[str], Rates | None]

NOTHING = Usage()


class DaySavings(Struct, frozen=True, kw_only=True, rename="camel"):
    """One day, or all of them without a ``day``; nano-dollars.

    ``rated`` requests cost ``spent``, and would have cost ``dearest`` on the dearest model; the difference is
    ``routing``. ``prompt_caching`` is what cache reads cost less than fresh input, less what cache writes cost more.
    ``own_cache`` is what the ``cached`` requests would have cost. ``left_out`` requests had no price and are in no sum.
    What was refused or failed is in the sums, for what it cost, and in no count.
    """

    day: date | None = None
    rated: int = 0
    spent: NanoUSD = 0
    dearest: NanoUSD = 0
    routing: NanoUSD = 0
    prompt_caching: NanoUSD = 0
    own_cache: NanoUSD = 0
    cached: int = 0
    left_out: int = 0


_FIGURES: Final = tuple(name for name in DaySavings.__struct_fields__ if name != "day")


class Savings(Struct, frozen=True, kw_only=True, rename="camel"):
    """The report; days without any request are not in it.

    ``dearest_model`` is the active model on which everything would have cost most, None when nothing can be compared.
    """

    since: datetime
    until: datetime
    dearest_model: str | None
    days: tuple[DaySavings, ...]
    total: DaySavings


class Period(Struct, frozen=True):
    """The moments between which hours are looked at, and the day that each of them belongs to."""

    since: datetime
    until: datetime
    day_of: Callable[[datetime], date]


def work_out_savings(
    hours: Sequence[ModelHour], marked: Iterable[MarkedHour], active: Iterable[str], price: PriceOf, period: Period
) -> Savings:
    """Return what was saved, against the dearest of the ``active`` models."""
    kept = {(each.hour, each.model): each.cached_usage for each in marked}
    prices = {each: price(each) for each in sorted({*active, *(hour.model for hour in hours)})}
    paid = [_without(each, kept.get((each.hour, each.model))) for each in hours]
    name = _dearest([each for each in paid if _is_rated(each, prices)], sorted(set(active)), prices)
    days: dict[date, DaySavings] = {}
    for each in paid:
        day = period.day_of(each.hour)
        saved = _of_hour(each, prices.get(name or ""), prices, kept.get((each.hour, each.model)))
        days[day] = _added(days.get(day, DaySavings(day=day)), saved)
    total = DaySavings()
    for found in days.values():
        total = _added(total, found)
    return Savings(
        since=period.since, until=period.until, dearest_model=name,
        days=tuple(days[day] for day in sorted(days)), total=total,
    )  # fmt: skip


def _without(hour: ModelHour, cached: Usage | None) -> ModelHour:
    """Return ``hour`` without what no provider was asked for."""
    if cached is None:
        return hour
    usage = Usage(
        input_tokens=hour.usage.input_tokens - cached.input_tokens,
        cache_read_tokens=hour.usage.cache_read_tokens - cached.cache_read_tokens,
        cache_write_tokens=hour.usage.cache_write_tokens - cached.cache_write_tokens,
        cache_write_1h_tokens=hour.usage.cache_write_1h_tokens - cached.cache_write_1h_tokens,
        output_tokens=hour.usage.output_tokens - cached.output_tokens,
        reasoning_tokens=hour.usage.reasoning_tokens - cached.reasoning_tokens,
    )
    return structs.replace(hour, usage=usage)


def _is_rated(hour: ModelHour, prices: Mapping[str, Rates | None]) -> bool:
    """Say whether all of ``hour`` has a price; an hour that has one only for a part cannot be taken apart."""
    return not hour.unpriced and (prices[hour.model] is not None or not hour.usage.total_tokens)


def _dearest(hours: Sequence[ModelHour], active: Sequence[str], prices: Mapping[str, Rates | None]) -> str | None:
    """Return the active model on which ``hours`` would have cost most; the first by name of several."""
    whole = NOTHING
    for each in hours:
        whole = added(whole, each.usage)
    costs = {name: found.cost(whole) for name in active if (found := prices[name]) is not None}
    return max(costs, key=costs.__getitem__) if costs and whole.total_tokens else None


def _of_hour(
    hour: ModelHour, dearest: Rates | None, prices: Mapping[str, Rates | None], cached: Usage | None
) -> DaySavings:
    own = prices[hour.model]
    saved_by_us = 0 if own is None or cached is None else own.cost(cached)
    answered = hour.requests - hour.errors - hour.cached
    if not _is_rated(hour, prices):
        return DaySavings(own_cache=saved_by_us, cached=hour.cached, left_out=answered)
    there = hour.cost if dearest is None else dearest.cost(hour.usage)
    return DaySavings(
        rated=answered,
        spent=hour.cost,
        dearest=there,
        routing=there - hour.cost,
        prompt_caching=0 if own is None else _by_prompt_caching(hour.usage, own),
        own_cache=saved_by_us,
        cached=hour.cached,
    )


def _by_prompt_caching(usage: Usage, price: Rates) -> NanoUSD:
    """Return what the same prompts would have cost more, or less, if nothing had been kept by the provider."""
    cached = Usage(
        cache_read_tokens=usage.cache_read_tokens,
        cache_write_tokens=usage.cache_write_tokens,
        cache_write_1h_tokens=usage.cache_write_1h_tokens,
    )
    return price.cost(Usage(input_tokens=cached.prompt_tokens)) - price.cost(cached)


def _added(one: DaySavings, other: DaySavings) -> DaySavings:
    """Return ``one`` with the figures of ``other``; its day stays."""
    return structs.replace(one, **{name: getattr(one, name) + getattr(other, name) for name in _FIGURES})
