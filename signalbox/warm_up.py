"""Loads what the first visitor would otherwise wait for: the vendors' SDKs, and the console's heavy libraries."""

import asyncio
import importlib
from typing import Final

from signalbox.bootstrap import Runtime

__all__ = ["warm_up"]

_CONSOLE_LIBRARIES: Final = ("pandas", "plotly.graph_objects", "streamlit.elements.plotly_chart")


async def warm_up(runtime: Runtime) -> None:
    """Load the SDKs of the providers in use, then the console's libraries, all off the event loop."""
    for kind in sorted({provider.kind for provider in runtime.config.snapshot().providers}):
        await runtime.adapters.adapter(kind)
    for name in _CONSOLE_LIBRARIES:
        await asyncio.to_thread(importlib.import_module, name)
