"""Reads a provider's usage export: CSV with commas, semicolons or tabs, whole or not at all."""

import csv
import io
import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Final, TypeVar

from router_core.cost.bill import Bill, BillFault, BillLine, WrongBillError
from router_core.cost.bill_columns import BillColumns, Role, find_columns
from router_core.types import NanoUSD, parse_usd

__all__ = ["MOST_BILL_BYTES", "read_bill"]

T = TypeVar("T")
MOST_BILL_BYTES: Final = 8 * 1024 * 1024
MOST_LINES: Final = 100_000
MOST_MODEL: Final = 200
MOST_DIGITS: Final = 18
# More faults than anybody reads: the file is something else.
MOST_FAULTS: Final = 1_000
BATCH: Final = "batch"
_SEPARATORS: Final = ",;\t"
_NO_AMOUNTS: Final[frozenset[Role]] = frozenset({"date", "model", "line_item", "currency", "batch", "tier"})
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_YEARS: Final = range(1970, 2100)
_SECONDS: Final = re.compile(r"\d{9,11}", re.ASCII)
_COUNT: Final = re.compile(r"\d+(?:\.0+)?", re.ASCII)
_AMOUNT: Final = re.compile(r"-?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_SEPARATED: Final = re.compile(r"-?\d{1,3}(?:[,.'_\s\u00a0\u202f]\d{3})+(?:[.,]\d+)?")
_YES, _NO = frozenset({"true", "yes", "1"}), frozenset({"false", "no", "0", ""})


def read_bill(data: bytes) -> Bill:
    """Return the lines of a bill in UTF-8.

    Raises :class:`WrongBillError` that names every wrong line by its number and column; nothing is half-read.
    """
    if len(data) > MOST_BILL_BYTES:
        raise WrongBillError([BillFault(1, "", f"the file is larger than {MOST_BILL_BYTES} bytes")])
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise WrongBillError([BillFault(data[: error.start].count(b"\n") + 1, "", "is not UTF-8 text")]) from None
    rows = _rows(text)
    _, headings = next(rows, (1, []))
    if not headings:
        raise WrongBillError([BillFault(1, "", "the file is empty")])
    columns, reader = find_columns(headings), _LineReader()
    lines = [line for number, cells in rows if (line := reader.line(number, cells, columns)) is not None]
    if reader.faults:
        raise WrongBillError(reader.faults)
    if not lines:
        raise WrongBillError([BillFault(1, "", "there is no line below the headings")])
    return Bill(tuple(lines))


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield every row that is not empty, with the number of the line that it begins in."""
    first = text.lstrip("\r\n").split("\n", 1)[0]
    separator = max(_SEPARATORS, key=first.count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    begins, taken = 1, 0
    try:
        for cells in rows:
            if any(cell.strip() for cell in cells):
                taken += 1
                if taken > MOST_LINES + 1:
                    raise WrongBillError([BillFault(begins, "", f"there are more than {MOST_LINES} lines")])
                yield begins, cells
            begins = rows.line_num + 1
    except csv.Error:
        raise WrongBillError(
            [BillFault(begins, "", "is not CSV: quotes do not match, or a cell is too long")]
        ) from None


class _LineReader:
    """Reads cells and gathers what is wrong with them."""

    def __init__(self) -> None:
        self.faults: list[BillFault] = []

    def line(self, number: int, cells: list[str], columns: BillColumns) -> BillLine | None:
        """Return what a line says, None when it says nothing or is wrong."""
        if len(cells) != columns.width:
            self._fault(number, "", f"has {len(cells)} cells below {columns.width} headings")
            return None
        found = {role: cells[place].strip() for role, place in columns.places.items()}
        if "model" not in found:
            found["model"] = found["line_item"].partition(",")[0].rstrip()
        if _says_nothing(found):
            return None
        before = len(self.faults)
        day = self._taken(number, "date", found, _day)
        model = self._taken(number, "model", found, _model)
        counts = [self._taken(number, role, found, _count_of(role)) for role in columns.summed]
        cost = self._taken(number, "cost", found, _cost) if "cost" in found else None
        batch = self._taken(number, "batch", found, _truth) if "batch" in found else False
        if "currency" in found:
            self._taken(number, "currency", found, _dollars)
        if len(self.faults) > before or day is None or model is None:
            return None
        tokens = sum(each or 0 for each in counts) if columns.summed else None
        return BillLine(
            day=day, model=model, tokens=tokens, cost=cost, batch=bool(batch) or found.get("tier", "").lower() == BATCH
        )

    def _taken(self, number: int, role: Role, found: dict[Role, str], read: Callable[[str], T]) -> T | None:
        try:
            return read(found[role])
        except ValueError as error:
            self._fault(number, role, str(error))
            return None

    def _fault(self, number: int, column: str, reason: str) -> None:
        self.faults.append(BillFault(number, column, reason))
        if len(self.faults) >= MOST_FAULTS:
            raise WrongBillError(self.faults)


def _says_nothing(found: dict[Role, str]) -> bool:
    """Say whether a line stands for a day without any use, as some exports have them."""
    amounts = (text for role, text in found.items() if role not in _NO_AMOUNTS)
    return not found["model"] and all(not text.strip("0.") for text in amounts)


def _day(text: str) -> date:
    day = _any_day(text)
    if day.year not in _YEARS:
        raise ValueError(f"must lie between {_YEARS.start} and {_YEARS.stop - 1}")
    return day


def _any_day(text: str) -> date:
    if _SECONDS.fullmatch(text):
        return (_EPOCH + timedelta(seconds=int(text))).date()
    try:
        moment = datetime.fromisoformat(text)
        return moment.date() if moment.tzinfo is None else moment.astimezone(UTC).date()
    except (ValueError, OverflowError):
        raise ValueError("is no date; write 2026-11-24, or seconds since 1970") from None


def _model(text: str) -> str:
    if not 0 < len(text) <= MOST_MODEL or not text.isprintable():
        raise ValueError(f"must be 1 to {MOST_MODEL} printable characters")
    return text


def _count_of(role: Role) -> Callable[[str], int]:
    """Return how a count is read; only what comes out of caches may be left empty."""
    return _count if role in ("tokens", "input", "fresh_input", "output") else _count_or_none


def _count_or_none(text: str) -> int:
    return _count(text) if text else 0


def _count(text: str) -> int:
    if _COUNT.fullmatch(text) and len(text) <= MOST_DIGITS:
        return int(text.partition(".")[0])
    if _SEPARATED.fullmatch(text):
        raise ValueError("has thousands separators; write 1234567")
    raise ValueError("must be a whole number of at most 18 digits, not below 0")


def _cost(text: str) -> NanoUSD:
    amount = text.removeprefix("$")
    if _AMOUNT.fullmatch(amount):
        try:
            return parse_usd(amount)
        except ValueError as error:
            raise ValueError(f"is {error}") from None
    if "," in amount or _SEPARATED.fullmatch(amount):
        raise ValueError("has a comma or thousands separators; write 1234.56")
    raise ValueError("must be an amount of dollars such as 1234.56")


def _truth(text: str) -> bool:
    word = text.lower()
    if word in _YES or word in _NO:
        return word in _YES
    raise ValueError("must be true or false")


def _dollars(text: str) -> None:
    if text.lower() not in ("", "usd"):
        raise ValueError("must be USD; other currencies cannot be compared")
