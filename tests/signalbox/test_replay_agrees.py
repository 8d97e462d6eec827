"""A real workload through a real server: our counts are the provider's counts."""

import os
from collections import Counter
from pathlib import Path

import pytest

from tests.support.server_process import PlainServer
from tests.support.simulator_process import SimulatorProcess

TRACE = "AzureLLMInferenceTrace_conv_2023.csv.gz"
REQUESTS = 2_000
SPEEDS = ("40", "15", "5")  # the first one that is not too quick for a busy machine
TOO_QUICK = {"OVERLOADED", "TIMEOUT"}


@pytest.fixture
def trace():
    """The recorded conversation workload, or a reason why it is not here."""
    folder = os.environ.get("TEST_TRACES")
    if folder is None:
        assert not os.environ.get("REQUIRE_TEST_DATA"), "TEST_TRACES is not set"
        pytest.skip("TEST_TRACES is not set: no recorded traces to read")
    return Path(folder) / TRACE


def test_two_thousand_recorded_requests_agree_with_the_providers_log(trace, tmp_path):
    """Every request succeeds, and requests and tokens by model are those that the provider logged.

    Active checks are off: they are calls that nobody requested.
    """
    with (
        SimulatorProcess("--fast") as provider,
        PlainServer(
            tmp_path / "data",
            provider.openai_url,
            provider.base_url,
            SIGNALBOX_HEALTH_CHECKS="false",
            SIGNALBOX_RATE_LIMIT_RPS="10000",
            SIGNALBOX_RATE_LIMIT_BURST="10000",
        ) as server,
    ):
        for speed in SPEEDS:
            provider.reset()
            report = server.command(
                "replay", str(trace), "--requests", str(REQUESTS), "--speed", speed, "--url", server.base_url,
                SIGNALBOX_API_KEY=server.facts["api_key"],
            )  # fmt: skip
            logged = provider.calls()
            if not TOO_QUICK & set(report["outcomes"]):
                break
    assert (report["requests"], report["succeeded"], report["failed"]) == (REQUESTS, REQUESTS, 0)
    assert len(logged) == REQUESTS
    assert Counter(call["outcome"] for call in logged) == {"completed": REQUESTS}
    assert sum(report["models"].values()) == REQUESTS
    assert Counter(call["model"] for call in logged) == report["models"]
    assert sum(call["prompt_tokens"] for call in logged) == report["promptTokens"]
    assert sum(call["completion_tokens"] for call in logged) == report["outputTokens"]
