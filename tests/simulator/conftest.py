"""One simulator for the folder, clean for every test, and official clients that point at it."""

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from anthropic import AsyncAnthropic
from openai import AsyncOpenAI

from tests.support.simulator_process import SimulatorProcess

# The official clients without their types: requests here are plain JSON, wrong ones too, and answers are read as JSON.
OpenAIClient: TypeAlias = Any
AnthropicClient: TypeAlias = Any


@pytest.fixture(scope="session")
def shared_simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    folder = tmp_path_factory.mktemp("recordings")
    write_recordings(folder)
    process = SimulatorProcess("--fast", "--recordings", str(folder))
    with process:
        yield process


@pytest.fixture
def simulator(shared_simulator: SimulatorProcess) -> Iterator[SimulatorProcess]:
    shared_simulator.reset()
    yield shared_simulator
    shared_simulator.reset()


@pytest.fixture
async def openai_client(simulator: SimulatorProcess) -> AsyncIterator[AsyncOpenAI]:
    async with AsyncOpenAI(base_url=simulator.openai_url, api_key="sk-test-one", max_retries=0, timeout=10) as client:
        yield client


@pytest.fixture
async def anthropic_client(simulator: SimulatorProcess) -> AsyncIterator[AsyncAnthropic]:
    async with AsyncAnthropic(base_url=simulator.base_url, api_key="sk-ant-one", max_retries=0, timeout=10) as client:
        yield client


def write_recordings(folder: Path) -> None:
    """Write a few recordings of our own making."""
    stream = 'event: ping\ndata: {"type": "ping"}\n\nevent: message_stop\ndata: {"type":"message_stop"  }\n\n'
    made = {
        "anthropic.error.json": (
            "anthropic",
            529,
            {"retry-after": "7"},
            '{"type":"error","error":{"type":"overloaded_error","message":"Ünder load"}}',
        ),
        "anthropic.stream.json": ("anthropic", 200, {"content-type": "text/event-stream; charset=utf-8"}, stream),
        "openai.limited.json": ("openai", 429, {"x-ratelimit-reset-requests": "8.64s", "content-length": "354"}, None),
    }
    for name, (provider, status, headers, body) in made.items():
        recording = {
            "provider": provider,
            "request": {},
            "response": {"status": status, "headers": headers, "body": body},
        }
        (folder / name).write_text(json.dumps(recording), encoding="utf-8")
