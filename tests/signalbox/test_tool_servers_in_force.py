"""A whole runtime with a tool server: configured, given its token, used by a model, and forgotten again."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from router_core.clock import SystemClock
from router_core.configuration.findings import WrongConfigurationError
from router_core.errors import NotFoundError
from router_core.types import LLMRequest, Principal, Secret
from signalbox.bootstrap import Overrides, Runtime, build
from signalbox.settings import read_settings
from tests.router_core.steps.step_scenes import MINI, call, calling
from tests.support.core_fakes import ScriptedAdapters, answer
from tests.support.mcp_server import WeatherServer, weather_server

TOKEN = Secret("token-0123456789abcdefWXYZ")
ANN = Principal(kind="person", id="u1", name="ann@example.com", role="owner", accounts=())
ASK = LLMRequest(prompt="Weather?", model_override=MINI, max_steps=3)
WITHIN_S = 10.0


@pytest.fixture(scope="module")
def weather() -> Iterator[WeatherServer]:
    with weather_server() as server:
        yield server


@pytest.fixture
def models() -> ScriptedAdapters:
    return ScriptedAdapters(SystemClock())


@pytest.fixture
async def runtime(tmp_path: Path, models: ScriptedAdapters) -> AsyncIterator[Runtime]:
    settings = read_settings({
        "SIGNALBOX_DATA_DIR": str(tmp_path), "SIGNALBOX_HEALTH_CHECKS": "false",
        "OPENAI_API_KEY": "sk-of-the-tests-0123456789", "SIGNALBOX_ALLOWED_UPSTREAMS": "127.0.0.1/32",
    })  # fmt: skip
    running = await build(settings, overrides=Overrides(adapters=models))
    yield running
    await running.close()


async def comes_true(condition: Callable[[], bool]) -> bool:
    """Wait, for as long as news may take, until ``condition`` holds."""
    end = asyncio.get_running_loop().time() + WITHIN_S
    while not condition() and asyncio.get_running_loop().time() < end:
        await a_moment()
    return condition()


async def a_moment() -> None:
    await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=0.02)


async def tools_of(runtime: Runtime) -> tuple[str, ...]:
    """Return the tools of the one server once it has told them: it hears the token before that."""
    async with asyncio.timeout(WITHIN_S):
        while not (tools := (await runtime.tool_servers.servers(ANN))[0].state.tools):
            await a_moment()
    return tools


async def configure(runtime: Runtime, url: str) -> int:
    server = {"url": url, "accounts": ["*"], "useCases": ["*"], "tools": ["forecast"]}
    return (await runtime.configuration.apply({"toolServers": {"weather": server}}, ANN)).revision


async def test_a_server_that_is_configured_is_used_with_its_token_and_rolled_back_with_the_version(
    runtime: Runtime, models: ScriptedAdapters, weather: WeatherServer, tmp_path: Path
) -> None:
    first = (await runtime.configuration.current(ANN)).revision
    await configure(runtime, weather.url)
    view = await runtime.tool_servers.put_token("weather", TOKEN, ANN)
    assert (view.token, view.token_fits) == ("token...WXYZ", True)
    weather.heard.clear()
    assert await comes_true(lambda: f"Bearer {TOKEN.reveal()}" in weather.heard)
    assert await tools_of(runtime) == ("weather__forecast",)
    models.script(MINI, calling(call("c1", "weather__forecast", city="Oslo")), answer("Clear."))
    response = await runtime.router.complete(ASK)
    assert (response.text, response.steps) == ("Clear.", 2)
    assert weather.asked == ["Oslo"]
    assert TOKEN.reveal().encode() not in everything_in(tmp_path)
    await runtime.configuration.rollback(first, ANN)
    assert await runtime.tool_servers.servers(ANN) == ()


def everything_in(folder: Path) -> bytes:
    return b"".join(each.read_bytes() for each in folder.rglob("*") if each.is_file())


async def test_a_token_outlives_a_rotation_and_goes_to_no_other_place(runtime: Runtime, weather: WeatherServer) -> None:
    await configure(runtime, weather.url)
    await runtime.tool_servers.put_token("weather", TOKEN, ANN)
    before = runtime.config.snapshot().tool_tokens["weather"].secret.sealed
    await runtime.encryption.rotate(ANN)
    assert await comes_true(lambda: runtime.config.snapshot().tool_tokens["weather"].secret.sealed != before)
    weather.heard.clear()
    await configure(runtime, weather.url.replace("/mcp", "/mcp/"))
    assert await comes_true(lambda: f"Bearer {TOKEN.reveal()}" in weather.heard)
    await configure(runtime, "http://127.0.0.1:1/mcp")
    (view,) = await runtime.tool_servers.servers(ANN)
    assert (view.token, view.token_fits) == ("token...WXYZ", False)
    await runtime.tool_servers.remove_token("weather", ANN)
    with pytest.raises(NotFoundError):
        await runtime.tool_servers.remove_token("weather", ANN)
    with pytest.raises(NotFoundError):
        await runtime.tool_servers.put_token("elsewhere", TOKEN, ANN)


async def test_a_server_where_the_environment_allows_none_is_refused(runtime: Runtime) -> None:
    with pytest.raises(WrongConfigurationError):
        await configure(runtime, "https://elsewhere.example/mcp")
