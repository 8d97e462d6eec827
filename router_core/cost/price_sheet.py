"""The price book as a table: CSV with a line for each tier of each version, dollars for a million tokens."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from msgspec import Struct, field, structs

from router_core.cells import plain_cell, safe_cell
from router_core.errors import ValidationError
from router_core.instants import parse_instant
from router_core.types import NANO_PER_USD, NanoUSD, Price, Rates, read_dollars

__all__ = [
    "COLUMNS",
    "MOST_PRICES",
    "RATE_NAMES",
    "PriceOrder",
    "TierOrder",
    "exact_dollars",
    "moment_of",
    "ordered_rates",
    "price_sheet",
    "read_sheet",
]

RATE_NAMES: Final = Rates.__struct_fields__
COLUMNS: Final = (
    "model", "provider", "account", "from", "above_tokens", *RATE_NAMES, "source", "kind", "id", "made_by", "made_at",
)  # fmt: skip
NEEDED: Final = ("model", "input", "output")
MOST_PRICES: Final = 2_000


class TierOrder(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """What prompts of more than ``above`` tokens cost: dollars for a million tokens, as exact decimal text.

    A class that is left out costs what it is part of: images and cached tokens what input does, reasoning what output
    does, a batch half.
    """

    input: str
    output: str
    above: int = 0
    cache_read: str | None = None
    cache_write: str | None = None
    cache_write_1h: str | None = field(default=None, name="cacheWrite1h")
    reasoning: str | None = None
    image: str | None = None
    batch_input: str | None = None
    batch_output: str | None = None


class PriceOrder(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """A price to be set for a model: for everybody, one provider (a row's name), one account, or both.

    It holds from ``starts`` on (ISO 8601), from now on when that is left out. Without ``tiers`` the price that was set
    there is withdrawn, and the less special one holds again.
    """

    model: str
    provider: str = ""
    account_id: str = ""
    starts: str | None = None
    tiers: tuple[TierOrder, ...] = ()
    source: str = ""


def moment_of(text: str) -> datetime | None:
    """Return the moment that ``text`` names, in UTC where it names no zone; None when it names none."""
    try:
        moment = parse_instant(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def ordered_rates(tier: TierOrder) -> Rates:
    """Return the rates that ``tier`` asks for. Raises :class:`ValidationError` that names the field."""
    said = {name: getattr(tier, name) for name in RATE_NAMES}
    amounts = {name: None if text is None else _amount(text, name) for name, text in said.items()}
    fresh, written = amounts.pop("input"), amounts.pop("output")
    return Rates.of(fresh or 0, written or 0, **amounts)


def exact_dollars(nano: NanoUSD) -> str:
    """Return nano-dollars as the shortest exact decimal text: ``0.15``, ``3``."""
    whole, fraction = divmod(nano, NANO_PER_USD)
    return f"{whole}.{fraction:09d}".rstrip("0").rstrip(".")


def price_sheet(prices: Iterable[Price]) -> str:
    """Return ``prices`` as CSV; a withdrawn one is a line without rates."""
    out = io.StringIO()
    lines = csv.writer(out, lineterminator="\r\n")
    lines.writerow(COLUMNS)
    for price in prices:
        head = (
            safe_cell(price.model),
            safe_cell(price.provider),
            safe_cell(price.account_id),
            price.starts.isoformat(),
        )
        tail = (safe_cell(price.source), price.kind, price.id, safe_cell(price.made_by), price.made_at.isoformat())
        for tier in price.tiers:
            amounts = (exact_dollars(getattr(tier.rates, name)) for name in RATE_NAMES)
            lines.writerow((*head, tier.above, *amounts, *tail))
        if not price.tiers:
            lines.writerow((*head, 0, *("" for _ in RATE_NAMES), *tail))
    return out.getvalue()


def read_sheet(text: str) -> list[PriceOrder]:
    """Return the prices that a sheet asks for, those of a catalogue left out: each installation has its own.

    Lines of one model, place, time and id are the tiers of one price. Of several prices that begin together at one
    place, as an export has them after a correction, the newest one counts. Raises :class:`ValidationError` that names
    line and column.
    """
    versions: dict[tuple[str, ...], PriceOrder] = {}
    ages: dict[tuple[str, ...], str] = {}
    for number, line in _lines(text):
        order = _order(line, number)
        begins = moment_of(order.starts) if order.starts else None
        key = (order.model, order.provider, order.account_id, str(begins), line.get("id", ""))
        before = versions.get(key)
        if before is not None:
            if not before.tiers or not order.tiers:
                raise _fault(number, "model", "is priced and withdrawn at the same time")
            order = structs.replace(before, tiers=(*before.tiers, *order.tiers))
        if before is None and len(versions) >= MOST_PRICES:
            raise ValidationError(f"a sheet may have {MOST_PRICES:,} prices at most", field="csv")
        versions[key] = structs.replace(order, tiers=tuple(sorted(order.tiers, key=lambda tier: tier.above)))
        ages[key] = line.get("made_at", "")
    newest: dict[tuple[str, ...], PriceOrder] = {}
    # Lines without an id were written by hand, after any export.
    for version in sorted(versions, key=lambda each: (not each[-1], ages[each], each[-1])):
        newest[version[:-1]] = versions[version]
    return list(newest.values())


def _lines(text: str) -> Iterator[tuple[int, Mapping[str, str]]]:
    rows = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    try:
        heading = [name.strip().lower() for name in next(rows, [])]
        _check_heading(heading)
        for row in rows:
            if not any(cell.strip() for cell in row):
                continue
            if len(row) != len(heading):
                raise _fault(rows.line_num, "csv", f"has {len(row)} columns, the heading {len(heading)}")
            line = dict(zip(heading, (cell.strip() for cell in row), strict=True))
            if line.get("kind") != "listed":
                yield rows.line_num, line
    except csv.Error as error:
        raise ValidationError(f"line {rows.line_num} is no CSV: {error}", field="csv") from None


def _check_heading(heading: Sequence[str]) -> None:
    for name in NEEDED:
        if name not in heading:
            raise ValidationError(f"the column `{name}` is missing", field=name)
    for place, name in enumerate(heading, start=1):
        if name not in COLUMNS:
            raise ValidationError(f"column {place} has no known name; known are: {', '.join(COLUMNS)}", field="csv")
        if heading.count(name) > 1:
            raise ValidationError(f"the column `{name}` is there twice", field=name)


def _order(line: Mapping[str, str], number: int) -> PriceOrder:
    starts = line.get("from", "")
    if starts and moment_of(starts) is None:
        raise _fault(number, "from", "is no date or time of a year in sight")
    rates = {name: line.get(name) or None for name in RATE_NAMES}
    priced = any(rates.values())
    for name in ("input", "output") if priced else ():
        if rates[name] is None:
            raise _fault(number, name, "is missing")
    for name, text in rates.items():
        if text is not None:
            _checked_cell(number, name, text)
    return PriceOrder(
        model=plain_cell(line["model"]),
        provider=plain_cell(line.get("provider", "")),
        account_id=plain_cell(line.get("account", "")),
        starts=starts or None,
        source=plain_cell(line.get("source", "")),
        tiers=(TierOrder(above=_count(line.get("above_tokens", ""), number), **_texts(rates)),) if priced else (),
    )


def _texts(rates: Mapping[str, str | None]) -> dict[str, str]:
    return {name: text for name, text in rates.items() if text is not None}


def _checked_cell(number: int, name: str, text: str) -> None:
    try:
        _amount(text, name)
    except ValidationError as error:
        raise _fault(number, name, error.message.partition(" ")[2]) from None


def _count(text: str, number: int) -> int:
    if not text:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise _fault(number, "above_tokens", "must be a whole number")
    return int(text)


def _amount(text: str, name: str) -> NanoUSD:
    return read_dollars(text, name, "dollars for a million tokens")


def _fault(number: int, column: str, reason: str) -> ValidationError:
    return ValidationError(f"line {number}: `{column}` {reason}", field=column)
