"""Changes of the configuration while providers answer, and connections tested, on the vendors' own SDKs."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from router_core.errors import ModelNotFoundError
from router_core.providers.client_cache import MAX_CLIENTS
from router_core.providers.sdk_adapter import SdkAdapter
from router_core.types import AuditFilter, FinishPart, LLMRequest, Principal, Secret, StreamPart, TextDelta
from signalbox.bootstrap import Runtime, build
from signalbox.settings import read_settings
from tests.support.simulator_process import SimulatorProcess

ANN = Principal(kind="person", id="u1", name="ann@example.com", role="owner", accounts=())
KEY = "sk-test-0123456789abcdef"
NAME = "openai-gpt4o"
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def simulator() -> Iterator[SimulatorProcess]:
    """Providers that take their time, as real ones do."""
    with SimulatorProcess("--seed", "1") as running:
        yield running


@pytest.fixture
async def runtime(simulator: SimulatorProcess, tmp_path: Path) -> AsyncIterator[Runtime]:
    made = await build(
        read_settings(
            {
                "SIGNALBOX_DATA_DIR": str(tmp_path),
                "OPENAI_API_KEY": KEY,
                "OPENAI_BASE_URL": simulator.openai_url,
                "SIGNALBOX_ALLOWED_UPSTREAMS": "127.0.0.1",
                "SIGNALBOX_HEALTH_CHECKS": "false",
            }
        )
    )
    yield made
    await made.close()


async def test_a_stream_is_served_to_its_end_by_a_provider_that_is_changed_and_deleted_meanwhile(
    runtime: Runtime,
) -> None:
    desk, ask = runtime.configuration, LLMRequest(prompt="Tell me a story", model_override=NAME, max_tokens=150)
    parts: list[StreamPart] = []
    async for part in runtime.router.stream(ask):
        parts.append(part)
        if sum(isinstance(each, TextDelta) for each in parts) == 1 and isinstance(part, TextDelta):
            entry = (await desk.provider(NAME, ANN)).entry
            await desk.change_provider(NAME, {**entry, "baseUrl": "http://127.0.0.1:1/v1"}, 1, ANN)
            await desk.delete_provider(NAME, 2, ANN)
            await _push_out_every_client(runtime)
    assert runtime.config.snapshot().for_name(NAME, None) is None
    last = parts[-1]
    assert isinstance(last, FinishPart)
    assert last.response.finish_reason in ("stop", "length")
    assert sum(isinstance(each, TextDelta) for each in parts) > 10
    with pytest.raises(ModelNotFoundError):
        await runtime.router.complete(ask)
    await runtime.recording.recorder.catch_up()
    page = await runtime.audit.page(
        AuditFilter(since=runtime.started - DAY, until=runtime.started + DAY, provider=NAME), limit=10
    )
    assert [row.provider for row in page.entries] == [NAME]


async def _push_out_every_client(runtime: Runtime) -> None:
    """Have the SDK's client that the stream runs on forgotten."""
    adapter = await runtime.adapters.adapter("openai")
    assert isinstance(adapter, SdkAdapter)
    for number in range(MAX_CLIENTS + 1):
        adapter._clients.client(f"http://127.0.0.1:{number + 1}", Secret("sk-other"))


async def test_a_connection_test_answers_with_a_latency_and_is_billed_to_nobody(runtime: Runtime) -> None:
    result = await runtime.configuration.test_provider(NAME, ANN)
    assert (result.ok, result.error) == (True, None)
    assert result.latency_ms is not None
    probes = runtime.operations.health("1h", ANN).probes
    assert probes.checks == 1
    assert probes.cost > 0
    assert list(runtime.events.recent(10, None)) == []


async def test_a_connection_test_tells_what_is_wrong_without_the_key(runtime: Runtime) -> None:
    desk = runtime.configuration
    entry = dict((await desk.provider(NAME, ANN)).entry)
    unknown = await desk.test_entry({**entry, "model": "gpt-4o-does-not-exist"}, ANN)
    assert unknown.ok is None
    assert unknown.error == "not checked: no price for gpt-4o-does-not-exist"
    keyless = await desk.test_provider("anthropic-claude-haiku-4-5", ANN)
    assert (keyless.ok, keyless.error) == (None, "there is no key that may go to its host")
    elsewhere = await desk.test_entry({**entry, "baseUrl": "http://127.0.0.1:1/v1"}, ANN)
    assert (elsewhere.ok, elsewhere.error) == (None, "there is no key that may go to its host")


async def test_a_provider_that_cannot_be_reached_is_named_with_its_error(tmp_path: Path) -> None:
    settings = {
        "SIGNALBOX_DATA_DIR": str(tmp_path), "OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": "http://127.0.0.1:1/v1",
        "SIGNALBOX_HEALTH_CHECKS": "false",
    }  # fmt: skip
    runtime = await build(read_settings(settings))
    result = await runtime.configuration.test_provider(NAME, ANN)
    await runtime.close()
    assert result.ok is False
    assert result.error
    assert KEY not in result.error
