"""The demo as people start it: one process, one port, no network."""

import http.client
import json
import stat
import urllib.error
import urllib.request
from typing import Any

import pytest

from tests.support.demo_process import DemoProcess

FIELDS = {
    "base_url",
    "simulator_url",
    "api_key",
    "admin_api_key",
    "account_id",
    "other_account_id",
    "other_api_key",
    "console",
}


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """A running demo whose environment names real-looking keys and hosts, all to be ignored."""
    folder = tmp_path_factory.mktemp("demo") / "data"
    environment = {"OPENAI_API_KEY": "sk-not-for-the-demo", "OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}
    running = DemoProcess(folder, **environment)
    running.from_nothing = True
    with running:
        yield running


def call(url: str, key: str | None = None, body: object | None = None) -> tuple[int, Any]:
    headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {key}"} if key else {})
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=30) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


def raw_post(demo: DemoProcess, path: str) -> tuple[int, bytes]:
    """Ask with a good key at exactly that path: other clients tidy it up."""
    connection = http.client.HTTPConnection("127.0.0.1", demo.port, timeout=30)
    headers = {"content-type": "application/json", "authorization": f"Bearer {demo.facts['api_key']}"}
    try:
        connection.request("POST", path, json.dumps({"prompt": "hello"}), headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_the_facts_file_is_private_and_holds_exactly_what_scripts_need(demo):
    path = demo.folder / "demo.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert set(demo.facts) == FIELDS
    assert set(demo.facts["console"]) == {"email", "password"}
    assert demo.facts["base_url"] == demo.base_url


@pytest.mark.parametrize("name", ["api_key", "other_api_key"])
def test_a_prompt_is_routed_to_the_simulator_and_counted_there(demo, name):
    prompt = "Say something. [[sim:output_tokens=7]]"
    body = {"useCase": "vision", "prompt": prompt, "explain": True}
    before = _model_calls(demo, "gpt-4o")
    status, answer = call(f"{demo.base_url}/api/llm", demo.facts[name], body)
    assert status == 200, answer
    assert answer["provider"] == "openai-gpt4o"
    assert answer["usage"]["completionTokens"] == 7
    assert _model_calls(demo, "gpt-4o") == before + 1


def test_a_key_of_one_account_may_not_act_for_the_other(demo):
    body = {"prompt": "hello", "accountId": demo.facts["other_account_id"]}
    status, answer = call(f"{demo.base_url}/api/llm", demo.facts["api_key"], body)
    assert (status, answer["error"]["code"]) == (403, "FORBIDDEN")


def test_without_a_key_nothing_is_answered(demo):
    assert call(f"{demo.base_url}/api/llm", None, {"prompt": "hello"})[0] == 401


@pytest.mark.parametrize("path", ["/api//llm", "/api/../api/llm", "/api/llm%2f", "/v1//chat/completions", "/api/LLM"])
def test_a_path_that_is_nearly_an_api_path_is_a_json_404(demo, path):
    status, body = raw_post(demo, path)
    # Below /v1 an error is told in the words of its protocol.
    code = "not_found" if path.startswith("/v1/") else "NOT_FOUND"
    assert (status, json.loads(body)["error"]["code"]) == (404, code)


@pytest.mark.parametrize("path", ["//v1//chat/completions", "//api/llm", "/%2e%2e/api/llm", "/../api/llm", "/API/llm"])
def test_a_path_beside_the_api_never_reaches_it_whoever_asks(demo, path):
    status, body = raw_post(demo, path)
    assert (status, body) == (401, b"Sign in first.\n")


def test_no_secret_of_the_environment_or_the_demo_is_in_the_log(demo):
    assert "sk-not-for-the-demo" not in demo.output()
    assert demo.facts["api_key"] not in demo.output()


def test_a_restart_keeps_keys_and_people_and_a_stop_is_quick_and_clean(tmp_path):
    demo = DemoProcess(tmp_path / "data", SIGNALBOX_DRAIN_S="300")
    first = dict(demo.start())
    assert demo.stop(60) == 0, "nothing is under way that would have to be waited for"
    assert not (demo.folder / "demo.json").exists()
    second = demo.start()
    kept = FIELDS - {"base_url", "simulator_url"}
    try:
        assert {name: second[name] for name in kept} == {name: first[name] for name in kept}
        assert call(f"{demo.base_url}/api/llm", first["api_key"], {"prompt": "hello"})[0] == 200
    finally:
        demo.kill()
    assert _gone(second["simulator_url"]), "the simulator outlived a killed server"


def test_a_stream_that_the_end_of_the_server_cuts_off_is_ended_as_its_protocol_says(tmp_path):
    """The client sees an error and the end, and the log no trace."""
    with DemoProcess(tmp_path / "data", SIGNALBOX_DRAIN_S="2") as demo:
        latency = {"model": "claude-sonnet-4-5", "ttft_ms": 1, "token_ms": 100}
        assert call(f"{demo.facts['simulator_url']}/__sim/latency", body=latency)[0] == 200
        prompt = {"prompt": "hi [[sim:output_tokens=900]]", "modelOverride": "claude-sonnet-4-5", "stream": True}
        headers = {"content-type": "application/json", "authorization": f"Bearer {demo.facts['api_key']}"}
        request = urllib.request.Request(f"{demo.base_url}/api/llm", json.dumps(prompt).encode(), headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            began = answer.readline()
            assert demo.stop() == 0
            rest = answer.read()
    assert began.startswith(b"data: {")
    events = rest.decode().split("\n\n")
    assert [each for each in events if '"type":"error"' in each] != []
    assert events[-2] == "data: [DONE]"
    assert "Traceback" not in demo.output()


def _model_calls(demo: DemoProcess, model: str) -> int:
    counts = call(f"{demo.facts['simulator_url']}/__sim/counts")[1]
    return int(counts["models"].get(model, {}).get("calls", 0))


def _gone(url: str) -> bool:
    """Say whether nobody listens any more; the kernel's signal to a child is quick, but not instant."""
    for _ in range(1000):
        try:
            urllib.request.urlopen(f"{url}/__sim/counts", timeout=1).close()
        except OSError:
            return True
    return False
