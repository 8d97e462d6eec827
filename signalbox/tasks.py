"""Work in the background, ended in order."""

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from typing import Any

__all__ = ["background"]


def background(stack: AsyncExitStack, work: Coroutine[Any, Any, None]) -> None:
    """Begin ``work`` as a task; ``stack`` cancels it and waits for its end."""
    task = asyncio.create_task(work)

    async def end() -> None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    stack.push_async_callback(end)
