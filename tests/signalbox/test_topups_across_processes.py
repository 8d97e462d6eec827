"""Top-ups over real HTTP: approved and ended in one process, in force in the other within two seconds."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from tests.support.lateness import lateness
from tests.support.server_process import PlainServer
from tests.support.simulator_process import SimulatorProcess

WITHIN_S = 2.0
PAUSE_S = 0.05
PATIENCE_S = 60.0
LASTING_S = (4, 16, 60)  # a busy machine needs longer for the commands
POT = ("--account", "acme")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[PlainServer]:
    """A server whose account may spend a thousandth of a cent a day: nothing fits."""
    with (
        SimulatorProcess("--fast") as provider,
        PlainServer(tmp_path / "data", provider.openai_url, provider.base_url) as running,
    ):
        running.command("budgets", "set", *POT, "--daily", "0.00001")
        yield running


def _asked(server: PlainServer) -> tuple[int, dict[str, Any]]:
    """Send one request and return how it was answered."""
    body = json.dumps({"prompt": "hello", "maxTokens": 2_000, "modelOverride": "gpt-4o-mini"}).encode()
    headers = {"content-type": "application/json", "authorization": f"Bearer {server.facts['api_key']}"}
    request = urllib.request.Request(f"{server.base_url}/api/llm", data=body, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return int(answer.status), json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def _within(seconds: float, server: PlainServer, wanted: int) -> bool:
    """Ask again and again until the status is ``wanted``; return whether it was so within ``seconds``."""
    began, pause = time.monotonic(), Event()
    with lateness() as late:
        while (taken := time.monotonic() - began) < PATIENCE_S:
            if _asked(server)[0] == wanted:
                return taken < seconds + late.allowed_s
            pause.wait(PAUSE_S)
    return False


def _asked_until(server: PlainServer, wanted: int, ends: datetime) -> bool:
    """Ask again and again until the status is ``wanted``; return whether it was so before ``ends``."""
    pause = Event()
    while datetime.now(UTC) < ends:
        if _asked(server)[0] == wanted:
            return datetime.now(UTC) < ends
        pause.wait(PAUSE_S)
    return False


def _topped_up(server: PlainServer, *until: str) -> str:
    topup = server.command("budgets", "topups", "ask", *POT, "--daily", "1", "--reason", "launch", *until)
    server.command("budgets", "topups", "approve", topup["id"])
    return str(topup["id"])


@pytest.mark.alone
def test_what_is_approved_elsewhere_is_served_within_two_seconds_and_refused_within_two_of_its_end(
    server: PlainServer,
) -> None:
    assert _within(PATIENCE_S, server, 402)
    id = _topped_up(server)
    assert _within(WITHIN_S, server, 200)
    found = server.command("budgets", "list")
    assert [each["toppedUp"] for each in found] == [1_000_000_000, 0]
    server.command("budgets", "topups", "end", id)
    assert _within(WITHIN_S, server, 402)
    status, answer = _asked(server)
    assert status == 402
    assert answer["error"]["message"].endswith("Limit: $0.00001")
    assert answer["error"]["budgetStatus"]["dailyBudget"] == 0.00001


@pytest.mark.alone
def test_the_end_of_its_time_needs_nobody(server: PlainServer) -> None:
    assert _within(PATIENCE_S, server, 402)
    for lasting_s in LASTING_S:
        ends = datetime.now(UTC) + timedelta(seconds=lasting_s)
        _topped_up(server, "--until", ends.isoformat())
        served = _asked_until(server, 200, ends)
        if served:
            break
    assert served
    Event().wait((ends - datetime.now(UTC)).total_seconds())
    assert _within(WITHIN_S, server, 402)
    assert _asked(server)[0] == 402
