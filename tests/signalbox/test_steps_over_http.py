"""Answers in several steps over HTTP, before simulated vendors: tools of the server run, the client's come back."""

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.types import ASGIApp

from router_core.types import ToolFormat
from signalbox.administration import create_account, issue_key
from signalbox.asgi import api_application
from signalbox.bootstrap import Runtime, build
from signalbox.settings import read_settings
from tests.support.asgi_calls import Heard, call_asgi
from tests.support.simulator_process import SimulatorProcess

MODELS = ("gpt-4o-mini", "claude-haiku-4-5")
WEATHER = ToolFormat(
    description="Weather of a city",
    parameters={"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
)


@pytest.fixture(scope="module")
def simulator() -> Iterator[SimulatorProcess]:
    with SimulatorProcess() as running:
        yield running


@pytest.fixture
async def runtime(tmp_path: Path, simulator: SimulatorProcess) -> AsyncIterator[Runtime]:
    settings = read_settings({
        "SIGNALBOX_DATA_DIR": str(tmp_path), "SIGNALBOX_HEALTH_CHECKS": "false", "OPENAI_API_KEY": "sk-test",
        "ANTHROPIC_API_KEY": "sk-ant-test", "OPENAI_BASE_URL": simulator.openai_url,
        "ANTHROPIC_BASE_URL": simulator.base_url,
    })  # fmt: skip
    running = await build(settings)
    running.router.register_tool("weather", WEATHER, lambda city: {"sky": f"clear over {len(city)} letters"})
    running.readiness.open()
    yield running
    await running.close()


class Client:
    """Posts to the interface with a service key."""

    def __init__(self, app: ASGIApp, key: str) -> None:
        self._app = app
        self._headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}

    async def post(self, **body: Any) -> Heard:
        return await call_asgi(self._app, "POST", "/api/llm", headers=self._headers, body=json.dumps(body).encode())


@pytest.fixture
async def client(runtime: Runtime) -> Client:
    account = await create_account(runtime.accounts, runtime.clock, "acme", "UTC")
    made = await issue_key(
        runtime.api_keys, runtime.pepper, runtime.clock, account_id=account.id, role="service", name="acme"
    )
    return Client(api_application(runtime), made.key.reveal())


async def test_both_vendors_go_on_with_what_the_servers_tool_gave_back(client: Client) -> None:
    for model in MODELS:
        heard = await client.post(
            prompt="Weather in Oslo?", modelOverride=model, maxSteps=3, tools={"weather": {}}, explain=True
        )
        answer = json.loads(heard.body)
        assert (heard.status, answer["steps"], answer["finishReason"]) == (200, 2, "stop"), model
        assert "clear over" in answer["text"]
        assert [message["role"] for message in answer["messages"]] == ["assistant", "tool", "assistant"]
        decision = answer["decision"]
        assert [each["step"] for each in decision["attempts"]] == [1, 2]
        assert [(each["name"], each["outcome"]) for each in decision["tools"]] == [("weather", "success")]
        assert sum(each["costNano"] for each in decision["attempts"]) == round(float(answer["cost"]["usd"]) * 1e9)


async def test_a_conversation_goes_on_at_the_other_vendor_with_the_clients_own_result(client: Client) -> None:
    own = {"ask_person": {"description": "Asks a person", "parameters": {"type": "object", "properties": {}}}}
    for first, second in (MODELS, MODELS[::-1]):
        heard = await client.post(
            prompt="Ask the person", modelOverride=first, maxSteps=3, tools={**own, "weather": {}},
            toolChoice={"type": "function", "function": {"name": "ask_person"}},
        )  # fmt: skip
        answer = json.loads(heard.body)
        (call,) = answer["toolCalls"]
        assert (answer["finishReason"], call["toolName"]) == ("tool-calls", "ask_person")
        asked = {"type": "tool-call", **call}
        result = {"type": "tool-result", "toolCallId": call["toolCallId"], "toolName": "ask_person", "result": "yes"}
        messages = [
            {"role": "user", "content": "Ask the person"},
            {"role": "assistant", "content": [asked]},
            {"role": "tool", "content": [result]},
        ]
        heard = await client.post(messages=messages, modelOverride=second, tools=own)
        assert heard.status == 200
        assert json.loads(heard.body)["text"].startswith("The tool reports: yes.")


async def test_streams_show_the_steps_in_both_protocols(client: Client) -> None:
    wanted = {"prompt": "Weather in Oslo?", "maxSteps": 3, "tools": {"weather": {}}, "stream": True}
    for model in MODELS:
        ui = await client.post(**wanted, modelOverride=model)
        events = [json.loads(line[6:]) for line in ui.body.decode().split("\n\n") if line.startswith("data: {")]
        kinds = [event["type"] for event in events]
        assert (kinds.count("start-step"), kinds.count("finish-step"), kinds[-1]) == (2, 2, "finish"), model
        output = next(event for event in events if event["type"] == "tool-output-available")
        assert output["output"]["sky"].startswith("clear over")
        data = await client.post(**wanted, modelOverride=model, streamProtocol="data")
        codes = [line[0] for line in data.body.decode().splitlines()]
        assert (codes.count("f"), codes.count("e"), codes.count("a"), codes[-1]) == (2, 2, 1, "d"), model
