"""Where workers come from: a process that has loaded the program, and makes workers by forking itself.

Started by the parent as ``python -m signalbox.serve.nursery CHANNEL LISTENER``. It runs no thread and no event loop, so
that a fork is safe; its workers share the memory of the program and are ready in a moment.
"""

import contextlib
import gc
import importlib
import os
import select
import signal
import socket
import sys
from typing import Final, NoReturn

import msgspec

from signalbox.exits import guard
from signalbox.serve.orders import Report, WorkerOrder, read_order

__all__ = ["PROGRAM", "main"]

_DEAF_TO: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

PROGRAM: Final = ("signalbox.serve.worker", "router_core.providers.openai", "router_core.providers.anthropic")


class _Nursery:
    """Serves the parent over ``channel``; once that is closed, it waits for the ends of its workers."""

    def __init__(self, channel: socket.socket, listener: socket.socket) -> None:
        self._channel = channel
        self._listener = listener
        self._wake, self._waker = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def run(self) -> None:
        """Make workers, and tell of their ends."""
        signal.signal(signal.SIGCHLD, _take)
        signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)
        sources: list[socket.socket | int] = [self._channel, self._wake]
        while True:
            readable, _, _ = select.select(sources, [], [])
            if self._wake in readable:
                os.read(self._wake, 512)
            if self._channel in readable:
                received = read_order(self._channel)
                if received is not None:
                    self._fork(*received)
                else:
                    sources.remove(self._channel)
                    self._listener.close()  # the port is the workers' alone from now on
            if not self._report_ends() and self._channel not in sources:
                return

    def _fork(self, order: WorkerOrder, control: int) -> None:
        try:
            pid = os.fork()
        except OSError as error:
            os.close(control)
            self._tell(Report(fault=error.strerror or "fork failed"))
            return
        if pid == 0:
            self._become(order, control)
        os.close(control)
        self._tell(Report(born=pid))

    def _become(self, order: WorkerOrder, control: int) -> NoReturn:
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            for number in (*_DEAF_TO, signal.SIGCHLD):
                signal.signal(number, signal.SIG_DFL)
            os.close(self._wake)
            os.close(self._waker)
            self._channel.close()
            from signalbox.serve import worker  # loaded long ago

            code = guard(lambda: worker.main(order, self._listener, socket.socket(fileno=control)))
            sys.stderr.flush()
        finally:
            # Whatever happened: a worker must never go on as a nursery.
            os._exit(code)

    def _report_ends(self) -> bool:
        """Tell of the workers that have ended; return whether there are others."""
        try:
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    return True
                self._tell(Report(ended=pid, code=os.waitstatus_to_exitcode(status)))
        except ChildProcessError:
            return False

    def _tell(self, report: Report) -> None:
        with contextlib.suppress(BrokenPipeError):  # the parent is gone, which the next read tells
            self._channel.sendall(msgspec.json.encode(report) + b"\n")


def main(channel: socket.socket, listener: socket.socket) -> None:
    """Load the program, then make workers that answer on ``listener``, until ``channel`` is closed."""
    for number in _DEAF_TO:
        signal.signal(number, signal.SIG_IGN)  # it ends with the parent, or with the last of its workers
    for name in PROGRAM:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()  # the collector would write into pages that all workers share
    _Nursery(channel, listener).run()


def _take(_signal: int, _frame: object) -> None:
    """Have the signal wake the loop."""


if __name__ == "__main__":
    sys.exit(guard(lambda: main(*(socket.socket(fileno=int(number)) for number in sys.argv[1:3]))))
