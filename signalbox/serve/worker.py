"""One worker process, made by the nursery: the whole router, and the HTTP API alone."""

import asyncio
import os
import signal
import socket
from contextlib import AsyncExitStack
from types import FrameType
from typing import Self

import uvloop

from router_core.admin.own_acts import worker_replaced_act
from signalbox.asgi import api_application
from signalbox.bootstrap import Runtime, build
from signalbox.exits import say
from signalbox.logs import configure_logs
from signalbox.master_key import KEY_FILE
from signalbox.serve.orders import FORCE, READY, WorkerOrder
from signalbox.server import ConsoleServer, server_config
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
        reins = stack.enter_context(_Reins(control))
        runtime = await build(settings, migrate=order.migrates)
        stack.push_async_callback(runtime.close)
        if runtime.key_was_made:
            say(f"⚠ made {settings.data_dir / KEY_FILE}: back it up, without it stored secrets are lost")
        if order.replaces:
            runtime.desk.trail.note(worker_replaced_act(order.slot, order.replaces, runtime.clock))
        # Before the first request, not beside it: whoever is replaced answers until then.
        await warm_up(runtime)
        reins.server = _server(runtime, order, control)
        await reins.server.run_until_signalled(listener)


def _server(runtime: Runtime, order: WorkerOrder, control: socket.socket) -> "WorkerServer":
    settings = runtime.settings
    linger_s = min(settings.linger_s, settings.drain_s)
    config = server_config(api_application(runtime), order.host, 0, settings.drain_s, linger_s=linger_s)
    config.lifespan = "off"

    def on_listening(_base_url: str) -> None:
        runtime.readiness.open()
        control.send(READY)

    return WorkerServer(config, on_listening=on_listening, on_leaving=runtime.readiness.close)


class WorkerServer(ConsoleServer):
    """Drains however often it is asked to: a service manager may ask the workers as well as their parent."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin the drain, once."""
        if not self.should_exit:
            super().handle_exit(sig, frame)


class _Reins:
    """Follows what the parent says over ``control``; its end asks to drain. Before there is a server, that ends all."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._loop = asyncio.get_running_loop()
        self.server: WorkerServer | None = None

    def __enter__(self) -> Self:
        self._control.setblocking(False)
        self._loop.add_reader(self._control, self._follow)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.remove_reader(self._control)
        self._control.close()

    def _follow(self) -> None:
        word = self._control.recv(1)
        if not word:
            self._loop.remove_reader(self._control)
        if word == FORCE and self.server is not None:
            self.server.force_exit = True
        else:
            os.kill(os.getpid(), signal.SIGTERM)
