"""The audit log as CSV, JSON lines and Parquet: batches in, bytes out."""

import io
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final

import msgspec

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["COLUMNS", "csv_bytes", "jsonl_bytes", "parquet_bytes"]

# What it is called outside, and the column that it comes from.
COLUMNS: Final = (
    ("timestamp", "at"), ("request_id", "request_id"), ("event", "event"), ("account", "account_id"),
    ("api_key", "api_key"), ("user", "user_email"), ("use_case", "use_case"), ("provider", "provider"),
    ("model", "model"), ("status", "status"), ("error_code", "error_code"), ("input_tokens", "input_tokens"),
    ("cached_tokens", "cache_read_tokens"), ("output_tokens", "output_tokens"), ("cost_usd", "cost"),
    ("estimated", "estimated"), ("latency_ms", "latency_us"), ("first_token_ms", "first_token_us"),
    ("attempts", "attempts"), ("cached", "cached"), ("cache_write_tokens", "cache_write_tokens"),
    ("cache_write_1h_tokens", "cache_write_1h_tokens"), ("reasoning_tokens", "reasoning_tokens"),
    ("streamed", "streamed"), ("actor", "actor"), ("role", "role"), ("address", "address"), ("target", "target"),
    ("id", "id"), ("writer", "writer"), ("seq", "seq"),
)  # fmt: skip
_FLAGS: Final = frozenset({"estimated", "cached", "streamed"})
_SPANS: Final = frozenset({"latency_us", "first_token_us"})
_TIME: Final = "%Y-%m-%dT%H:%M:%SZ"
# A cell that a spreadsheet would take for a formula, also behind blanks and in full-width letters.
_FORMULA: Final = "^[\\s\u200b\ufeff]*[=+\\-@\uff1d\uff0b\uff0d\uff20]|^[\t\r\n]"
_HEADER: Final = ",".join(name for name, _ in COLUMNS).encode() + b"\r\n"


def csv_bytes(batches: Iterable["pa.RecordBatch"]) -> Iterator[bytes]:
    """Yield RFC 4180 text, safe for spreadsheets: no text cell begins like a formula. A line break is CR LF."""
    import pyarrow as pa
    from pyarrow import csv

    yield _HEADER
    options = csv.WriteOptions(include_header=False, quoting_style="needed")
    for batch in batches:
        columns = [_csv_column(batch.column(source), source) for _, source in COLUMNS]
        sink = pa.BufferOutputStream()
        csv.write_csv(pa.RecordBatch.from_arrays(columns, [name for name, _ in COLUMNS]), sink, options)
        # No stored text holds a NUL, so it can stand for a line break inside a cell meanwhile.
        yield sink.getvalue().to_pybytes().replace(b"\n", b"\r\n").replace(b"\0", b"\n")


def jsonl_bytes(batches: Iterable["pa.RecordBatch"]) -> Iterator[bytes]:
    """Yield one JSON object a line; money is exact text, what is absent is null."""
    encoder = msgspec.json.Encoder()
    names = [name for name, _ in COLUMNS]
    for batch in batches:
        columns = [_text_column(batch.column(source), source).to_pylist() for _, source in COLUMNS]
        rows = [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]
        yield b"".join(encoder.encode(row) + b"\n" for row in rows)


def parquet_bytes(batches: Iterable["pa.RecordBatch"]) -> Iterator[bytes]:
    """Yield a Parquet file: times in UTC microseconds, money as decimals, texts with dictionaries."""
    import pyarrow as pa
    from pyarrow import parquet

    schema = _parquet_schema()
    sink = io.BytesIO()
    with parquet.ParquetWriter(sink, schema, compression="snappy") as writer:
        for batch in batches:
            columns = [
                _parquet_column(batch.column(source), source).cast(field.type)
                for (_, source), field in zip(COLUMNS, schema, strict=True)
            ]
            writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=schema))
            yield _taken(sink)
    yield _taken(sink)


def _taken(sink: io.BytesIO) -> bytes:
    data = sink.getvalue()
    sink.seek(0)
    sink.truncate()
    return data


def _parquet_schema() -> "pa.Schema":
    import pyarrow as pa

    def kind(source: str) -> Any:
        if source == "at":
            return pa.timestamp("us", "UTC")
        if source == "cost":
            return pa.decimal128(38, 9)
        if source in _FLAGS:
            return pa.bool_()
        if source in _SPANS:
            return pa.float64()
        return pa.int64() if source in _WHOLE else pa.string()

    return pa.schema([pa.field(name, kind(source)) for name, source in COLUMNS])


_WHOLE: Final = frozenset(
    {"input_tokens", "cache_read_tokens", "output_tokens", "attempts", "cache_write_tokens", "cache_write_1h_tokens",
     "reasoning_tokens", "seq"}
)  # fmt: skip


def _parquet_column(column: "pa.Array", source: str) -> "pa.Array":
    import pyarrow as pa

    if source == "at":
        return column.cast(pa.int64()).cast(pa.timestamp("us")).cast(pa.timestamp("us", "UTC"))
    if source == "cost":
        return _money(column).cast(pa.decimal128(38, 9))
    return _typed(column, source)


def _text_column(column: "pa.Array", source: str) -> "pa.Array":
    import pyarrow as pa
    import pyarrow.compute as pc

    if source == "at":
        return pc.strftime(column.cast(pa.int64()).cast(pa.timestamp("us", "UTC")), format=_TIME)
    return _money(column) if source == "cost" else _typed(column, source)


def _csv_column(column: "pa.Array", source: str) -> "pa.Array":
    import pyarrow.compute as pc

    shown = _text_column(column, source)
    if source in ("at", "cost") or source in _FLAGS or source in _SPANS or source in _WHOLE:
        return shown
    looks_like_one = pc.match_substring_regex(shown, _FORMULA)
    if pc.any(looks_like_one).as_py():
        shown = pc.if_else(looks_like_one, pc.binary_join_element_wise("'", shown, ""), shown)
    return pc.replace_substring(shown, "\n", "\0")


def _typed(column: "pa.Array", source: str) -> "pa.Array":
    """Return whole numbers, flags and text as they are meant: -1 and empty text stand for nothing."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if source in _FLAGS:
        return column.cast(pa.int64()).cast(pa.bool_())
    if source in _SPANS:
        return pc.divide(_absent(column).cast(pa.float64()), 1000.0)
    if source in _WHOLE:
        return column.cast(pa.int64())
    return pc.if_else(pc.equal(column, ""), pa.scalar(None, pa.string()), column)


def _absent(column: "pa.Array") -> "pa.Array":
    import pyarrow as pa
    import pyarrow.compute as pc

    whole = column.cast(pa.int64())
    return pc.if_else(pc.equal(whole, -1), pa.scalar(None, pa.int64()), whole)


def _money(column: "pa.Array") -> "pa.Array":
    """Return dollars with 6 to 9 decimals of nano-dollars, exactly."""
    import pyarrow as pa
    import pyarrow.compute as pc

    nano = _absent(column)
    whole = pc.divide(nano, 1_000_000_000)
    fraction = pc.subtract(nano, pc.multiply(whole, 1_000_000_000)).cast(pa.string())
    digits = pc.utf8_rpad(pc.utf8_rtrim(pc.utf8_lpad(fraction, 9, "0"), "0"), 6, "0")
    return pc.binary_join_element_wise(whole.cast(pa.string()), digits, ".")
