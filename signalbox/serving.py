"""One run of the server, from building the runtime to closing it."""

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from typing import Any

import structlog
import uvicorn

from signalbox.asgi import api_application, api_in_front_of
from signalbox.assets_root import load_program
from signalbox.bootstrap import Runtime, build
from signalbox.demo.facts import DemoFacts
from signalbox.demo.parameters import CONVERSATIONS
from signalbox.demo.stage import DemoStage
from signalbox.demo.workload import DemoWorkload
from signalbox.demo.world import demo_principal, furnish
from signalbox.exits import say
from signalbox.loop import SERVED
from signalbox.master_key import KEY_FILE
from signalbox.nodes import place_of_port
from signalbox.server import ConsoleServer, server_config
from signalbox.settings import Settings
from signalbox.warm_up import warm_up

__all__ = ["ServingSession"]


class ServingSession:
    """One run of the server."""

    def __init__(self, settings: Settings, demo: DemoStage | None) -> None:
        self._settings = settings
        self._demo = demo
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self, host: str, port: int) -> None:
        """Build, listen, serve until signalled, drain, close. Raises :class:`CommandFault` subclasses."""
        async with AsyncExitStack() as stack:
            runtime = await build(self._settings, place=place_of_port(port))
            stack.push_async_callback(runtime.close)
            if runtime.key_was_made:
                path = self._settings.data_dir / KEY_FILE
                say(f"⚠ made {path}: back it up, without it stored secrets are lost")
            SERVED.publish(runtime, api_application(runtime))
            stack.callback(SERVED.withdraw)
            program = await asyncio.to_thread(load_program)
            stack.push_async_callback(self._stop_tasks)
            config = server_config(api_in_front_of(program), host, port, self._settings)
            await self._server(config, runtime).run_until_signalled()

    def _server(self, config: uvicorn.Config, runtime: Runtime) -> ConsoleServer:
        def on_listening(base_url: str) -> None:
            self._start(warm_up(runtime), "warm-up")
            if self._demo is None:
                _announce(runtime, base_url)
            else:
                self._start(_run_demo(self._demo, runtime, base_url), "demo")

        return ConsoleServer(config, on_listening=on_listening, on_leaving=runtime.readiness.close)

    def _start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(_report)

    async def _stop_tasks(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _run_demo(demo: DemoStage, runtime: Runtime, base_url: str) -> None:
    demo.simulator.require_alive()
    facts = await furnish(runtime, base_url, demo.simulator.url, demo.earlier)
    demo.folder.remember(facts)
    demo.folder.announce(facts)
    _announce(runtime, base_url)
    _print_login(facts)
    await DemoWorkload(runtime.router, demo_principal(facts), runtime.clock, CONVERSATIONS).run()


def _announce(runtime: Runtime, base_url: str) -> None:
    runtime.readiness.open()
    say(f"Signalbox is ready at {base_url}")


def _report(task: "asyncio.Task[None]") -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        structlog.get_logger(__name__).error("background task failed", task=task.get_name(), exc_info=error)


def _print_login(facts: DemoFacts) -> None:
    say(f"Sign in as {facts.console.email} with the password {facts.console.password}")
