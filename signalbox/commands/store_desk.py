"""What administrative commands work with: the store, beside a running server, and tables on the terminal."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from rich.console import Console
from rich.table import Table

from router_core.clock import Clock, SystemClock, new_ulid
from router_core.types import OperatorAction, Principal
from signalbox.audit_identity import audit_identity, command_writer
from signalbox.commands.output import print_json, print_line
from signalbox.data_dir import prepare_folder
from signalbox.logs import configure_logs
from signalbox.settings import Settings, load_settings
from signalbox.store import Store, open_store
from signalbox.unlocking import Unlocked, unlock

__all__ = ["COMMAND", "StoreDesk", "at_desk", "opened_desk", "print_rows", "public", "tell"]

T = TypeVar("T")
# Who acts on the command line.
COMMAND = Principal(kind="embedded", id="", name="command", role="owner", accounts=())


@dataclass(frozen=True, slots=True)
class StoreDesk:
    """What an administrative action works with."""

    settings: Settings
    store: Store
    clock: Clock
    unlocked: Unlocked


async def tell(
    desk: StoreDesk,
    verb: str,
    target: str,
    account_id: str | None,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """Have an act of the command line on record."""
    act = OperatorAction(
        id=new_ulid(desk.clock),
        at=desk.clock.utcnow(),
        actor="command",
        actor_id="",
        role=None,
        action=verb,
        target=target,
        before=before,
        after=after,
        account_id=account_id,
    )
    await desk.store.actions.append(act)


def at_desk(data_dir: Path | None, work: Callable[[StoreDesk], Awaitable[T]]) -> T:
    """Do ``work`` on the store of a data directory. Raises :class:`CommandFault` subclasses."""

    async def run() -> T:
        settings = load_settings().in_folder(data_dir)
        configure_logs(settings)
        async with opened_desk(settings, SystemClock()) as desk:
            return await work(desk)

    return asyncio.run(run())


@asynccontextmanager
async def opened_desk(settings: Settings, clock: Clock) -> AsyncIterator[StoreDesk]:
    """Open the store of ``settings`` for a command. Raises :class:`CommandFault` subclasses."""
    prepare_folder(settings.data_dir)
    unlocked = unlock(settings, clock, migrate=False)
    audit = audit_identity(settings, unlocked.root, command_writer(settings, clock))
    store = await open_store(settings, clock, audit)
    try:
        yield StoreDesk(settings, store, clock, unlocked)
    finally:
        await store.close()


def print_rows(rows: Sequence[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        print_json(rows)
        return
    if not rows:
        print_line("none")
        return
    table = Table(box=None, pad_edge=False)
    for heading in rows[0]:
        table.add_column(heading, overflow="fold", no_wrap=heading in ("id", "email", "name"))
    for row in rows:
        table.add_row(*(_cell(value) for value in row.values()))
    Console().print(table)


def public(record: Any, *names: str) -> dict[str, Any]:
    """Return the fields of ``record`` that are shown, in camel case."""
    return {_camel(name): getattr(record, name) for name in names}


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)


def _cell(value: Any) -> str:
    match value:
        case None:
            return "-"
        case tuple():
            return ", ".join(value)
        case datetime():
            return f"{value:%Y-%m-%d %H:%M}Z"
        case bool():
            return "yes" if value else "no"
        case _:
            return str(value)
