"""Notices that a client leaves while its answer is being made."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.types import Receive

from router_core.api.call import ClientGoneError

__all__ = ["cancelled_when_gone"]


@contextmanager
def cancelled_when_gone(receive: Receive) -> Iterator[None]:
    """Cancel what runs inside the block as soon as the client leaves; then raise :class:`ClientGoneError`.

    The request's body must have been read. A cancellation from elsewhere passes through.
    """
    task = asyncio.current_task()
    if task is None:
        raise RuntimeError("needs a running task")
    watcher = asyncio.get_running_loop().create_task(_cancel_when_gone(receive, task))
    try:
        yield
    except asyncio.CancelledError:
        if watcher.done() and not watcher.cancelled() and task.uncancel() == 0:
            raise ClientGoneError from None
        raise
    finally:
        watcher.cancel()


async def _cancel_when_gone(receive: Receive, task: "asyncio.Task[object]") -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    task.cancel()
