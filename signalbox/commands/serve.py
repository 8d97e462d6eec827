"""``signalbox serve``: the HTTP API alone, from several processes on one port."""

import asyncio
from pathlib import Path

from msgspec import Struct

from router_core.clock import SystemClock
from signalbox.commands.opening import print_summary
from signalbox.data_dir import prepare_folder
from signalbox.faults import UsageFault
from signalbox.logs import configure_logs
from signalbox.serve.listener import base_url, open_listener
from signalbox.serve.orders import WorkerOrder
from signalbox.serve.supervisor import Supervisor, SupervisorPolicy
from signalbox.settings import Settings, load_settings
from signalbox.summary import Finding
from signalbox.unlocking import check_master_key

__all__ = ["ServeOptions", "run"]


class ServeOptions(Struct, frozen=True, kw_only=True):
    """What the command line asks for."""

    workers: int
    host: str
    port: int
    divides: bool
    data_dir: Path | None


def run(options: ServeOptions) -> int:
    """Serve until a signal asks to end; return the exit code. Raises :class:`CommandFault` subclasses."""
    settings = load_settings().in_folder(options.data_dir)
    configure_logs(settings)
    _require_shared_limits(options, settings)
    with open_listener(options.host, options.port) as listener:
        prepare_folder(settings.data_dir)
        print_summary(settings, *_remarks(options, settings))
        check_master_key(settings)
        order = WorkerOrder(
            host=options.host,
            slot=0,
            workers=options.workers,
            data_dir=str(settings.data_dir),
            divides=options.divides,
        )
        supervisor = Supervisor(order, listener, SupervisorPolicy(drain_s=settings.drain_s), SystemClock())
        return asyncio.run(supervisor.run(base_url(options.host, listener.getsockname()[1])))


def _require_shared_limits(options: ServeOptions, settings: Settings) -> None:
    if options.workers > 1 and settings.redis_url is None and not options.divides:
        raise UsageFault(
            "several workers need REDIS_URL to share rate limits; set it, or let each worker enforce its part of every "
            "limit with --divide-limits, or run --workers 1"
        )


def _remarks(options: ServeOptions, settings: Settings) -> list[Finding]:
    if options.workers == 1:
        return []
    remarks = []
    if settings.redis_url is None:
        text = f"divided: each of {options.workers} workers enforces its part of every rate limit by itself"
        remarks.append(Finding("warning", "limits", text))
    if settings.store_url.startswith("sqlite"):
        text = "SQLite takes one writer at a time; several workers share it exactly, PostgreSQL serves them faster"
        remarks.append(Finding("warning", "store", text))
    return remarks
