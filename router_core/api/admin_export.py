"""``/api/admin/audit/export``: the audit log as a file, streamed."""

import asyncio
from types import MappingProxyType
from typing import Final

from router_core.api.audit_query import read_filter
from router_core.api.call import Call
from router_core.api.watch import cancelled_when_gone
from router_core.errors import ValidationError
from router_core.ports import ExportStream
from router_core.types import ExportFormat

__all__ = ["CONTENT_TYPES", "export_audit"]

CONTENT_TYPES: Final = MappingProxyType[ExportFormat, bytes](
    {
        "csv": b"text/csv; charset=utf-8; header=present",
        "jsonl": b"application/jsonl; charset=utf-8",
        "parquet": b"application/vnd.apache.parquet",
    }
)


async def export_audit(call: Call) -> None:
    """Answer with every row that matches, oldest first, as ``?format=csv|jsonl|parquet``.

    That it was exported is on record before the first byte leaves; a client that leaves stops the query.
    """
    wanted, more = read_filter(call, {"format": "csv"})
    form = next((each for each in CONTENT_TYPES if each == more["format"]), None)
    if form is None:
        raise ValidationError(f"format must be one of {', '.join(CONTENT_TYPES)}", field="format")
    await call.deps.operations.begin_export(form, wanted, call.principal)
    stream = call.deps.exporter.open(wanted, form)
    try:
        with cancelled_when_gone(call.receive):
            first = await asyncio.to_thread(stream.read)
            name = f'attachment; filename="signalbox-audit.{form}"'.encode()
            await call.start(
                200,
                (
                    (b"content-type", CONTENT_TYPES[form]),
                    (b"content-disposition", name),
                ),
            )
            await _send(call, stream, first)
    finally:
        stream.cancel()


async def _send(call: Call, stream: ExportStream, first: bytes | None) -> None:
    piece = first
    while piece is not None:
        await call.write(piece)
        piece = await asyncio.to_thread(stream.read)
    await call.write(b"", last=True)
