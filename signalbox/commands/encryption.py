"""``signalbox encryption``: beside running servers, straight in the store."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from router_core.admin.encryption import EncryptionView, encryption_view
from router_core.security.vault.master_change import MasterChange
from router_core.security.vault.rotation import KeyRotation
from router_core.security.vault.steps import VaultParts
from router_core.types.vault import MasterChangeReport, RotatedSecret
from signalbox.commands.output import print_json, print_line
from signalbox.commands.store_desk import StoreDesk, at_desk, print_rows, tell
from signalbox.exits import say
from signalbox.faults import UsageFault
from signalbox.master_key import KEY_FILE, KEY_VARIABLE, master_secret, replace_key_file
from signalbox.parsers import master_key_bytes, parse_master_key

__all__ = ["change_master", "rotate", "show_status", "vault_parts"]

_LONGEST_LINE: Final = 4096


def show_status(data_dir: Path | None, *, as_json: bool) -> int:
    """Print how keys and secrets stand; return 1 when a secret cannot be read, else 0."""
    view = at_desk(data_dir, lambda desk: encryption_view(vault_parts(desk)))
    if as_json:
        print_json(view)
    else:
        _print_view(view)
    return int(view.unreadable > 0)


def rotate(data_dir: Path | None, *, as_json: bool) -> int:
    """Rotate to a new data key and print what became of every secret; return 1 when one could not be read, else 0."""

    async def work(desk: StoreDesk) -> list[RotatedSecret]:
        parts = vault_parts(desk)
        async with parts.store.hold():
            await tell(desk, "encryption.rotation_begun", "encryption", None)
            outcome = await KeyRotation(parts).run_held()
        lost = _unreadable(outcome)
        await tell(
            desk, "encryption.rotated", "encryption", None,
            after={"rotated": len(outcome) - lost, "unreadable": lost},
        )  # fmt: skip
        return outcome

    outcome = at_desk(data_dir, work)
    lost = _unreadable(outcome)
    if as_json:
        print_json(outcome)
    else:
        print_line(f"{len(outcome) - lost:,} secrets are sealed under a new data key")
        if lost:
            print_line(f"{lost:,} cannot be read, and keep their old key; `signalbox encryption status` names them")
    return int(lost > 0)


def change_master(data_dir: Path | None, *, as_json: bool) -> None:
    """Change to the master key on standard input, or go on with that change, and print how far it is.

    Raises :class:`UsageFault` for a key that is none.
    """
    text = _given_master()

    async def work(desk: StoreDesk) -> MasterChangeReport:
        await tell(desk, "encryption.master_change_begun", "encryption", None)
        report = await MasterChange(vault_parts(desk), master_secret(text), _adopter(desk, text)).run()
        if report.finished:
            await tell(desk, "encryption.master_changed", "encryption", None)
        return report

    report = at_desk(data_dir, work)
    if as_json:
        print_json(report)
        return
    if report.finished:
        print_line("the store opens with this master key, and with no other any more. Back it up now")
        return
    print_line("both master keys open the store for now. Set the new one on every node, start each again, then")
    print_line("run this again with the new key")
    if report.late:
        print_line(f"nodes with the old key: {', '.join(report.late)}")


def vault_parts(desk: StoreDesk) -> VaultParts:
    """Return what changes of keys by a command work on."""
    store = desk.store
    vault = desk.unlocked.vault(store.vault, desk.clock)
    return VaultParts(vault=vault, store=store.vault, rows=store.sealed, nodes=store.nodes, clock=desk.clock)


def _adopter(desk: StoreDesk, text: str) -> Callable[[], None] | None:
    """Return what puts the key into the key file; None where the key is in a variable."""
    if desk.unlocked.given.source == KEY_VARIABLE:
        return None
    raw = master_key_bytes(text)
    if raw is None:
        raise UsageFault(f"{KEY_FILE} holds 32 bytes: give them in base64, or keep a passphrase in {KEY_VARIABLE}")
    return lambda: replace_key_file(desk.settings, raw)


def _given_master() -> str:
    try:
        line = sys.stdin.readline(_LONGEST_LINE).rstrip("\r\n") if sys.stdin is not None else ""
        parse_master_key(line)
    except (OSError, UnicodeDecodeError):
        raise UsageFault("the new master key on standard input cannot be read") from None
    except ValueError as error:
        raise UsageFault(f"the new master key on standard input {error}") from None
    return line


def _unreadable(outcome: Sequence[RotatedSecret]) -> int:
    return sum(each.status == "unreadable" for each in outcome)


def _print_view(view: EncryptionView) -> None:
    print_line(f"state: {view.state}; {view.total:,} secrets, {view.waiting:,} under an older key")
    if view.unreadable:
        print_line(f"✗ {view.unreadable:,} cannot be read: enter them again, or restore the store and its key together")
    if view.due:
        say(f"⚠ the data key is {view.key_age_days} days old; run: signalbox encryption rotate")
    print_rows(
        [
            {"key": each.version, "state": each.state, "secrets": each.secrets, "created": each.created_at}
            for each in view.keys
        ],
        as_json=False,
    )
    lost = [each for each in view.secrets if not each.readable]
    if lost:
        print_rows(
            [
                {"unreadable": each.id, "in": each.table, "of": each.provider_id, "key": each.key_version}
                for each in lost
            ],
            as_json=False,
        )
