"""Loads what the first caller or visitor would otherwise wait for, off the event loop and no earlier than useful."""

import asyncio
import importlib
from typing import Final

from signalbox.bootstrap import Runtime

__all__ = ["ConsoleWarmUp", "load_sdks"]

_CONSOLE_LIBRARIES: Final = ("pandas", "plotly.graph_objects")


async def load_sdks(runtime: Runtime) -> None:
    """Load the SDKs of the providers in use."""
    for kind in sorted({provider.kind for provider in runtime.config.snapshot().providers}):
        await runtime.adapters.adapter(kind)


class ConsoleWarmUp:
    """Loads the console's heavy libraries when its first visitor comes, usually to the sign-in page.

    A process that only serves the API never pays their 80 MB; a person's first page run does not wait for them.
    """

    __slots__ = ("_loading",)

    def __init__(self) -> None:
        self._loading: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Start loading, once; returns at once."""
        if self._loading is None:
            self._loading = asyncio.get_running_loop().create_task(asyncio.to_thread(_load_libraries))


def _load_libraries() -> None:
    for name in _CONSOLE_LIBRARIES:
        importlib.import_module(name)
