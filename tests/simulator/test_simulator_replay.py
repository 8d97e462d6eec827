"""Recordings are served again byte for byte."""

import json
import os
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import anthropic
import pytest

from tests.simulator.conftest import AnthropicClient, write_recordings
from tests.support.simulator_process import SimulatorProcess


def fetch(simulator: SimulatorProcess, path: str, name: str, how: str) -> tuple[int, dict[str, str], bytes]:
    connection = HTTPConnection(urlsplit(simulator.base_url).netloc, timeout=10)
    headers = {"x-sim-replay": name} if how == "header" else {}
    body = json.dumps({"model": f"replay:{name}"} if how == "model" else {"model": "x"})
    try:
        connection.request("POST", path, body, headers)
        response = connection.getresponse()
        return response.status, {key.lower(): value for key, value in response.getheaders()}, response.read()
    finally:
        connection.close()


def recorded(folder: Path, name: str) -> Any:
    return json.loads((folder / name).read_text(encoding="utf-8"))["response"]


@pytest.mark.parametrize("how", ["header", "model", "queue"])
@pytest.mark.parametrize("name", ["anthropic.error.json", "anthropic.stream.json", "openai.limited.json"])
def test_recording_comes_back_as_it_was(simulator: SimulatorProcess, tmp_path: Path, how: str, name: str):
    write_recordings(tmp_path)
    expected = recorded(tmp_path, name)
    if how == "queue":
        simulator.control("POST", "replay", {"file": name})
    path = "/v1/messages" if name.startswith("anthropic") else "/v1/chat/completions"
    status, headers, body = fetch(simulator, path, name, how)
    assert (status, body.decode()) == (expected["status"], expected["body"] or "")
    assert {key: headers[key] for key in expected["headers"] if key != "content-length"} == {
        key: value for key, value in expected["headers"].items() if key != "content-length"
    }
    assert simulator.calls()[-1]["replay"] == name


async def test_client_reads_a_replayed_error(simulator: SimulatorProcess, anthropic_client: AnthropicClient):
    with pytest.raises(anthropic.APIStatusError, match="Ünder load") as caught:
        await anthropic_client.messages.create(model="replay:anthropic.error.json?slice=3", messages=[], max_tokens=1)
    assert caught.value.response.headers["retry-after"] == "7"


def test_queued_recording_serves_once(simulator: SimulatorProcess):
    simulator.control("POST", "replay", {"file": "openai.limited.json"})
    assert [fetch(simulator, "/v1/chat/completions", "", "queue")[0] for _ in range(2)] == [429, 401]


def test_unknown_recording_is_refused(simulator: SimulatorProcess):
    with pytest.raises(ValueError, match="no recording named"):
        simulator.control("POST", "replay", {"file": "../secrets.json"})
    assert fetch(simulator, "/v1/messages", "none.json", "model")[0] == 404


def test_every_recording_comes_back_byte_for_byte():
    folder = os.environ.get("TEST_RECORDINGS")
    if not folder:
        pytest.skip("TEST_RECORDINGS names no folder of recordings")
    with SimulatorProcess("--fast", "--recordings", folder) as process:
        names = process.control("GET", "replay")["recordings"]
        for name in names:
            path = "/v1/messages" if name.startswith("anthropic") else "/v1/chat/completions"
            expected = recorded(Path(folder), name)
            status, _, body = fetch(process, path, name, "model")
            assert (name, status, body.decode()) == (name, expected["status"], expected["body"] or "")
    assert len(names) > 90
