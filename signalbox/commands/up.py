"""``signalbox up``: console and HTTP API from one process on one port, with or without the demo."""

import asyncio
import sys
from contextlib import ExitStack
from pathlib import Path

import uvloop
from msgspec import Struct

from signalbox.commands.opening import print_summary
from signalbox.data_dir import prepare_folder
from signalbox.demo.stage import DemoStage
from signalbox.logs import configure_logs
from signalbox.server import SWITCH_INTERVAL_S, require_free_port
from signalbox.settings import load_settings
from signalbox.unlocking import check_master_key

__all__ = ["UpOptions", "run"]


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
    with ExitStack() as stack:
        stage = stack.enter_context(DemoStage(settings)) if options.demo else None
        used = settings if stage is None else stage.settings
        print_summary(used, demo=options.demo)
        check_master_key(used)
        from signalbox.serving import ServingSession  # seconds of imports, while the simulator starts by itself

        sys.setswitchinterval(SWITCH_INTERVAL_S)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(ServingSession(used, stage).serve(options.host, options.port))
