"""Loads what the first caller or visitor would otherwise wait for, off the event loop and no earlier than useful."""

import asyncio
import gc
import importlib
from typing import Final

from signalbox.bootstrap import Runtime

__all__ = ["ConsoleWarmUp", "load_sdks", "warm_up"]

# Objects made before the youngest generation is looked at, then how often the older ones are.
_COLLECT_AFTER: Final = (20_000, 20, 50)
_CONSOLE_LIBRARIES: Final = ("pandas", "plotly.graph_objects")


async def load_sdks(runtime: Runtime) -> None:
    """Load the SDKs of the providers in use."""
    for kind in sorted({provider.kind for provider in runtime.config.snapshot().providers}):
        await runtime.adapters.adapter(kind)


async def warm_up(runtime: Runtime) -> None:
    """Load the SDKs, then spare the collector what will never be garbage: about 70 µs of each request."""
    await load_sdks(runtime)
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECT_AFTER)


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
