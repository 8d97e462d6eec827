"""``signalbox console``: the console alone, against an API elsewhere. It has no store, no key file and no data."""

import asyncio
import ipaddress
import sys
from typing import Final
from urllib.parse import urlsplit

import uvloop
from msgspec import Struct

from signalbox.api_address import API_ADDRESS, ApiAddress
from signalbox.assets_root import load_program
from signalbox.exits import say
from signalbox.faults import UsageFault
from signalbox.logs import configure_logs
from signalbox.parsers import check_base_url
from signalbox.server import SWITCH_INTERVAL_S, ConsoleServer, require_free_port, server_config
from signalbox.settings import Settings, load_settings

__all__ = ["ConsoleOptions", "run"]

PROGRAM: Final = "console_alone.py"
_PARTS: Final = ("/api", "/v1")


class ConsoleOptions(Struct, frozen=True, kw_only=True):
    """What the command line asks for."""

    api: str | None
    host: str
    port: int


def run(options: ConsoleOptions) -> None:
    """Serve until a signal asks to end; an API that does not answer yet is waited for, on screen too."""
    settings = load_settings()
    address = _address(options, settings)
    configure_logs(settings)
    require_free_port(options.host, options.port)
    if _is_readable_on_the_way(address.url):
        say(f"⚠ {address.url} is plain http to another host: passwords and sessions can be read on the way. Use https.")
    API_ADDRESS.give(address)
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(options, settings, address.url))


async def _serve(options: ConsoleOptions, settings: Settings, url: str) -> None:
    program = await asyncio.to_thread(load_program, PROGRAM)
    config = server_config(program, options.host, options.port, settings)

    def announce(base_url: str) -> None:
        say(f"The console is ready at {base_url}, for the API at {url}")

    await ConsoleServer(config, on_listening=announce, on_leaving=lambda: None).run_until_signalled()


def _address(options: ConsoleOptions, settings: Settings) -> ApiAddress:
    if options.api is None:
        if settings.url is None:
            raise UsageFault("name the API with --api URL or in SIGNALBOX_URL")
        return ApiAddress(_root("SIGNALBOX_URL", settings.url), settings.api_key)
    try:
        return ApiAddress(_root("--api", check_base_url(options.api)), settings.api_key)
    except ValueError as error:
        raise UsageFault(f"--api {error}") from None


def _root(name: str, url: str) -> str:
    """Return ``url`` unless it is that of a part of the API: the console asks for those itself."""
    for part in _PARTS:
        if url.endswith(part):
            raise UsageFault(f"{name} must be the root URL of the API: give {url.removesuffix(part)}")
    return url


def _is_readable_on_the_way(url: str) -> bool:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme == "https" or host == "localhost" or host.endswith(".localhost"):
        return False
    try:
        return not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return True
