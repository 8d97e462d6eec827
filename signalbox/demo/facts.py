"""``demo.json``: what scripts need to use a running demo; and the demo's own memory of what it made."""

from pathlib import Path
from typing import Final

import msgspec

from signalbox.data_dir import write_private
from signalbox.faults import UsageFault

__all__ = ["ConsoleLogin", "DemoFacts", "DemoFolder", "read_demo_facts"]

FACTS_FILE: Final = "demo.json"
MARKER_FILE: Final = ".demo"


class ConsoleLogin(msgspec.Struct, frozen=True):
    """Who may sign in to the demo's console."""

    email: str
    password: str


class DemoFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Exactly the fields of ``demo.json``. The file is private because it holds secrets, of the demo only."""

    base_url: str
    simulator_url: str
    api_key: str
    admin_api_key: str
    account_id: str
    other_account_id: str
    other_api_key: str
    console: ConsoleLogin


class DemoFolder:
    """A data directory that belongs to the demo; its marker file says so and remembers the last facts."""

    def __init__(self, folder: Path) -> None:
        self._facts = folder / FACTS_FILE
        self._marker = folder / MARKER_FILE
        self._folder = folder

    def claim(self) -> DemoFacts | None:
        """Take the folder for the demo and return what an earlier demo left in it.

        Raises :class:`UsageFault` when the folder holds anything that is not a demo's.
        """
        if not self._marker.exists():
            if any(self._folder.iterdir()):
                raise UsageFault(f"{self._folder} holds something that is not a demo; choose another --data-dir")
            write_private(self._marker, b"")
        self._facts.unlink(missing_ok=True)
        return _decode(self._marker)

    def remember(self, facts: DemoFacts) -> None:
        """Keep ``facts`` for the next start."""
        write_private(self._marker, msgspec.json.encode(facts))

    def announce(self, facts: DemoFacts) -> None:
        """Tell scripts that the demo is ready."""
        write_private(self._facts, msgspec.json.format(msgspec.json.encode(facts), indent=2) + b"\n")

    def withdraw(self) -> None:
        """The demo ends; nobody shall take its facts for those of a running one."""
        self._facts.unlink(missing_ok=True)


def read_demo_facts(folder: Path) -> DemoFacts | None:
    """Return the facts of the demo that runs on ``folder``, None when none does."""
    return _decode(folder / FACTS_FILE)


def _decode(path: Path) -> DemoFacts | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=DemoFacts)
    except (OSError, msgspec.DecodeError):
        return None
