"""Tools of a real server of the official package: listed in the background, offered to whom it says, and run."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import pytest_asyncio
from msgspec import structs

from router_core.egress.fence import Fence
from router_core.egress.places import Egress
from router_core.mcp_servers.link import McpLink
from router_core.mcp_servers.servers import ToolServers
from router_core.mcp_servers.transport import GuardedTransport
from router_core.router import Router, StaticConfig
from router_core.tools.results import ToolError
from router_core.types import Secret, Snapshot, ToolFormat, ToolResultPart, ToolServer
from tests.router_core.steps.step_scenes import MINI, calling
from tests.router_core.steps.step_scenes import call as call_of
from tests.support.core_fakes import PRICES, KeptEvents, PlainKeys, ScriptedAdapters, answer, ask, standard_providers
from tests.support.fake_clock import FakeClock
from tests.support.loopback import LOOPBACK
from tests.support.mcp_server import WeatherServer, weather_server

TOKEN = Secret("token-0123456789abcdef")
ALL: dict[str, Any] = {"accounts": ("*",), "use_cases": ("*",)}


@pytest.fixture(scope="module")
def running() -> Iterator[WeatherServer]:
    with weather_server() as server:
        yield server


@pytest.fixture
def weather(running: WeatherServer) -> WeatherServer:
    running.heard.clear()
    running.asked.clear()
    running.gone = False
    return running


@pytest_asyncio.fixture
async def link() -> AsyncIterator[McpLink]:
    transport = GuardedTransport(LOOPBACK)
    yield McpLink(transport)
    await transport.close()


class Servers:
    """Tool servers over a configuration that a test may change."""

    def __init__(self, link: McpLink, token: Secret | None = None, **named: ToolServer) -> None:
        self.clock = FakeClock()
        self.config = StaticConfig(Snapshot(standard_providers(), tool_servers=named))
        self.tools = ToolServers(self.config, lambda _name, _server: token, link, self.clock)

    async def listed(self) -> "Servers":
        for name, server in self.config.snapshot().tool_servers.items():
            await self.tools.probe(name, server)
        return self

    def names(self, account: str | None = None, use_case: str = "general") -> set[str]:
        return set(self.tools.tools(account, use_case))


async def test_tools_are_listed_under_the_servers_name_and_with_their_schemas(
    weather: WeatherServer, link: McpLink
) -> None:
    servers = await Servers(link, w=ToolServer(url=weather.url, **ALL)).listed()
    assert servers.names() == {"w__forecast", "w__stations", "w__broken", "w__slow"}
    tool = servers.tools.tools(None, "general")["w__forecast"]
    assert tool.format.description == "Forecast for a city"
    assert tool.format.parameters["required"] == ["city"]
    state = servers.tools.states()["w"]
    assert (set(state.tools), state.skipped, state.error) == (servers.names(), ("not.for.models",), None)


async def test_a_server_serves_whom_it_names(weather: WeatherServer, link: McpLink) -> None:
    narrow = ToolServer(url=weather.url, accounts=("acme",), use_cases=("general",), tools=("forecast",))
    servers = await Servers(link, w=narrow, nobody=ToolServer(url=weather.url)).listed()
    assert servers.names("acme") == {"w__forecast"}
    assert servers.names("other") == servers.names(None) == servers.names("acme", "draft") == set()


async def test_results_come_back_plain_and_errors_in_the_tools_own_words(weather: WeatherServer, link: McpLink) -> None:
    servers = await Servers(link, TOKEN, w=ToolServer(url=weather.url, **ALL)).listed()
    tools = servers.tools.tools(None, "general")
    assert await tools["w__forecast"].run({"city": "Oslo"}) == "clear in Oslo"
    assert await tools["w__stations"].run({"country": "NO"}) == {"NO": 7}
    assert tools["w__forecast"].fault({}) is not None
    with pytest.raises(ToolError) as caught:
        await tools["w__broken"].run({})
    assert "inside the server" not in str(caught.value)
    assert weather.heard == {f"Bearer {TOKEN.reveal()}"}


async def test_a_run_that_is_cancelled_ends(weather: WeatherServer, link: McpLink) -> None:
    servers = await Servers(link, w=ToolServer(url=weather.url, **ALL)).listed()
    running = asyncio.create_task(servers.tools.tools(None, "general")["w__slow"].run({}))
    await asyncio.wait({running}, timeout=0.05)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_a_dead_server_keeps_what_was_listed_and_is_told_without_its_words(
    weather: WeatherServer, link: McpLink
) -> None:
    live, dead = ToolServer(url=weather.url, **ALL), ToolServer(url="http://127.0.0.1:9/mcp", **ALL)
    servers = await Servers(link, w=live, dead=dead).listed()
    weather.gone = True
    await servers.listed()
    states = servers.tools.states()
    assert states["dead"].error == "it takes no connections"
    assert states["w"].error is not None
    assert "inside" not in states["w"].error
    assert "w__forecast" in servers.names()


async def test_a_server_inside_the_fence_is_not_reached(weather: WeatherServer) -> None:
    transport = GuardedTransport(Egress(Fence()))
    servers = await Servers(McpLink(transport), w=ToolServer(url=weather.url, **ALL)).listed()
    await transport.close()
    assert servers.tools.states()["w"].error == "its host is not allowed, or its address is not public"
    assert weather.heard == set()


async def test_servers_are_looked_at_when_they_change_and_once_a_minute(weather: WeatherServer, link: McpLink) -> None:
    servers = Servers(link, w=ToolServer(url=weather.url, **ALL))
    server = servers.config.snapshot().tool_servers["w"]
    await _looked(servers)
    assert servers.names()
    first = servers.tools.states()["w"].listed_at
    servers.clock.advance(30)
    await _looked(servers)
    assert servers.tools.states()["w"].listed_at == first
    servers.clock.advance(31)
    await _looked(servers)
    assert servers.tools.states()["w"].listed_at != first
    few = structs.replace(server, tools=("forecast",))
    servers.config.replace(Snapshot(standard_providers(), tool_servers={"w": few}))
    await _looked(servers)
    assert servers.names() == {"w__forecast"}
    servers.config.replace(Snapshot(standard_providers()))
    await _looked(servers)
    assert servers.tools.states() == {}


async def _looked(servers: Servers) -> None:
    servers.tools.look()
    await asyncio.gather(*servers.tools._probing.values())


async def test_a_model_uses_a_servers_tool_in_an_answer_of_several_steps(weather: WeatherServer, link: McpLink) -> None:
    servers = await Servers(link, w=ToolServer(url=weather.url, **ALL)).listed()
    clock, events = FakeClock(), KeptEvents()
    adapters = ScriptedAdapters(clock)
    adapters.script(MINI, calling(call_of("c1", "w__forecast", city="Oslo")), answer("It is clear."))
    router = Router(
        config=servers.config, adapters=adapters, keys=PlainKeys(), prices=PRICES, recorder=events, clock=clock,
        tools=servers.tools,
    )  # fmt: skip
    response = await router.complete(ask(max_steps=3, tools={"w__forecast": ToolFormat()}))
    assert (response.text, response.steps, weather.asked) == ("It is clear.", 2, ["Oslo"])
    told: Any = (adapters.calls[1].request.messages or ())[-1].content[0]
    assert isinstance(told, ToolResultPart)
    assert (told.result, told.is_error) == ("clear in Oslo", False)
