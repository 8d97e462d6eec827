"""Strategies in a running demo: who really serves, with real connections and providers whose speed changes."""

import json
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.support.demo_process import DemoProcess

GPT4O, SONNET = "openai-gpt4o", "anthropic-claude-sonnet-4-5"
AT_ONCE = 8
SHORT = "Say hello. [[sim:output_tokens=3]]"


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    wide = {"SIGNALBOX_RATE_LIMIT_RPS": "10000", "SIGNALBOX_RATE_LIMIT_BURST": "10000"}
    with DemoProcess(tmp_path_factory.mktemp("strategies") / "data", **wide) as running:
        yield running


@pytest.fixture(autouse=True)
def plain(demo):
    """Both models answer in a moment, and the use case is served by default, before each test."""
    slow_down(demo, "*", 15)
    yield
    ask(demo, "/api/admin/use-cases/complex/policy", method="DELETE")


def ask(
    demo: DemoProcess, path: str, body: object | None = None, *, method: str = "", key: str = "admin_api_key"
) -> Any:
    """Return the document that answers."""
    headers = {"content-type": "application/json", "authorization": f"Bearer {demo.facts[key]}"}
    data = None if body is None else json.dumps(body).encode()
    url = path if "://" in path else demo.base_url + path
    with urllib.request.urlopen(
        urllib.request.Request(url, data, headers, method=method or None), timeout=60
    ) as answer:
        return json.loads(answer.read())


def slow_down(demo: DemoProcess, model: str, millis: float) -> None:
    """Have the first tokens of ``model`` take so long from now on."""
    url = f"{demo.facts['simulator_url']}/__sim/latency"
    ask(demo, url, {"model": model, "ttft_ms": millis, "spread": 0, "token_ms": 0}, method="POST")


def serve(demo: DemoProcess, **policy: Any) -> None:
    """Serve the use case ``complex`` by ``policy`` from now on."""
    ask(demo, "/api/admin/use-cases/complex/policy", policy, method="PUT")


def providers(demo: DemoProcess, times: int, **fields: Any) -> list[str]:
    """Return who serves each of ``times`` requests, eight at once."""
    body = {"useCase": "complex", "prompt": SHORT, "cache": False, **fields}

    def one(_: int) -> str:
        if not fields.get("stream"):
            return str(ask(demo, "/api/llm", body, key="api_key")["provider"])
        return _streamed(demo, body)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(one, range(times)))


def _streamed(demo: DemoProcess, body: object) -> str:
    """Return who a stream says has served it."""
    headers = {"content-type": "application/json", "authorization": f"Bearer {demo.facts['api_key']}"}
    sent = urllib.request.Request(f"{demo.base_url}/api/llm", json.dumps(body).encode(), headers)
    with urllib.request.urlopen(sent, timeout=60) as answer:
        events = [json.loads(line[6:]) for line in answer if line.startswith(b"data: {")]
    assert events[-1]["type"] == "finish"
    return str(events[-1]["messageMetadata"]["provider"])


def test_a_canary_of_a_fifth_gets_about_a_fifth(demo):
    serve(demo, canary={"provider": GPT4O, "percent": 20})
    counts = Counter(providers(demo, 200))
    assert set(counts) == {GPT4O, SONNET}
    assert 40 - 26 <= counts[GPT4O] <= 40 + 26, counts


def test_weights_share_real_traffic_and_the_dry_run_says_why(demo):
    serve(demo, strategy="weighted", weights={GPT4O: 50, SONNET: 50})
    counts = Counter(providers(demo, 120))
    assert 60 - 25 <= counts[GPT4O] <= 60 + 25, counts
    lines = ask(demo, "/api/llm/route", {"useCase": "complex", "prompt": SHORT}, key="api_key")["considered"]
    assert {each["provider"]: each["reason"] for each in lines if each["kept"]} == {
        GPT4O: "weighted: 50 of 100", SONNET: "weighted: 50 of 100", "openai-gpt4o-mini": "default provider",
    }  # fmt: skip


def test_least_busy_drains_around_a_slow_provider(demo):
    slow_down(demo, "gpt-4o", 1_500)
    serve(demo, strategy="least_busy")
    counts = Counter(providers(demo, 120))
    assert counts[SONNET] > 4 * counts[GPT4O] > 0, counts


def test_fastest_asks_the_faster_one_and_turns_when_it_becomes_slow(demo):
    slow_down(demo, "gpt-4o", 300)
    for name in (GPT4O, SONNET):
        assert set(providers(demo, 24, modelOverride=name, stream=True)) == {name}
    serve(demo, strategy="fastest", order=[GPT4O, SONNET])
    assert set(providers(demo, 40, stream=True)) == {SONNET}
    slow_down(demo, "claude-sonnet-4-5", 900)
    providers(demo, 24, stream=True)
    assert set(providers(demo, 24, stream=True)) == {GPT4O}
