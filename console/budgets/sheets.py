"""Tables as CSV that a spreadsheet may open."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date

__all__ = ["Cell", "sheet"]

Cell = str | int | float | date | None


def sheet(headings: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """Return CSV; None is an empty cell. Text that people chose goes through :func:`plain` first."""
    out = io.StringIO()
    written = csv.writer(out, lineterminator="\r\n")
    written.writerow(headings)
    written.writerows(rows)
    return out.getvalue().encode()
