"""``signalbox sbom``: what this installation is made of; it reads what is installed, and installs nothing."""

import tomllib
from pathlib import Path
from uuid import uuid4

from router_core.clock import SystemClock
from signalbox.assets_root import assets_root
from signalbox.commands.output_file import output_file
from signalbox.faults import UsageFault
from signalbox.supply.bill import bill_of_materials
from signalbox.supply.installed import installed_parts
from signalbox.supply.locked import LockedHashes

__all__ = ["run"]


def run(output: Path | None, lock: Path | None) -> None:
    """Write the bill of materials. Raises :class:`UsageFault` for a lock file that cannot be read."""
    document = bill_of_materials(installed_parts(), _lock(lock), uuid4(), SystemClock().utcnow())
    with output_file(output) as file:
        file.write(document.encode())


def _lock(named: Path | None) -> LockedHashes:
    """Return the lock file that is named, else the program's own."""
    chosen = named or assets_root() / "uv.lock"
    try:
        return LockedHashes(chosen)
    except (OSError, tomllib.TOMLDecodeError, KeyError):
        raise UsageFault(f"{chosen} is no lock file that can be read") from None
