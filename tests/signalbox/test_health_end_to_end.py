"""Health as an operator's monitoring sees it, with real processes: the provider breaks, is named, and comes back."""

import http.client
import json
from collections.abc import Callable
from threading import Event
from typing import Any

import pytest

from tests.support.server_process import PlainServer
from tests.support.simulator_process import SimulatorProcess

GPT4O = "openai-gpt4o"
INTERVAL_S = 1.0
PAUSE_S = 0.02
MOST_PAUSES = 1_000


@pytest.fixture(scope="module")
def provider():
    with SimulatorProcess("--fast") as running:
        yield running


def read_health(connection: http.client.HTTPConnection) -> tuple[int, dict[str, Any]]:
    connection.request("GET", "/api/llm/health")
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())


def until(connection: http.client.HTTPConnection, wanted: Callable[[int, dict[str, dict[str, Any]]], bool]) -> Any:
    """Return the first health document that is as ``wanted``; fails when none comes within twenty seconds."""
    pause = Event()
    for _ in range(MOST_PAUSES):
        status, document = read_health(connection)
        if wanted(status, {row["provider"]: row for row in document["providers"]}):
            return document
        pause.wait(PAUSE_S)
    raise AssertionError(f"health never became as wanted; last: {status} {document}")


def test_a_broken_provider_is_named_by_the_next_check_and_forgiven_by_the_one_after(provider, tmp_path):
    """Nobody sends traffic: active checks alone see the fault, and see it lifted."""
    provider.reset()
    environment = {"SIGNALBOX_HEALTH_INTERVAL_S": str(INTERVAL_S), "SIGNALBOX_HEALTH_TIMEOUT_S": "2"}
    with PlainServer(tmp_path / "data", provider.openai_url, provider.base_url, **environment) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        until(connection, lambda status, rows: status == 200 and all(row["lastCheck"] for row in rows.values()))

        provider.fault(model="gpt-4o", status=500)
        broken = until(connection, lambda status, _: status == 503)
        rows = {row["provider"]: row for row in broken["providers"]}
        assert [name for name, row in rows.items() if not row["healthy"]] == [GPT4O]
        assert rows[GPT4O]["error"]
        assert rows[GPT4O]["breaker"] == "CLOSED"
        assert broken["stats"]["unhealthy"] == 1

        provider.control("DELETE", "faults")
        until(connection, lambda status, rows: status == 200 and rows[GPT4O]["error"] is None)
        checks = [call for call in provider.calls() if call["model"] == "gpt-4o"]
        assert all(call["completion_tokens"] <= 1 for call in checks)
        connection.close()


def test_a_thousand_readings_of_health_call_nobody(provider, tmp_path):
    provider.reset()
    with PlainServer(
        tmp_path / "data", provider.openai_url, provider.base_url, SIGNALBOX_HEALTH_CHECKS="false"
    ) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        states = {read_health(connection)[0] for _ in range(1_000)}
        connection.close()
    assert states == {200}
    assert provider.calls() == []
