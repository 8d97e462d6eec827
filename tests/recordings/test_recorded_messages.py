"""Every recorded Anthropic exchange, sent through ``/v1/messages``, comes back as it was recorded."""

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
from tests.support.core_fakes import PRICES, KeptEvents, PlainKeys, provider
from tests.support.loopback import LOOPBACK
from tests.support.relay_desk import RelayDesk, relay_desk
from tests.support.simulator_process import SimulatorProcess

FOLDER = os.environ.get("TEST_RECORDINGS", "")
FOUND = (
    {path.name: json.loads(path.read_text()) for path in sorted(Path(FOLDER).glob("anthropic.*.json"))}
    if FOLDER
    else {}
)
GOOD = [name for name, each in FOUND.items() if each["response"]["status"] == 200 and "midstream" not in name]
# What each status of the vendor's is told as; its own key is none of the client's business.
TOLD = {
    400: (400, "invalid_request_error"),
    401: (503, "overloaded_error"),
    404: (404, "not_found_error"),
    429: (429, "rate_limit_error"),
    500: (502, "api_error"),
    529: (502, "overloaded_error"),
}


@pytest.fixture(scope="module")
def simulator() -> Iterator[SimulatorProcess]:
    with SimulatorProcess("--fast", "--recordings", FOLDER) as process:
        yield process


@pytest.fixture
async def desk(simulator: SimulatorProcess) -> AsyncIterator[RelayDesk]:
    """Return the path in front of a router that has a row for every recording, and asks once."""
    rows = [
        provider(name, kind="anthropic", model=f"replay:{name}", base_url=simulator.base_url, context_window=10**7)
        for name in FOUND
    ]
    registry = AdapterRegistry(egress=LOOPBACK)
    router = Router(
        config=StaticConfig(rows), adapters=registry, keys=PlainKeys(), prices=PRICES, recorder=KeptEvents(),
        policy=RouterPolicy(attempts=AttemptPolicy(retry=RetryPolicy(max_attempts=1))),
    )  # fmt: skip
    yield await relay_desk(router)
    await registry.close()


async def ask(desk: RelayDesk, name: str) -> Any:
    recorded = FOUND[name]
    streamed = (recorded["response"]["body"] or "").startswith("event:")
    hello = {"max_tokens": 100, "messages": [{"role": "user", "content": "Hello"}], "stream": streamed}
    path = recorded["request"]["path"].partition("?")[0]
    return await desk.ask(path, {**(recorded["request"]["body"] or hello), "model": name})


def events(body: str) -> list[tuple[str, str]]:
    """Return the names and the data of a stream's events."""
    blocks = [dict(line.split(": ", 1) for line in each.split("\n")) for each in body.strip().split("\n\n")]
    return [(block["event"], block["data"]) for block in blocks]


def test_the_recordings_are_there() -> None:
    if not FOLDER and os.environ.get("REQUIRE_TEST_DATA") != "1":
        pytest.skip("TEST_RECORDINGS names no folder of recordings")
    assert len(GOOD) >= 38


@pytest.mark.parametrize("name", GOOD)
async def test_a_recorded_answer_comes_back_as_it_was_recorded(name: str, desk: RelayDesk) -> None:
    recorded = FOUND[name]["response"]["body"]
    heard = await ask(desk, name)
    assert heard.status == 200, heard.body
    if recorded.startswith("event:"):
        assert events(heard.body.decode()) == events(recorded)
    else:
        assert json.loads(heard.body) == json.loads(recorded)


@pytest.mark.parametrize("name", [name for name in FOUND if name not in GOOD])
async def test_a_recorded_error_is_told_in_the_protocol_s_shape(name: str, desk: RelayDesk) -> None:
    recorded = FOUND[name]["response"]
    status, kind = TOLD[recorded["status"] if recorded["status"] != 200 else 529]
    heard = await ask(desk, name)
    headers = {key.decode(): value.decode() for key, value in heard.headers}
    told = json.loads(heard.body)
    assert (heard.status, told["type"], told["error"]["type"]) == (status, "error", kind)
    assert told["request_id"] == headers["request-id"]
    assert headers.get("x-should-retry") == (None if status in (429, 502, 503) else "false")
    if status == 429:
        assert headers["retry-after"] == recorded["headers"].get("retry-after", headers["retry-after"])
        assert int(headers["retry-after"]) >= 1
