"""Every recorded chat exchange, sent through ``/v1/chat/completions``, comes back as it was recorded."""

import json
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from router_core.attempts import AttemptPolicy
from router_core.clock import SystemClock
from router_core.providers import AdapterRegistry
from router_core.resilience.retry import RetryPolicy
from router_core.router import Router, RouterPolicy, StaticConfig
from router_core.types import ProviderConfig
from tests.recordings.recorded_answers import CHAT, exchanges, is_stream
from tests.support.core_fakes import PRICES, KeptEvents, PlainKeys
from tests.support.loopback import LOOPBACK
from tests.support.relay_desk import RelayDesk, relay_desk
from tests.support.simulator_process import SimulatorProcess

pytestmark = pytest.mark.asyncio(loop_scope="module")

FOLDER = os.environ.get("TEST_RECORDINGS", "")
FOUND = exchanges(Path(FOLDER)) if FOLDER else {}
CHATS = {name: each for name, each in FOUND.items() if each["request"]["path"] == CHAT}
GOOD = [name for name, each in CHATS.items() if each["response"]["status"] == 200]
BAD = [name for name in CHATS if name not in GOOD]
HELLO = {"messages": [{"role": "user", "content": "Hello"}]}
# What the client is told: a provider's own trouble with us is not the client's, and a bad request is.
TOLD: dict[object, tuple[int, str, bool]] = {
    400: (400, "invalid_request_error", True),
    401: (503, "server_error", False),
    429: (429, "requests", False),
    "insufficient_quota": (503, "server_error", False),
}


@pytest.fixture(scope="module")
def simulator() -> Iterator[SimulatorProcess]:
    with SimulatorProcess("--fast", "--recordings", FOLDER) as process:
        yield process


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(simulator: SimulatorProcess) -> AsyncIterator[RelayDesk]:
    """Give the paths in front of a router with a provider for each recording."""
    clock, registry = SystemClock(), AdapterRegistry(egress=LOOPBACK)
    rows = [
        ProviderConfig(
            id=str(place), name=f"row-{place}", kind="openai", model=f"replay:{name}", use_cases=("general",),
            max_tokens=16_384, context_window=2_000_000, base_url=simulator.openai_url,
        )
        for place, name in enumerate(CHATS)
    ]  # fmt: skip
    policy = RouterPolicy(attempts=AttemptPolicy(retry=RetryPolicy(max_attempts=1)))
    router = Router(
        config=StaticConfig(rows), adapters=registry, keys=PlainKeys(), prices=PRICES, recorder=KeptEvents(),
        clock=clock, policy=policy,
    )  # fmt: skip
    yield await relay_desk(router, clock)
    await registry.close()


def asked(name: str, **more: Any) -> dict[str, Any]:
    """Return the recorded request, or one like it, for the provider that answers with the recording."""
    recording = CHATS[name]
    body = recording["request"]["body"] or {**HELLO, "stream": is_stream(recording)}
    return {**body, "model": f"row-{list(CHATS).index(name)}", **more}


def chunks(body: str) -> list[Any]:
    data = [line[5:].strip() for line in body.splitlines() if line.startswith("data:")]
    return [json.loads(each) if each != "[DONE]" else each for each in data]


def as_unasked(chunk: Any) -> Any:
    """Return ``chunk`` as who does not ask for usage gets it."""
    return {name: value for name, value in chunk.items() if name != "usage"} if isinstance(chunk, dict) else chunk


@pytest.mark.parametrize("name", GOOD)
async def test_a_recorded_answer_comes_back_equal_in_every_field(desk: RelayDesk, name: str) -> None:
    heard = await desk.ask(CHAT, asked(name))
    recorded = CHATS[name]["response"]["body"]
    assert heard.status == 200
    if not is_stream(CHATS[name]):
        assert json.loads(heard.body) == json.loads(recorded)
        return
    assert chunks(heard.body.decode()) == chunks(recorded)


@pytest.mark.parametrize("name", [name for name in GOOD if is_stream(CHATS[name])])
async def test_usage_is_taken_out_of_a_recorded_stream_for_who_does_not_ask_for_it(desk: RelayDesk, name: str) -> None:
    body = asked(name)
    body.pop("stream_options", None)
    found, recorded = (
        chunks((await desk.ask(CHAT, body)).body.decode()), chunks(CHATS[name]["response"]["body"]),
    )  # fmt: skip
    assert found == [as_unasked(each) for each in recorded if not isinstance(each, dict) or each["choices"]]


@pytest.mark.parametrize("name", BAD)
async def test_a_recorded_error_comes_back_as_ours_in_the_protocol_s_shape(desk: RelayDesk, name: str) -> None:
    recorded = CHATS[name]["response"]
    told = json.loads(recorded["body"])["error"] if recorded["body"] else {}
    status, kind, in_vain = TOLD[told["code"] if told.get("code") in TOLD else recorded["status"]]
    heard = await desk.ask(CHAT, asked(name))
    error = json.loads(heard.body)["error"]
    assert (heard.status, error["type"]) == (status, kind)
    assert set(error) == {"message", "type", "param", "code"}
    if status == 400:
        assert error["param"] == told["param"]
        # Or we saw it ourselves.
        assert error == told or error["message"] == "missing field `type`"
    assert ((b"x-should-retry", b"false") in heard.headers) is in_vain
