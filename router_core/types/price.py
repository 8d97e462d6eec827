"""What tokens cost: rates of token classes, dated versions of prices, and the book of all of them."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Literal

from msgspec import Struct

from router_core.types.money import NanoUSD
from router_core.types.usage import Usage

__all__ = ["Price", "PriceBook", "PriceKind", "PriceTier", "Rates", "Tariff", "tiered"]

TOKENS_PER_RATE = 1_000_000
TIER_SIGN = "@"

PriceKind = Literal["listed", "own"]
Place = tuple[str, str, str]


def tiered(model: str, tier: str) -> str:
    """Return the name under which the price of ``model`` in another than the standard tier of service is listed."""
    return f"{model}{TIER_SIGN}{tier}"


class Rates(Struct, frozen=True, kw_only=True):
    """Nano-dollars per million tokens of each class. ``batch_input`` and ``batch_output`` are those of batch calls."""

    input: NanoUSD
    output: NanoUSD
    cache_read: NanoUSD
    cache_write: NanoUSD
    cache_write_1h: NanoUSD
    reasoning: NanoUSD
    image: NanoUSD
    batch_input: NanoUSD
    batch_output: NanoUSD

    @classmethod
    def of(cls, input_rate: NanoUSD, output_rate: NanoUSD, **others: NanoUSD | None) -> "Rates":
        """Return rates in which a class without one of its own costs what it would cost without a name of its own.

        Reasoning is output, images and cached tokens are input, an hour in the cache is five minutes, and a batch is
        half price, as both vendors sell it.
        """
        write = _first(others.get("cache_write"), input_rate)
        return cls(
            input=input_rate,
            output=output_rate,
            cache_read=_first(others.get("cache_read"), input_rate),
            cache_write=write,
            cache_write_1h=_first(others.get("cache_write_1h"), write),
            reasoning=_first(others.get("reasoning"), output_rate),
            image=_first(others.get("image"), input_rate),
            batch_input=_first(others.get("batch_input"), input_rate // 2),
            batch_output=_first(others.get("batch_output"), output_rate // 2),
        )

    def cost(self, usage: Usage) -> NanoUSD:
        """Return the cost of ``usage``, rounded once, half-even."""
        total = (
            usage.input_tokens * self.input
            + usage.image_tokens * self.image
            + usage.cache_read_tokens * self.cache_read
            + usage.cache_write_tokens * self.cache_write
            + usage.cache_write_1h_tokens * self.cache_write_1h
            + usage.output_tokens * self.output
            + usage.reasoning_tokens * self.reasoning
        )
        return _divide_half_even(total, TOKENS_PER_RATE)

    def batch_cost(self, usage: Usage) -> NanoUSD:
        """Return the cost of ``usage`` in a batch: each class is cheaper by as much as its input, or its output, is."""
        read = (
            usage.input_tokens * self.input
            + usage.image_tokens * self.image
            + usage.cache_read_tokens * self.cache_read
            + usage.cache_write_tokens * self.cache_write
            + usage.cache_write_1h_tokens * self.cache_write_1h
        )
        written = usage.output_tokens * self.output + usage.reasoning_tokens * self.reasoning
        per_input, per_output = max(1, self.input), max(1, self.output)
        total = read * self.batch_input * per_output + written * self.batch_output * per_input
        return _divide_half_even(total, per_input * per_output * TOKENS_PER_RATE)

    def most(self, input_tokens: int, output_tokens: int, *, caches: bool = False) -> NanoUSD:
        """Return the upper bound of a call that reads and writes so many tokens of whatever class.

        Where it ``caches``, what is read may be written to the vendor's cache, which costs more than to read it.
        """
        read = max(self.input, self.image, *((self.cache_write, self.cache_write_1h) if caches else ()))
        total = input_tokens * read + output_tokens * max(self.output, self.reasoning)
        return -(-total // TOKENS_PER_RATE)


class PriceTier(Struct, frozen=True):
    """The rates of prompts of more than ``above`` tokens."""

    above: int
    rates: Rates


class Price(Struct, frozen=True, kw_only=True):
    """One version of what a model costs, from ``starts`` on until the next version at the same place.

    A ``listed`` one comes from a catalogue and holds for everybody. An ``own`` one was set by somebody and goes before
    it: for everybody, for one provider (a row's name), for one account, or for one provider of one account.
    ``tiers`` begin with the one above 0 and are in order; without any the price is withdrawn, and the next less special
    place decides again.
    """

    id: str
    model: str
    starts: datetime
    tiers: tuple[PriceTier, ...]
    kind: PriceKind
    source: str
    made_at: datetime
    provider: str = ""
    account_id: str = ""
    made_by: str = ""

    @property
    def place(self) -> Place:
        """What the price is of, and for whom."""
        return (self.account_id, self.provider, self.model)

    def rates(self, prompt_tokens: int = 0) -> Rates:
        """Return the rates of a prompt of that many tokens."""
        tiers = self.tiers
        chosen = tiers[0]
        for tier in tiers:
            if tier.above < prompt_tokens:
                chosen = tier
        return chosen.rates

    def cost(self, usage: Usage) -> NanoUSD:
        """Return the exact cost of ``usage``."""
        return self.rates(usage.prompt_tokens).cost(usage)

    def most(self, input_tokens: int, output_tokens: int, *, caches: bool = False) -> NanoUSD:
        """Return the upper bound of a call that reads and writes so many tokens; see :meth:`Rates.most`."""
        held = [each.rates for each in self.tiers if each.above <= input_tokens]
        return max(each.most(input_tokens, output_tokens, caches=caches) for each in held)


class _Line:
    """The versions of one place in the order of their beginnings; of two that begin together the newer one holds."""

    __slots__ = ("_starts", "_versions")

    def __init__(self, versions: Iterable[Price]) -> None:
        ordered = sorted(versions, key=lambda each: (each.starts, each.made_at, each.id))
        self._starts = [each.starts for each in ordered]
        self._versions = ordered

    def at(self, moment: datetime) -> Price | None:
        reached = bisect_right(self._starts, moment)
        if not reached:
            return None
        found = self._versions[reached - 1]
        return found if found.tiers else None

    def after(self, moment: datetime) -> Price | None:
        """Return the first version that begins after ``moment``."""
        following = bisect_right(self._starts, moment)
        return self._versions[following] if following < len(self._versions) else None


class PriceBook:
    """Every version of every price, immutable, found by what it is of and when."""

    __slots__ = ("_listed", "_own", "versions")

    def __init__(self, versions: Iterable[Price] = ()) -> None:
        self.versions = tuple(versions)
        self._listed = _lines(each for each in self.versions if each.kind == "listed")
        self._own = _lines(each for each in self.versions if each.kind == "own")

    def listed(self, model: str, moment: datetime) -> Price | None:
        """Return the catalogue's price of ``model`` at ``moment``."""
        line = self._listed.get(("", "", model))
        return None if line is None else line.at(moment)

    def own(self, place: Place, moment: datetime) -> Price | None:
        """Return the price that somebody set for just ``place``: account, provider and model."""
        line = self._own.get(place)
        return None if line is None else line.at(moment)

    def following(self, price: Price, moment: datetime) -> Price | None:
        """Return the next version at the place of ``price`` that begins after ``moment``."""
        line = (self._own if price.kind == "own" else self._listed).get(price.place)
        return None if line is None else line.after(moment)

    def find(self, names: Iterable[str], provider: str, account_id: str, moment: datetime) -> Price | None:
        """Return the price that holds for a call: own ones first, the most special place first.

        ``names`` are what the model is called, the most telling name first.
        """
        known = [name for name in dict.fromkeys(names) if name]
        if self._own:
            for place in dict.fromkeys(((account_id, provider), (account_id, ""), ("", provider), ("", ""))):
                for name in known:
                    found = self.own((*place, name), moment)
                    if found is not None:
                        return found
        for name in known:
            found = self.listed(name, moment)
            if found is not None:
                return found
        return None


class Tariff:
    """What one request pays: the prices at the moment it came, for its account, whatever changes meanwhile.

    ``canonical`` returns the name under which a catalogue lists a model, such as the one without a date, or None.
    """

    __slots__ = ("_account_id", "_canonical", "_moment", "book")

    def __init__(
        self, book: PriceBook, canonical: Callable[[str], str | None], account_id: str | None, moment: datetime
    ) -> None:
        self.book = book
        self._canonical = canonical
        self._account_id = account_id or ""
        self._moment = moment

    def price(self, model: str, provider: str = "", answered_as: str = "", tier: str = "") -> Price | None:
        """Return the price of ``model`` at ``provider``; ``answered_as`` is what the provider calls it.

        A ``tier`` of service other than the standard one has prices of its own, or none.
        """
        names = self.names(answered_as) + self.names(model) if answered_as else self.names(model)
        if tier:
            names = [tiered(name, tier) for name in names if name]
        return self.book.find(names, provider, self._account_id, self._moment)

    def of(self, account_id: str, moment: datetime) -> "Tariff":
        """Return what ``account_id`` paid, or will pay, at ``moment`` by the same book."""
        return Tariff(self.book, self._canonical, account_id, moment)

    def names(self, model: str) -> list[str]:
        """Return the names by which ``model`` may be in the book, the most telling one first."""
        return [model] if TIER_SIGN in model else [model, self._canonical(model) or ""]


def _lines(versions: Iterable[Price]) -> Mapping[Place, _Line]:
    gathered: dict[Place, list[Price]] = {}
    for each in versions:
        gathered.setdefault(each.place, []).append(each)
    return MappingProxyType({place: _Line(found) for place, found in gathered.items()})


def _first(value: NanoUSD | None, fallback: NanoUSD) -> NanoUSD:
    return fallback if value is None else value


def _divide_half_even(amount: int, divisor: int) -> int:
    quotient, remainder = divmod(amount, divisor)
    twice = 2 * remainder
    if twice > divisor or (twice == divisor and quotient % 2):
        return quotient + 1
    return quotient
