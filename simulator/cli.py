"""The command line: ``python -m simulator --port 9100``."""

import argparse
import asyncio
import errno
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import uvloop

from simulator.control import ControlDesk
from simulator.http_protocol import HttpLine
from simulator.service import ServiceOptions, VendorService

DEFAULT_PORT: Final = 9100
EXIT_USAGE: Final = 2
EXIT_PORT_TAKEN: Final = 3


def run(argv: Sequence[str]) -> int:
    """Serve until SIGTERM or SIGINT and return the exit code: 0, 2 for wrong options, 3 for a port that is taken."""
    try:
        options = _parser().parse_args(argv)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else EXIT_USAGE
    if options.recordings is not None and not options.recordings.is_dir():
        return _fail(f"--recordings: {options.recordings} is no folder", EXIT_USAGE)
    chosen = ServiceOptions(options.fast, options.seed, options.recordings, options.call_log)
    try:
        service = VendorService(chosen)
    except OSError as error:
        return _fail(f"--call-log: cannot write {options.call_log}: {error.strerror}", EXIT_USAGE)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(_serve(service, options.host, options.port))
    finally:
        service.calls.close()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="simulator", description="Simulated OpenAI and Anthropic servers.")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="0 takes a free port")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--fast", action="store_true", help="answer without delay")
    parser.add_argument(
        "--recordings", type=Path, metavar="DIR", help="folder of recorded exchanges to serve on demand"
    )
    parser.add_argument("--call-log", type=Path, metavar="FILE", help="append every call to FILE as a JSON line")
    parser.add_argument("--seed", type=int, default=0, help="varies answers, delays and chance")
    return parser


async def _serve(service: VendorService, host: str, port: int) -> int:
    service.attach_control(ControlDesk(service).answer)
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    try:
        server = await loop.create_server(lambda: HttpLine(service), host, port, backlog=2_048)
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        return _fail(
            f"port {port} is already in use" if taken else f"cannot listen on {host}:{port}: {error.strerror}",
            EXIT_PORT_TAKEN,
        )
    bound = server.sockets[0].getsockname()[1]
    sys.stdout.write(f"simulator ready on http://{host}:{bound}\n")
    sys.stdout.flush()
    await stopped.wait()
    server.close()
    return 0


def _fail(message: str, code: int) -> int:
    sys.stderr.write(f"simulator: {message}\n")
    return code
