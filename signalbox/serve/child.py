"""Worker processes as their parent sees them: made by a nursery, ready, asked to end, ended."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from typing import Final, Self

import msgspec

from signalbox.serve.orders import ADOPT, DRAIN, FORCE, HAND_OVER, READY, Report, WorkerOrder, send_order

__all__ = ["Nursery", "WorkerProcess", "ending"]

_MODULE: Final = "signalbox.serve.nursery"
# How long the news of an end may take to come, once a worker's control socket is closed.
_NEWS_S: Final = 2.0


class WorkerProcess:
    """One worker process."""

    def __init__(self, slot: int, pid: int, control: socket.socket, told: "asyncio.Future[int]") -> None:
        self.slot = slot
        self.pid = pid
        self._control = control
        self._told = told
        self._said = asyncio.create_task(self._read())
        self._end = asyncio.create_task(self._await_end())

    async def ready(self) -> bool:
        """Wait until the worker answers requests; return False when it ended before."""
        is_ready = await asyncio.shield(self._said) == READY
        if not is_ready:
            await self.ended()
        return is_ready

    async def ended(self) -> int | None:
        """Wait for the worker's end; return its exit code, the negative number of the signal that ended it, None when
        that is not known.
        """
        return await asyncio.shield(self._end)

    def drain(self) -> None:
        """Have it end its requests, then itself."""
        self._say(DRAIN)

    def hand_over(self, heir: "WorkerProcess") -> None:
        """Like :meth:`drain`, with the connections going on in ``heir``, which answers requests already."""
        ours, theirs = socket.socketpair()
        with ours, theirs:
            heir._say(ADOPT, theirs)  # noqa: SLF001 - its own kind
            self._say(HAND_OVER, ours)

    def force(self) -> None:
        """Have it end without what is under way."""
        self._say(FORCE)

    def kill(self) -> None:
        """End it at once."""
        if not self._end.done() and not self._told.done():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)

    def _say(self, word: bytes, *sockets: socket.socket) -> None:
        if not self._end.done():
            with contextlib.suppress(OSError):  # it is ending
                socket.send_fds(self._control, [word], [each.fileno() for each in sockets])

    async def _await_end(self) -> int | None:
        """The control socket tells, whatever becomes of the nursery; how it ended, the nursery knows."""
        if await self._said == READY:
            await self._read()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_NEWS_S):
                await asyncio.shield(self._told)
        self._control.close()
        return self._told.result() if self._told.done() else None

    async def _read(self) -> bytes:
        try:
            return await asyncio.get_running_loop().sock_recv(self._control, len(READY))
        except ConnectionError:
            return b""


class Nursery:
    """The process that workers come from. Made by :meth:`start`."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        channel: socket.socket,
        streams: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> None:
        self._process = process
        self._channel = channel
        reports, self._writer = streams  # the writer is kept: without it the reader would be closed
        self._births: asyncio.Queue[Report] = asyncio.Queue()
        self._turn = asyncio.Lock()
        self._told: dict[int, asyncio.Future[int]] = {}
        self._following = asyncio.create_task(self._follow(reports))

    @classmethod
    async def start(cls, listener: int) -> Self:
        """Start a nursery whose workers may use ``listener``; it loads the program meanwhile. Raises ``OSError``."""
        ours, theirs = socket.socketpair()
        with theirs:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", _MODULE, str(theirs.fileno()), str(listener),
                stdin=asyncio.subprocess.DEVNULL,
                pass_fds=(listener, theirs.fileno()),
                start_new_session=True,  # a Ctrl-C at the terminal is for the parent
            )  # fmt: skip
        ours.setblocking(False)
        return cls(process, ours, await asyncio.open_connection(sock=ours.dup()))

    @property
    def alive(self) -> bool:
        """Whether it can make workers."""
        return not self._following.done()

    async def spawn(self, order: WorkerOrder) -> WorkerProcess:
        """Make a worker. Raises ``OSError``."""
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        try:
            with theirs:
                pid = await self._birth(order, theirs)
        except BaseException:
            ours.close()  # a worker that was made meanwhile ends by that
            raise
        return WorkerProcess(order.slot, pid, ours, self._told[pid])

    async def _birth(self, order: WorkerOrder, control: socket.socket) -> int:
        async with self._turn:
            send_order(self._channel, order, control)
            report = await self._births.get()
        if not report.born:
            raise ChildProcessError(None, report.fault)
        return report.born

    async def retire(self) -> None:
        """Order no more; wait for its end, which comes with that of its last worker."""
        with contextlib.suppress(OSError):  # it has ended before
            self._channel.shutdown(socket.SHUT_WR)
        await self._process.wait()
        await self._following
        self._writer.close()
        self._channel.close()

    async def _follow(self, reports: asyncio.StreamReader) -> None:
        with contextlib.suppress(ConnectionError):
            while line := await reports.readline():
                report = msgspec.json.decode(line, type=Report)
                if report.ended:
                    self._told.pop(report.ended).set_result(report.code)
                    continue
                if report.born:
                    self._told[report.born] = asyncio.get_running_loop().create_future()
                self._births.put_nowait(report)
        self._births.put_nowait(Report(fault="the process that makes workers ended"))


def ending(pid: int, code: int | None) -> str:
    """Say how process ``pid`` ended."""
    if code is None:
        return f"process {pid} ended, nobody knows how"
    if code >= 0:
        return f"process {pid} ended with exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    return f"process {pid} was ended by {name}"
