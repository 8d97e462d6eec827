"""``signalbox audit export``: straight from the store, beside a running server."""

import asyncio
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, get_args

from router_core.clock import Clock, SystemClock, new_ulid
from router_core.errors import NotFoundError
from router_core.instants import parse_instant
from router_core.ports import ExportStream
from router_core.types import AuditFilter, ExportFormat, OperatorAction
from signalbox.administration import find_account
from signalbox.audit_identity import audit_identity, command_writer
from signalbox.exits import say
from signalbox.faults import DependencyFault, UsageFault
from signalbox.master_key import load_master_key
from signalbox.settings import load_settings
from signalbox.store import Store, open_store, store_faults

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
    since = _moment("--from", options.since) or _BEGINNING
    until = _moment("--to", options.until) or clock.utcnow() + timedelta(minutes=1)
    if since >= until:
        raise UsageFault("--from must be before --to")
    audit = audit_identity(settings, load_master_key(settings), command_writer(settings, clock))
    store = await open_store(settings, clock, audit, migrate=False)
    try:
        account = None if options.account is None else await _account(store, options.account)
        wanted = AuditFilter(since=since, until=until, account=account, **_given(options.filters))
        with store_faults():
            await store.actions.append(_act(clock, form, options))
            _write(store.exporter.open(wanted, form), options.output)
    finally:
        await store.close()


def _write(stream: ExportStream, output: Path | None) -> None:
    with _target(output) as file:
        size = 0
        try:
            while (piece := stream.read()) is not None:
                file.write(piece)
                size += len(piece)
        finally:
            stream.cancel()
    if output is not None:
        say(f"wrote {size:,} bytes to {output}")


@contextmanager
def _target(output: Path | None) -> Iterator[BinaryIO]:
    """Yield standard output, or what ``output`` names: a new or plain file takes its name only when it is whole.

    Devices, pipes and links are written to and stay what they are.
    """
    if output is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    try:
        if output.is_symlink() or (output.exists() and not output.is_file()):
            with output.open("wb") as file:
                yield file
        else:
            with _whole_file(output) as file:
                yield file
    except OSError as error:
        raise DependencyFault(f"{output} cannot be written: {error.strerror}") from None


@contextmanager
def _whole_file(output: Path) -> Iterator[BinaryIO]:
    """Yield a file of its own beside ``output``, which replaces it at the end; nothing is left when that fails."""
    number, name = tempfile.mkstemp(prefix=f".{output.name}.", dir=output.parent)
    part = Path(name)
    try:
        with os.fdopen(number, "wb") as file:
            yield file
        part.replace(output)
    finally:
        part.unlink(missing_ok=True)


async def _account(store: Store, named: str) -> str:
    known = await store.accounts.by_id(named)
    if known is not None:
        return known.id
    try:
        return (await find_account(store.accounts, named)).id
    except NotFoundError as error:
        raise UsageFault(error.message) from None


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


def _moment(name: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = parse_instant(text)
    except ValueError:
        raise UsageFault(f"{name} must be an ISO 8601 time or date of the years 1971 to 2999") from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
