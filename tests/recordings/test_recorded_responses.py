"""Every recorded response and embedding of OpenAI's, asked for through our paths, comes back as it was recorded."""

import json
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from router_core.attempts import AttemptPolicy
from router_core.providers import AdapterRegistry
from router_core.resilience.retry import RetryPolicy
from router_core.router import Router, RouterPolicy, StaticConfig
from router_core.types import Usage
from tests.support.core_fakes import PRICES, KeptEvents, PlainKeys, provider
from tests.support.loopback import LOOPBACK
from tests.support.relay_desk import RelayDesk, relay_desk
from tests.support.simulator_process import SimulatorProcess

FOLDER = os.environ.get("TEST_RECORDINGS", "")
PATHS = ("/v1/responses", "/v1/embeddings")
FOUND = {
    path.name: recorded
    for path in (sorted(Path(FOLDER).glob("openai.*.json")) if FOLDER else ())
    if (recorded := json.loads(path.read_text()))["request"]["path"] in PATHS
}
GOOD = [name for name, each in FOUND.items() if each["response"]["status"] == 200 and "error" not in name]
# What each of the vendor's is told as; its own key and its account's money are none of the client's business.
TOLD = {
    "openai.error_401_invalid_key.02.json": (503, "server_error", "provider_unavailable"),
    "openai.error_404_model_not_found.01.json": (404, "invalid_request_error", "model_not_found"),
    "openai.error_429_headers_only.01.json": (429, "requests", "rate_limit_exceeded"),
    "openai.responses_stream_error.01.json": (503, "server_error", "provider_unavailable"),
}
USED = {
    "openai.responses.01.json": Usage(input_tokens=22, output_tokens=2),
    "openai.responses_stream.01.json": Usage(input_tokens=255, output_tokens=16),
    "openai.embeddings.01.json": Usage(input_tokens=2),
}


@pytest.fixture(scope="module")
def simulator() -> Iterator[SimulatorProcess]:
    with SimulatorProcess("--fast", "--recordings", FOLDER) as process:
        yield process


@pytest.fixture
def events() -> KeptEvents:
    return KeptEvents()


@pytest.fixture
async def desk(simulator: SimulatorProcess, events: KeptEvents) -> AsyncIterator[RelayDesk]:
    """Return the paths in front of a router that has a row for every recording, and asks once."""
    rows = [provider(name, model=f"replay:{name}", base_url=simulator.openai_url) for name in FOUND]
    registry = AdapterRegistry(egress=LOOPBACK)
    router = Router(
        config=StaticConfig(rows), adapters=registry, keys=PlainKeys(), prices=PRICES, recorder=events,
        policy=RouterPolicy(attempts=AttemptPolicy(retry=RetryPolicy(max_attempts=1))),
    )  # fmt: skip
    yield await relay_desk(router)
    await registry.close()


async def ask(desk: RelayDesk, name: str) -> Any:
    recorded = FOUND[name]
    hello = {"input": "Hello", "stream": (recorded["response"]["body"] or "").startswith("event:")}
    return await desk.ask(recorded["request"]["path"], {**(recorded["request"]["body"] or hello), "model": name})


def shown(body: str) -> list[dict[str, str]]:
    """Return the names and the data of a stream's events."""
    return [dict(line.split(": ", 1) for line in each.split("\n")) for each in body.strip().split("\n\n")]


def test_the_recordings_are_there() -> None:
    if not FOLDER and os.environ.get("REQUIRE_TEST_DATA") != "1":
        pytest.skip("TEST_RECORDINGS names no folder of recordings")
    assert set(FOUND) == {*GOOD, *TOLD}
    assert set(GOOD) == set(USED)


@pytest.mark.parametrize("name", GOOD)
async def test_a_recorded_answer_comes_back_as_it_was_recorded(name: str, desk: RelayDesk, events: KeptEvents) -> None:
    recorded = FOUND[name]["response"]["body"]
    heard = await ask(desk, name)
    assert heard.status == 200, heard.body
    if recorded.startswith("event:"):
        assert shown(heard.body.decode()) == shown(recorded)
    else:
        assert heard.body == recorded.encode()
    assert (events.only.usage, events.only.status) == (USED[name], "success")


@pytest.mark.parametrize("name", [name for name in FOUND if name not in GOOD])
async def test_a_recorded_error_is_told_as_the_contract_has_it(name: str, desk: RelayDesk) -> None:
    heard = await ask(desk, name)
    error = json.loads(heard.body)["error"]
    assert (heard.status, error["type"], error["code"]) == TOLD[name]
