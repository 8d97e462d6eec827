"""Notices that a client leaves while its answer is being made."""

import asyncio
from types import TracebackType
from typing import Any

from starlette.types import Receive

from router_core.api.call import ClientGoneError

__all__ = ["cancelled_when_gone"]

# Most answers are there sooner, and then nobody needs to have watched.
_PATIENCE_S = 0.2


class _Watch:
    """See :func:`cancelled_when_gone`."""

    __slots__ = ("_gone", "_loop", "_receive", "_start", "_task", "_watcher")

    def __init__(self, receive: Receive, task: "asyncio.Task[Any]") -> None:
        self._receive = receive
        self._task = task
        self._loop = asyncio.get_running_loop()
        self._gone = False
        self._watcher: asyncio.Task[None] | None = None

    def __enter__(self) -> None:
        self._start = self._loop.call_later(_PATIENCE_S, self._begin)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._start.cancel()
        if self._watcher is not None:
            self._watcher.cancel()
        if self._gone and isinstance(error, asyncio.CancelledError) and self._task.uncancel() == 0:
            raise ClientGoneError from None

    def _begin(self) -> None:
        self._watcher = self._loop.create_task(self._watch())

    async def _watch(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._gone = True
        self._task.cancel()


def cancelled_when_gone(receive: Receive) -> _Watch:
    """Cancel what runs inside the block once the client has left, at most 0.2 s later; then raise ClientGoneError.

    The request's body must have been read. A cancellation from elsewhere passes through.
    """
    task = asyncio.current_task()
    if task is None:
        raise RuntimeError("needs a running task")
    return _Watch(receive, task)
