"""Reads request traces in the format of Azure's public LLM inference traces."""

import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

from msgspec import Struct

from signalbox.faults import UsageFault

__all__ = ["TraceRow", "read_trace"]

_COLUMNS: Final = ("TIMESTAMP", "ContextTokens", "GeneratedTokens")
_MICROSECONDS: Final = 26  # datetime.fromisoformat takes no seventh decimal
_MOST_TOKENS: Final = 1_000_000
_GZIP_MAGIC: Final = b"\x1f\x8b"


class TraceRow(Struct, frozen=True):
    """One request: seconds since the trace's first request, and its tokens in and out."""

    at: float
    prompt_tokens: int
    output_tokens: int


def read_trace(path: Path, requests: int | None = None) -> list[TraceRow]:
    """Return the first ``requests`` rows of a CSV or gzipped CSV file.

    Raises :class:`UsageFault` naming the file, and the line where there is one, for anything that is not a trace.
    """
    try:
        with path.open("rb") as file:
            packed = file.read(2) == _GZIP_MAGIC
            file.seek(0)
            raw = gzip.GzipFile(fileobj=file) if packed else file
            with io.TextIOWrapper(raw, encoding="utf-8-sig", newline="") as text:
                return list(_rows(path, csv.DictReader(text), requests))
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or "it is not a CSV or CSV.GZ file"
        raise UsageFault(f"{path} cannot be read: {reason}") from None


def _rows(path: Path, reader: "csv.DictReader[str]", requests: int | None) -> Iterator[TraceRow]:
    missing = [name for name in _COLUMNS if name not in (reader.fieldnames or ())]
    if missing:
        raise UsageFault(f"{path} has no column {', '.join(missing)}; wanted: {', '.join(_COLUMNS)}")
    first: datetime | None = None
    latest = 0.0
    for index, row in enumerate(reader):
        if index == requests:
            return
        at, prompt, output = _parse(path, reader.line_num, row)
        first = first or at
        latest = max(latest, (at - first).total_seconds())
        yield TraceRow(latest, prompt, output)
    if first is None:
        raise UsageFault(f"{path} holds no requests")


def _parse(path: Path, line: int, row: dict[str, str]) -> tuple[datetime, int, int]:
    try:
        at = datetime.fromisoformat(row["TIMESTAMP"][:_MICROSECONDS]).replace(tzinfo=None)
        prompt, output = int(row["ContextTokens"]), int(row["GeneratedTokens"])
    except (ValueError, TypeError):
        raise UsageFault(f"{path}, line {line}: not a time and two whole numbers") from None
    if not (0 <= prompt <= _MOST_TOKENS and 0 <= output <= _MOST_TOKENS):
        raise UsageFault(f"{path}, line {line}: token counts must be from 0 to {_MOST_TOKENS}")
    return at, prompt, output
