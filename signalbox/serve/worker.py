"""One worker process, made by the nursery: the whole router, and the HTTP API alone."""

import asyncio
import os
import signal
import socket
from collections.abc import Callable
from contextlib import AsyncExitStack
from types import FrameType
from typing import Self

import uvicorn
import uvloop

from router_core.admin.own_acts import worker_replaced_act
from signalbox.asgi import api_application
from signalbox.bootstrap import Runtime, build
from signalbox.exits import say
from signalbox.inbound.protocol import GuardedProtocol
from signalbox.logs import configure_logs
from signalbox.master_key import KEY_FILE
from signalbox.nodes import place_of_worker
from signalbox.serve.orders import ADOPT, FORCE, HAND_OVER, READY, WorkerOrder
from signalbox.serve.parting import Parting, parting_protocol
from signalbox.server import ConsoleServer, connection_guard, server_config
from signalbox.settings import Settings, load_settings
from signalbox.warm_up import warm_up

__all__ = ["main"]


def main(order: WorkerOrder, listener: socket.socket, control: socket.socket) -> None:
    """Serve on ``listener`` until a signal or ``control`` asks to end, or until the parent is gone."""
    settings = load_settings().in_folder(order.folder)
    configure_logs(settings)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings, order, listener, control))


async def _serve(settings: Settings, order: WorkerOrder, listener: socket.socket, control: socket.socket) -> None:
    async with AsyncExitStack() as stack:
        port = listener.getsockname()[1]
        place = place_of_worker(port, order.slot, order.workers, divides=order.divides)
        reins = stack.enter_context(_Reins(control, min(settings.linger_s, settings.drain_s)))
        runtime = await build(settings, migrate=order.migrates, needs_redis=order.needs_redis, place=place)
        stack.push_async_callback(runtime.close)
        if runtime.key_was_made:
            say(f"⚠ made {settings.data_dir / KEY_FILE}: back it up, without it stored secrets are lost")
        if order.replaces:
            runtime.desk.trail.note(worker_replaced_act(order.slot, order.replaces, runtime.clock))
        # Before the first request, not beside it: whoever is replaced answers until then.
        await warm_up(runtime)
        reins.server = _server(runtime, order, control, reins.parting)
        await reins.server.run_until_signalled(listener)


def _server(runtime: Runtime, order: WorkerOrder, control: socket.socket, parting: Parting) -> "WorkerServer":
    kind = parting_protocol(parting, connection_guard(runtime.settings))
    config = server_config(api_application(runtime), order.host, 0, runtime.settings, http=kind, ws="none")
    config.lifespan = "off"

    def on_listening(_base_url: str) -> None:
        runtime.readiness.open()
        control.send(READY)

    return WorkerServer(config, kind, on_listening=on_listening, on_leaving=runtime.readiness.close)


class WorkerServer(ConsoleServer):
    """Drains however often it is asked to: a service manager may ask the workers as well as their parent."""

    def __init__(
        self,
        config: uvicorn.Config,
        kind: type[GuardedProtocol],
        *,
        on_listening: Callable[[str], None],
        on_leaving: Callable[[], None],
    ) -> None:
        super().__init__(config, on_listening=on_listening, on_leaving=on_leaving)
        self._kind = kind

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin the drain, once."""
        if not self.should_exit:
            super().handle_exit(sig, frame)

    async def adopt(self, connection: socket.socket) -> None:
        """Go on with a connection that another worker accepted."""

        def made() -> GuardedProtocol:
            return self._kind(self.config, self.server_state, self.lifespan.state)

        _, protocol = await asyncio.get_running_loop().connect_accepted_socket(made, connection)
        protocol.go_on()
        if self.should_exit:
            protocol.shutdown()


class _Reins:
    """Follows what the parent says over ``control``; its end asks to drain. Before there is a server, that ends all."""

    def __init__(self, control: socket.socket, linger_s: float) -> None:
        self._control = control
        self._loop = asyncio.get_running_loop()
        self._adoptions: set[asyncio.Task[None]] = set()
        self.parting = Parting(linger_s)
        self.server: WorkerServer | None = None

    def __enter__(self) -> Self:
        self._control.setblocking(False)
        self._loop.add_reader(self._control, self._follow)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.remove_reader(self._control)
        self._control.close()

    def _follow(self) -> None:
        word, sockets = _received(self._control)
        if not word:
            self._loop.remove_reader(self._control)
        if word == ADOPT:
            self._loop.add_reader(sockets[0], self._adopt, sockets[0])
            return
        if word == HAND_OVER:
            self.parting.heir = sockets[0]
        if word == FORCE and self.server is not None:
            self.server.force_exit = True
        else:
            os.kill(os.getpid(), signal.SIGTERM)

    def _adopt(self, source: socket.socket) -> None:
        word, connections = _received(source)
        if not word:
            self._loop.remove_reader(source)
            source.close()
        for connection in connections:
            if self.server is None:
                connection.close()
                continue
            task = self._loop.create_task(self.server.adopt(connection))
            self._adoptions.add(task)
            task.add_done_callback(self._adoptions.discard)


def _received(source: socket.socket) -> tuple[bytes, list[socket.socket]]:
    """Return the next word from ``source`` and the sockets that came along."""
    try:
        word, descriptors, _, _ = socket.recv_fds(source, 1, 1)
    except ConnectionError:
        return b"", []
    found = [socket.socket(fileno=number) for number in descriptors]
    for each in found:
        each.setblocking(False)
    return word, found
