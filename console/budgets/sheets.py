"""Tables as CSV that a spreadsheet may open."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final

__all__ = ["Cell", "plain", "sheet"]

Cell = str | int | float | date | None
# A spreadsheet takes text that begins so for a formula.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def sheet(headings: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """Return CSV; None is an empty cell. Text that people chose goes through :func:`plain` first."""
    out = io.StringIO()
    written = csv.writer(out, lineterminator="\r\n")
    written.writerow(headings)
    written.writerows(rows)
    return out.getvalue().encode()


def plain(text: str) -> str:
    """Return ``text`` so that no spreadsheet takes it for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text
