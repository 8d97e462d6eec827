"""``signalbox audit export``: straight from the store, beside a running server."""

import asyncio
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

from router_core.clock import Clock, SystemClock, new_ulid
from router_core.ports import ExportStream
from router_core.types import AuditFilter, ExportFormat, OperatorAction
from signalbox.commands.given import given_account, given_moment
from signalbox.commands.output_file import output_file
from signalbox.commands.store_desk import opened_desk
from signalbox.exits import say
from signalbox.faults import UsageFault
from signalbox.settings import load_settings
from signalbox.store import store_faults

__all__ = ["ExportOptions", "run"]

_FORMATS: tuple[ExportFormat, ...] = get_args(ExportFormat)
_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """What to write out, and where."""

    form: str
    since: str | None
    until: str | None
    account: str | None
    filters: dict[str, str | None]
    output: Path | None
    data_dir: Path | None


def run(options: ExportOptions) -> None:
    """Write the rows. Raises :class:`UsageFault` and :class:`DependencyFault`."""
    form = next((each for each in _FORMATS if each == options.form), None)
    if form is None:
        raise UsageFault(f"--format must be one of {', '.join(_FORMATS)}")
    if form == "parquet" and options.output is None and sys.stdout.isatty():
        raise UsageFault("Parquet is not for terminals; name a file with -o")
    asyncio.run(_export(options, form))


async def _export(options: ExportOptions, form: ExportFormat) -> None:
    settings, clock = load_settings().in_folder(options.data_dir), SystemClock()
    since = given_moment("--from", options.since) or _BEGINNING
    until = given_moment("--to", options.until) or clock.utcnow() + timedelta(minutes=1)
    if since >= until:
        raise UsageFault("--from must be before --to")
    async with opened_desk(settings, clock) as desk:
        store = desk.store
        account = None if options.account is None else await given_account(store, options.account)
        wanted = AuditFilter(since=since, until=until, account=account, **_given(options.filters))
        with store_faults():
            await store.actions.append(_act(clock, form, options))
            _write(store.exporter.open(wanted, form), options.output)


def _write(stream: ExportStream, output: Path | None) -> None:
    with output_file(output) as file:
        size = 0
        try:
            while (piece := stream.read()) is not None:
                file.write(piece)
                size += len(piece)
        finally:
            stream.cancel()
    if output is not None:
        say(f"wrote {size:,} bytes to {output}")


def _given(filters: dict[str, str | None]) -> dict[str, Any]:
    return {name: value for name, value in filters.items() if value is not None}


def _act(clock: Clock, form: str, options: ExportOptions) -> OperatorAction:
    detail = {"format": form, "since": options.since, "until": options.until, "account": options.account}
    return OperatorAction(
        id=new_ulid(clock),
        at=clock.utcnow(),
        actor="command",
        actor_id="",
        role=None,
        action="audit.export",
        target="audit_log",
        detail={**detail, **_given(options.filters)},
    )
