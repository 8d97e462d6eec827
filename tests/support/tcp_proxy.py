"""A TCP proxy that makes a network bad on purpose: late, hanging, resetting, or gone."""

import asyncio
import socket
import struct
import threading
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self

__all__ = ["TcpProxy"]

_READY_S = 10.0
_PIECE = 65_536
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER with no time: closing sends RST


class TcpProxy:
    """Passes bytes between its own loopback port and ``port``, in a thread of its own; use it as a context manager."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="tcp-proxy", daemon=True)
        self._writers: set[asyncio.StreamWriter] = set()
        self._pumps: set[asyncio.Task[None]] = set()
        self._flowing = asyncio.Event()
        self._latency = 0.0
        self._refusing = False
        self.port = 0

    @property
    def connections(self) -> int:
        """How many clients are connected."""
        return len(self._writers) // 2

    def delay(self, seconds: float) -> None:
        """Let every piece, either way, arrive ``seconds`` late."""
        self._latency = seconds

    def hang(self) -> None:
        """Pass nothing on any more; connections are held, and new ones are taken."""
        self._loop.call_soon_threadsafe(self._flowing.clear)

    def flow(self) -> None:
        """Pass everything on again, what was held first; take new connections again."""
        self._refusing = False
        self._loop.call_soon_threadsafe(self._flowing.set)

    def cut(self) -> None:
        """Close every connection, and every new one, until :meth:`flow`."""
        self._refusing = True
        self._call(self._close_all(reset=False))

    def reset(self) -> None:
        """Reset every connection; new ones are taken."""
        self._call(self._close_all(reset=True))

    def __enter__(self) -> Self:
        self._thread.start()
        self._server = self._call(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port = self._server.sockets[0].getsockname()[1]
        self.flow()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        self.cut()
        self._call(self._end_pumps())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_READY_S)
        self._loop.close()

    def _call(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_READY_S)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._refusing:
            writer.close()
            return
        self._writers.add(writer)
        try:
            there_reader, there = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            self._writers.discard(writer)
            writer.close()
            return
        self._writers.add(there)
        for source, sink in ((reader, there), (there_reader, writer)):
            pump = asyncio.create_task(self._pump(source, sink))
            self._pumps.add(pump)
            pump.add_done_callback(self._pumps.discard)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        try:
            while piece := await source.read(_PIECE):
                if self._latency:
                    await asyncio.sleep(self._latency)
                await self._flowing.wait()
                sink.write(piece)
                await sink.drain()
        except OSError:
            pass
        finally:
            self._writers.discard(sink)
            sink.close()

    async def _close_all(self, *, reset: bool) -> None:
        for writer in list(self._writers):
            if reset:
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            writer.transport.abort()
        self._writers.clear()

    async def _end_pumps(self) -> None:
        for pump in list(self._pumps):
            pump.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)
