"""``signalbox up``: console and HTTP API from one process on one port, with or without the demo."""

import asyncio
import sys
from collections.abc import Coroutine
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from typing import Any, Final

import structlog
import uvloop
from msgspec import Struct

from signalbox.asgi import api_application
from signalbox.assets_root import load_program
from signalbox.bootstrap import Runtime, build
from signalbox.data_dir import prepare_folder
from signalbox.demo.facts import DemoFacts, DemoFolder
from signalbox.demo.parameters import CONVERSATIONS
from signalbox.demo.simulator_process import SimulatorProcess
from signalbox.demo.workload import DemoWorkload
from signalbox.demo.world import demo_principal, demo_settings, furnish
from signalbox.exits import say
from signalbox.faults import UsageFault
from signalbox.logs import configure_logs
from signalbox.loop import SERVED
from signalbox.master_key import KEY_FILE
from signalbox.server import ConsoleServer, require_free_port, server_config
from signalbox.settings import Settings, load_settings
from signalbox.summary import summarize, worst_exit_code
from signalbox.warm_up import warm_up

__all__ = ["UpOptions", "run"]

# Script threads that compute would otherwise hold requests up for 5 ms at a time.
_SWITCH_INTERVAL_S: Final = 0.0005


class UpOptions(Struct, frozen=True, kw_only=True):
    """What the command line asks for."""

    demo: bool
    host: str
    port: int
    data_dir: Path | None


def run(options: UpOptions) -> None:
    """Serve until a signal asks to end."""
    settings = load_settings().in_folder(options.data_dir)
    configure_logs(settings)
    require_free_port(options.host, options.port)
    prepare_folder(settings.data_dir)
    sys.setswitchinterval(_SWITCH_INTERVAL_S)
    with ExitStack() as stack:
        demo = _Demo(settings, stack) if options.demo else None
        used = settings if demo is None else demo.settings
        _print_summary(used, demo=options.demo)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_Session(options, used, demo).serve())


class _Demo:
    """What the demo adds: its folder, its simulator, and settings that point there."""

    def __init__(self, settings: Settings, stack: ExitStack) -> None:
        self.folder = DemoFolder(settings.data_dir)
        self.earlier = self.folder.claim()
        stack.callback(self.folder.withdraw)
        self.simulator = stack.enter_context(SimulatorProcess())
        self.settings = demo_settings(settings, self.simulator.url)


class _Session:
    """One run of the server."""

    def __init__(self, options: UpOptions, settings: Settings, demo: _Demo | None) -> None:
        self._options = options
        self._settings = settings
        self._demo = demo
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self) -> None:
        """Build, listen, serve, drain, close."""
        async with AsyncExitStack() as stack:
            runtime = await build(self._settings)
            stack.push_async_callback(runtime.close)
            if runtime.key_was_made:
                path = self._settings.data_dir / KEY_FILE
                say(f"⚠ made {path}: back it up, without it stored secrets are lost")
            SERVED.publish(runtime, api_application(runtime))
            stack.callback(SERVED.withdraw)
            program = await asyncio.to_thread(load_program)
            stack.push_async_callback(self._stop_tasks)
            await self._server(program, runtime).run_until_signalled()

    def _server(self, program: Any, runtime: Runtime) -> ConsoleServer:
        def on_listening(base_url: str) -> None:
            runtime.readiness.open()
            say(f"Signalbox is ready at {base_url}")
            self._start(warm_up(runtime), "warm-up")
            if self._demo is not None:
                self._start(_run_demo(self._demo, runtime, base_url), "demo")

        config = server_config(program, self._options.host, self._options.port)
        return ConsoleServer(config, on_listening=on_listening, on_leaving=runtime.readiness.close)

    def _start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(_report)

    async def _stop_tasks(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _run_demo(demo: _Demo, runtime: Runtime, base_url: str) -> None:
    demo.simulator.require_alive()
    facts = await furnish(runtime, base_url, demo.simulator.url, demo.earlier)
    demo.folder.remember(facts)
    demo.folder.announce(facts)
    _print_login(facts)
    await DemoWorkload(runtime.router, demo_principal(facts), runtime.clock, CONVERSATIONS).run()


def _report(task: "asyncio.Task[None]") -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        structlog.get_logger(__name__).error("background task failed", task=task.get_name(), exc_info=error)


def _print_summary(settings: Settings, *, demo: bool) -> None:
    findings = summarize(settings, demo=demo)
    for finding in findings:
        say(finding.line())
    if worst_exit_code(findings) == UsageFault.exit_code:
        raise UsageFault("the router cannot start; the lines marked ✗ say why")


def _print_login(facts: DemoFacts) -> None:
    say(f"Sign in as {facts.console.email} with the password {facts.console.password}")
