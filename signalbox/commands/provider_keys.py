"""``signalbox providers keys``: stored keys of providers, straight in the store; every process follows within 2 s."""

import sys
from collections.abc import Awaitable, Callable
from getpass import getpass
from pathlib import Path
from typing import Any, TypeVar

from router_core.admin.provider_key_views import StoredKeyView
from router_core.admin.provider_keys import KeyOrder, ProviderKeyDesk
from router_core.security.provider_key_text import MOST_KEY_CHARS
from router_core.types import Secret
from signalbox.commands.output import print_json, print_line
from signalbox.commands.store_desk import COMMAND, StoreDesk, at_desk, print_rows
from signalbox.configuration import command_provider_keys
from signalbox.faults import UsageFault

__all__ = ["add_key", "list_keys", "remove_key"]

T = TypeVar("T")


def list_keys(name: str, data_dir: Path | None, *, as_json: bool) -> None:
    """Print the stored keys of a provider: masks and facts, never a key."""
    found = _at_keys(data_dir, lambda desk: desk.keys(name, COMMAND))
    if as_json:
        print_json(found)
    else:
        print_rows([_row(each) for each in found], as_json=False)


def add_key(name: str, given: list[str], data_dir: Path | None, *, label: str, weight: int, as_json: bool) -> None:
    """Store the key that standard input gives. Raises :class:`UsageFault` for one among the arguments."""
    if given:
        raise UsageFault("a key is read from standard input, never taken as an argument")
    order = KeyOrder(key=_given(), label=label, weight=weight)
    made = _at_keys(data_dir, lambda desk: desk.add_key(name, order, COMMAND))
    _print(made, f"stored {made.mask} as {made.id}", as_json=as_json)


def remove_key(name: str, key_id: str, data_dir: Path | None, *, as_json: bool) -> None:
    """Forget a stored key for good."""
    gone = _at_keys(data_dir, lambda desk: desk.remove_key(name, key_id, COMMAND))
    _print(gone, f"removed {gone.mask}", as_json=as_json)


def _at_keys(data_dir: Path | None, work: Callable[[ProviderKeyDesk], Awaitable[T]]) -> T:
    async def run(desk: StoreDesk) -> T:
        vault = desk.unlocked.vault(desk.store.vault, desk.clock)
        return await work(command_provider_keys(desk.settings, desk.store, vault, desk.clock))

    return at_desk(data_dir, run)


def _given() -> Secret:
    if sys.stdin is None or sys.stdin.closed:
        raise UsageFault("a key is read from standard input, and there is none")
    if sys.stdin.isatty():
        return Secret(getpass("Key: "))
    try:
        # A few more characters than a key has, so that the fault is told of what is far too long.
        return Secret(sys.stdin.read(2 * MOST_KEY_CHARS))
    except (OSError, UnicodeDecodeError):
        raise UsageFault("standard input cannot be read as text") from None


def _row(key: StoredKeyView) -> dict[str, Any]:
    # What a process that serves knows of a key's rests, a command does not.
    state = {"ready": "in use"}.get(key.state, key.state)
    return {
        "id": key.id, "key": key.mask, "label": key.label or "-", "state": state, "weight": key.weight,
        "entered": key.entered_at, "last used": key.last_used_at,
    }  # fmt: skip


def _print(key: StoredKeyView, said: str, *, as_json: bool) -> None:
    if as_json:
        print_json(key)
    else:
        print_line(said)
