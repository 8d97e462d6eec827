"""Compares what we have on record with a provider's bill: by UTC day and model, in tokens and nano-dollars."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Final, TypeVar

from msgspec import Struct

from router_core.cost.bill import Bill, BillLine
from router_core.errors import ValidationError
from router_core.types import NanoUSD

__all__ = [
    "DEFAULT_TOLERANCE",
    "CanonicalModel",
    "Drift",
    "KnownModel",
    "OurDay",
    "OurSide",
    "Reconciled",
    "Reconciliation",
    "TheirSide",
    "parse_tolerance",
    "reconcile",
]

DEFAULT_TOLERANCE: Final = Decimal(1)
_PERCENT: Final = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,6})?")


class KnownModel(Struct, frozen=True):
    """The one name of a model that has several, and who sells it; ``vendor`` is empty for a model nobody knows."""

    vendor: str
    name: str


CanonicalModel = Callable[[str], KnownModel]


class OurDay(Struct, frozen=True, kw_only=True):
    """What one model used on a UTC day, as we know it. ``estimated`` and ``unpriced`` count requests."""

    day: date
    model: str
    requests: int
    tokens: int
    cost: NanoUSD
    unpriced: int = 0
    estimated: int = 0


class OurSide(Struct, frozen=True, kw_only=True, rename="camel"):
    """Our figures. ``cost`` is None when no request had a price; it lacks those that are ``unpriced``."""

    requests: int
    tokens: int
    cost: NanoUSD | None
    unpriced: int
    estimated: int


class TheirSide(Struct, frozen=True, kw_only=True, rename="camel"):
    """The bill's figures, None for what it has no column for. ``lines`` of the file, ``batch`` of them batch work."""

    lines: int
    tokens: int | None
    cost: NanoUSD | None
    batch: int


class Drift(Struct, frozen=True, kw_only=True, rename="camel"):
    """How far we are above (or below) the bill, None where either side says nothing.

    ``percent`` is a share of the bill's figure, None as well when that is 0 and ours is not.
    """

    amount: int | None
    percent: float | None
    within: bool


class Reconciled(Struct, frozen=True, kw_only=True, rename="camel"):
    """One day and model, or everything together; ``day`` and ``model`` are None then.

    ``ours`` or ``theirs`` is None when only the other side has it. ``names`` are the names that were brought together.
    """

    day: date | None
    model: str | None
    names: tuple[str, ...]
    ours: OurSide | None
    theirs: TheirSide | None
    tokens: Drift
    cost: Drift
    within: bool


class Reconciliation(Struct, frozen=True, kw_only=True, rename="camel"):
    """The report. ``within`` says that no line and no total drifts beyond ``tolerance`` percent.

    ``left_out`` are models of ours that vendors sell whose bill this is not.
    """

    first_day: date
    last_day: date
    tolerance: Decimal
    lines: tuple[Reconciled, ...]
    totals: Reconciled
    left_out: tuple[str, ...]
    within: bool


def parse_tolerance(text: str) -> Decimal:
    """Return percent. Raises :class:`ValidationError` for what is no plain decimal number within 0 and 100."""
    if not _PERCENT.fullmatch(text):
        raise ValidationError("tolerance must be percent as a plain number such as 0.5", field="tolerance")
    found = Decimal(text)
    if found > 100:
        raise ValidationError("tolerance must be within 0 and 100 percent", field="tolerance")
    return found


def reconcile(bill: Bill, ours: Iterable[OurDay], canonical: CanonicalModel, tolerance: Decimal) -> Reconciliation:
    """Return how ``ours`` and ``bill`` compare; names that ``canonical`` says are one model are one line."""
    used = [each for each in ours if each.tokens or each.cost or each.unpriced]
    models = {name: canonical(name) for name in {each.model for each in used} | {each.model for each in bill.lines}}
    sellers = {models[each.model].vendor for each in bill.lines} - {""}
    known = [each for each in used if not sellers or models[each.model].vendor in {"", *sellers}]
    our_groups, their_groups = _grouped(known, models), _grouped(bill.lines, models)
    lines = tuple(
        _compared(key, our_groups.get(key, []), their_groups.get(key, []), bill, tolerance)
        for key in sorted(our_groups.keys() | their_groups.keys())
    )
    totals = _compared(None, known, bill.lines, bill, tolerance)
    days = [each.day for each in bill.lines]
    return Reconciliation(
        first_day=min(days), last_day=max(days), tolerance=tolerance, lines=lines, totals=totals,
        left_out=tuple(sorted({each.model for each in used} - {each.model for each in known})),
        within=totals.within and all(each.within for each in lines),
    )  # fmt: skip


_Key = tuple[date, str]
_Entry = TypeVar("_Entry", OurDay, BillLine)


def _grouped(entries: Iterable[_Entry], models: Mapping[str, KnownModel]) -> dict[_Key, list[_Entry]]:
    groups: dict[_Key, list[_Entry]] = {}
    for each in entries:
        groups.setdefault((each.day, models[each.model].name), []).append(each)
    return groups


def _compared(
    key: _Key | None, ours: Sequence[OurDay], theirs: Sequence[BillLine], bill: Bill, tolerance: Decimal
) -> Reconciled:
    our_side, their_side = _our_side(ours), _their_side(theirs, bill)
    used, paid = (0, 0) if our_side is None else (our_side.tokens, our_side.cost)
    tokens = _drift(used, sum(each.tokens or 0 for each in theirs) if bill.has_tokens else None, tolerance)
    cost = _drift(paid, sum(each.cost or 0 for each in theirs) if bill.has_cost else None, tolerance)
    own = [each.model for each in ours]
    names = () if key is None else tuple(sorted({*own, *(each.model for each in theirs)} - {key[1]}))
    return Reconciled(
        day=None if key is None else key[0], model=None if key is None else key[1], names=names, ours=our_side,
        theirs=their_side, tokens=tokens, cost=cost, within=tokens.within and cost.within,
    )  # fmt: skip


def _our_side(days: Sequence[OurDay]) -> OurSide | None:
    if not days:
        return None
    cost, unpriced = sum(each.cost for each in days), sum(each.unpriced for each in days)
    return OurSide(
        requests=sum(each.requests for each in days),
        tokens=sum(each.tokens for each in days),
        cost=None if unpriced and not cost else cost,
        unpriced=unpriced,
        estimated=sum(each.estimated for each in days),
    )


def _their_side(lines: Sequence[BillLine], bill: Bill) -> TheirSide | None:
    if not lines:
        return None
    return TheirSide(
        lines=len(lines),
        tokens=sum(each.tokens or 0 for each in lines) if bill.has_tokens else None,
        cost=sum(each.cost or 0 for each in lines) if bill.has_cost else None,
        batch=sum(each.batch for each in lines),
    )


def _drift(ours: int | None, theirs: int | None, tolerance: Decimal) -> Drift:
    if theirs is None:
        return Drift(amount=None, percent=None, within=True)
    if ours is None:
        # What has no price of ours cannot be said to agree.
        return Drift(amount=None, percent=None, within=False)
    amount = ours - theirs
    percent = round(float(Fraction(100 * amount, abs(theirs))), 4) if theirs else None
    within = 100 * abs(amount) <= Fraction(tolerance) * abs(theirs)
    return Drift(amount=amount, percent=0.0 if not amount else percent, within=within)
