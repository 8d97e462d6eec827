"""Every recorded chat and messages exchange, served by the simulator, comes out of our adapters as it was recorded."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from router_core.errors import provider_errors as errors
from router_core.providers import AdapterRegistry
from router_core.types import (
    AnswerEnd,
    CallTimeouts,
    LLMRequest,
    ProviderAnswer,
    ProviderCall,
    ProviderConfig,
    ReasoningDelta,
    Secret,
    TextDelta,
    ToolCallDelta,
    ToolCallEnd,
    ToolCallStart,
    reasoning_parts,
)
from tests.recordings.recorded_answers import exchanges, expected, is_stream
from tests.support.loopback import LOOPBACK
from tests.support.simulator_process import SimulatorProcess

FOLDER = os.environ.get("TEST_RECORDINGS", "")
REQUIRED = os.environ.get("REQUIRE_TEST_DATA") == "1"
RECORDINGS = exchanges(Path(FOLDER)) if FOLDER else {}
SMALLEST_SET = 80


@pytest.fixture(scope="module")
def simulator() -> Iterator[SimulatorProcess]:
    with SimulatorProcess("--fast", "--recordings", FOLDER) as process:
        yield process


def test_the_recordings_are_there():
    """Without them the suite proves little, so where they are required their absence is a failure."""
    if not FOLDER and not REQUIRED:
        pytest.skip("TEST_RECORDINGS names no folder of recordings")
    assert len(RECORDINGS) >= SMALLEST_SET, "TEST_RECORDINGS must name the folder of recordings"


@pytest.mark.parametrize("name", RECORDINGS)
async def test_recorded_exchange_comes_out_as_recorded(name: str, simulator: SimulatorProcess):
    recording = RECORDINGS[name]
    wanted = expected(recording)
    registry = AdapterRegistry(egress=LOOPBACK)
    try:
        if "error" in wanted:
            with pytest.raises(errors.ProviderError) as caught:
                await ask(registry, simulator, name, recording)
            failure = caught.value
            found = {"error": type(failure), "status": failure.upstream_status, "wait": failure.retry_after_ms}
            assert found == wanted
            assert failure.__cause__ is not None
        else:
            answer = await ask(registry, simulator, name, recording)
            assert facts(answer, with_usage=wanted["usage"] is not None) == wanted
    finally:
        await registry.close()


async def ask(registry: AdapterRegistry, simulator: SimulatorProcess, name: str, recording: Any) -> ProviderAnswer:
    anthropic = recording["request"]["path"].startswith("/v1/messages")
    adapter = await registry.adapter("anthropic" if anthropic else "openai")
    row = ProviderConfig(
        id="1",
        name="recorded",
        kind="anthropic" if anthropic else "openai",
        model=f"replay:{name}",
        use_cases=("general",),
        max_tokens=1000,
        context_window=100_000,
        base_url=simulator.base_url if anthropic else simulator.openai_url,
    )
    request = LLMRequest(prompt="Say hello")
    call = ProviderCall(
        request=request, provider=row, key=Secret("sk-recorded-key"), max_tokens=100, timeouts=CallTimeouts()
    )
    if not is_stream(recording):
        return await adapter.complete(call)
    return assembled([part async for part in adapter.stream(call)])


def assembled(parts: list[Any]) -> ProviderAnswer:
    """Put a stream's parts together; the deltas of a tool call must add up to its arguments."""
    end = parts[-1]
    assert isinstance(end, AnswerEnd)
    calls = tuple(part.call for part in parts if isinstance(part, ToolCallEnd))
    starts = [(part.tool_call_id, part.tool_name) for part in parts if isinstance(part, ToolCallStart)]
    assert starts == [(call.tool_call_id, call.tool_name) for call in calls]
    assert {part.tool_call_id for part in parts if isinstance(part, ToolCallDelta)} <= {start[0] for start in starts}
    return ProviderAnswer(
        text="".join(part.text for part in parts if isinstance(part, TextDelta)),
        finish_reason=end.finish_reason,
        usage=end.usage,
        model=end.model,
        tool_calls=calls,
        reasoning=reasoning_parts(part for part in parts if isinstance(part, ReasoningDelta)),
    )


def facts(answer: ProviderAnswer, *, with_usage: bool) -> dict[str, Any]:
    usage = answer.usage
    assert usage.estimated is not with_usage
    return {
        "text": answer.text,
        "reasoning": "".join(passage.text for passage in answer.reasoning),
        "calls": [(call.tool_call_id, call.tool_name, call.args) for call in answer.tool_calls],
        "finish": answer.finish_reason,
        "model": answer.model,
        "usage": {
            "input": usage.input_tokens,
            "read": usage.cache_read_tokens,
            "write": usage.cache_write_tokens,
            "write_1h": usage.cache_write_1h_tokens,
            "output": usage.output_tokens,
            "reasoning": usage.reasoning_tokens,
        }
        if with_usage
        else None,
    }
