"""A limit that is set between two requests knows all that was spent before it, over real HTTP."""

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.server_process import PlainServer
from tests.support.simulator_process import SimulatorProcess

REQUESTS = 12


@pytest.fixture
def server(tmp_path: Path) -> Iterator[PlainServer]:
    with (
        SimulatorProcess("--fast") as provider,
        PlainServer(tmp_path / "data", provider.openai_url, provider.base_url) as running,
    ):
        yield running


def call(server: PlainServer, method: str, path: str, key: str, body: Any = None) -> Any:
    headers = {"content-type": "application/json", "authorization": f"Bearer {key}"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{server.base_url}{path}", data=data, headers=headers, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def test_a_first_limit_counts_what_was_answered_a_moment_ago(server: PlainServer) -> None:
    admin = server.command("keys", "create", "--account", "acme", "--role", "admin")["key"]
    ask = {"prompt": "hello", "maxTokens": 40, "modelOverride": "gpt-4o-mini"}
    for _ in range(REQUESTS):
        call(server, "POST", "/api/llm", server.facts["api_key"], ask)
    for order in (
        {"scope": "installation", "target": "", "period": "daily", "limit": "5"},
        {"scope": "provider", "target": "openai-gpt4o-mini", "period": "monthly", "limit": "5", "mode": "soft"},
    ):
        call(server, "PUT", "/api/admin/budgets", admin, order)
    found = call(server, "GET", "/api/admin/budgets", admin)["budgets"]
    spent = {each["budget"]["scope"]: each["spent"] for each in found if each["budget"]["period"] == "daily"}
    assert spent["installation"] == spent["account"] > 0
    assert {each["spent"] for each in found if each["budget"]["scope"] == "provider"} == {spent["account"]}
