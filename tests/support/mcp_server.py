"""A tool server made with the official package, on this machine."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from mcp.server.mcpserver import MCPServer
from starlette.types import Receive, Scope, Send

from tests.support.api_server import serving

__all__ = ["WeatherServer", "weather_server"]


@dataclass
class WeatherServer:
    """A running server; ``heard`` are the authorizations of the requests that came, ``gone`` whether it is to fail."""

    url: str = ""
    heard: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    gone: bool = False


@contextmanager
def weather_server() -> Iterator[WeatherServer]:
    """Run a server that knows the weather on a free port of 127.0.0.1 until the block ends."""
    server, known = WeatherServer(), MCPServer("weather", log_level="CRITICAL")

    @known.tool()
    def forecast(city: str) -> str:
        """Forecast for a city"""
        server.asked.append(city)
        return f"clear in {city}"

    @known.tool()
    def stations(country: str) -> dict[str, int]:
        """Stations of a country"""
        return {country: 7}

    @known.tool()
    def broken() -> str:
        """Never works"""
        raise ValueError("inside the server")

    @known.tool()
    async def slow() -> str:
        """Never ends"""
        await asyncio.Event().wait()
        return "late"

    @known.tool(name="not.for.models")
    def odd() -> str:
        """Has a name that no vendor takes"""
        return "odd"

    inner = known.streamable_http_app()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = dict(scope["headers"])
            server.heard.add(headers.get(b"authorization", b"").decode())
            if server.gone:
                await send({"type": "http.response.start", "status": 500, "headers": []})
                await send({"type": "http.response.body", "body": b"inside the server"})
                return
        await inner(scope, receive, send)

    with serving(app, lifespan="on") as port:
        server.url = f"http://127.0.0.1:{port}/mcp"
        yield server
