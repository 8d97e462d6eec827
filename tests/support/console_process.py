"""``signalbox console``: a console of our own, without store and data, against an API elsewhere."""

from pathlib import Path
from typing import Any

from tests.support.demo_process import DemoProcess

__all__ = ["ConsoleProcess"]


class ConsoleProcess(DemoProcess):
    """``signalbox console --api`` on a free port; use it as a context manager. ``folder`` never comes to be."""

    def __init__(self, folder: Path, api: str, **environment: str) -> None:
        super().__init__(folder, **environment)
        self.mode = ("console", "--api", api)

    def _facts(self) -> dict[str, Any]:
        return {"base_url": self.base_url}
