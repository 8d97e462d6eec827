"""``signalbox serve``: what it refuses, what its workers are made of, and what becomes of lost ones."""

import http.client
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from signalbox.serve.backoff import FIRST_S, LONGEST_S, STABLE_S, Backoff
from signalbox.serve.listener import open_listener
from signalbox.serve.nursery import PROGRAM
from tests.faults.settled_record import journal_files
from tests.support.command_runs import run_at
from tests.support.demo_process import clean_environment
from tests.support.fake_clock import FakeClock
from tests.support.server_process import WorkersServer
from tests.support.simulator_process import SimulatorProcess

KEY = {"OPENAI_API_KEY": "sk-for-a-simulator"}
# With Nagle's algorithm every answer on a kept connection waits 40 ms for an acknowledgement.
NAGLE_S = 0.035
ENDED_WITHIN_S = 60.0


def test_several_workers_without_redis_are_refused_in_one_sentence(tmp_path: Path) -> None:
    code, out, said = run_at(tmp_path, "serve", "--workers", "2", **KEY)
    assert (code, out) == (2, "")
    assert said.count("\n") == 1
    assert all(word in said for word in ("REDIS_URL", "--divide-limits", "--workers 1"))


def test_settings_that_are_wrong_are_told_once(tmp_path: Path) -> None:
    code, _, said = run_at(tmp_path, "serve", "--workers", "2", "--divide-limits", SIGNALBOX_DRAIN_S="soon", **KEY)
    assert code == 2
    assert said.count("SIGNALBOX_DRAIN_S") == 1


def test_a_port_that_is_taken_is_told_with_exit_code_3(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        code, _, said = run_at(tmp_path, "serve", "--workers", "1", "--port", port, **KEY)
    assert code == 3
    assert "is taken" in said


def test_what_keeps_the_first_worker_from_starting_is_told_once(tmp_path: Path) -> None:
    (tmp_path / "journal").write_text("not a folder")
    code, _, said = run_at(tmp_path, "serve", "--workers", "3", "--divide-limits", "--port", "0", **KEY)
    assert code == 3
    assert said.count("the journal") == 1
    assert "Traceback" not in said


def test_a_worker_holds_neither_streamlit_nor_what_draws_charts() -> None:
    found = subprocess.run(
        [sys.executable, "-c", f"import sys, {', '.join(PROGRAM)}; print(*sys.modules)"],
        capture_output=True, text=True, check=True, env=clean_environment(),
    )  # fmt: skip
    assert {"streamlit", "pandas", "plotly"} & set(found.stdout.split()) == set()
    assert "uvicorn" in found.stdout.split()


def test_accepted_connections_send_without_delay() -> None:
    with open_listener("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_pauses_before_a_replacement_grow_to_a_bound_and_begin_anew_after_a_stable_minute() -> None:
    pauses = Backoff(FakeClock())
    taken = [pauses.next(1.0) for _ in range(12)]
    assert 0.75 * FIRST_S <= taken[0] <= FIRST_S
    assert all(0.75 * LONGEST_S <= each <= LONGEST_S for each in taken[-3:])
    assert pauses.next(STABLE_S) <= FIRST_S


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkersServer]:
    with (
        SimulatorProcess("--fast") as simulator,
        WorkersServer(tmp_path_factory.mktemp("two") / "data", 2, simulator.openai_url, simulator.base_url) as running,
    ):
        yield running


def connected(server: WorkersServer) -> "closing[http.client.HTTPConnection]":
    return closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=10))


def ask(server: WorkersServer, tag: str) -> int:
    body = json.dumps({"prompt": f"hi {tag}", "useCase": "draft"})
    headers = {"content-type": "application/json", "authorization": f"Bearer {server.facts['api_key']}"}
    with connected(server) as connection:
        connection.request("POST", "/api/llm", body, {**headers, "x-request-id": tag})
        return connection.getresponse().status


def replaced(server: WorkersServer) -> list[dict[str, Any]]:
    """Return what the action log has of replaced workers."""
    key = server.command("keys", "create", "--account", "acme", "--role", "admin")["key"]
    request = urllib.request.Request(f"{server.base_url}/api/admin/actions", headers={"authorization": f"Bearer {key}"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return [each for each in json.load(answer)["actions"] if each["action"] == "worker.replaced"]


def test_answers_on_a_kept_connection_wait_for_no_acknowledgement(server: WorkersServer) -> None:
    taken = []
    with connected(server) as connection:
        for _ in range(20):
            began = time.perf_counter()
            connection.request("GET", "/livez")
            assert connection.getresponse().read() == b'{"alive":true}'
            taken.append(time.perf_counter() - began)
    assert min(taken) < NAGLE_S


def test_the_console_is_not_there(server: WorkersServer) -> None:
    with connected(server) as connection:
        connection.request("GET", "/health")
        answer = connection.getresponse()
        assert (answer.status, json.load(answer)["error"]["code"]) == (404, "NOT_FOUND")


def test_the_workers_are_listed_as_nodes_with_what_they_run(server: WorkersServer) -> None:
    server.await_that(lambda: len(server.command("nodes")) == 2)
    found = server.command("nodes")
    assert sorted(each["node"]["pid"] for each in found) == server.worker_pids()
    assert [each["node"]["name"].rpartition(":")[2] for each in found] == [f"{server.port}/1", f"{server.port}/2"]
    assert {(each["state"], each["node"]["kind"], each["node"]["limits"]) for each in found} == {
        ("serving", "worker", "divided")
    }
    assert not any(each["behind"] or each["differs"] for each in found)


def test_a_lost_worker_is_replaced_and_its_journal_taken_over(server: WorkersServer) -> None:
    assert [ask(server, f"before-{number}") for number in range(6)] == [200] * 6
    doomed, other = server.worker_pids()
    os.kill(doomed, signal.SIGKILL)
    server.await_that(lambda: "is back" in server.output())
    assert other in server.worker_pids()
    assert doomed not in server.worker_pids()
    assert ask(server, "after") == 200
    server.await_that(lambda: server.command("audit", "verify")["sound"])
    alive = {each["node"]["pid"] for each in server.command("nodes") if each["state"] == "serving"}
    assert set(server.worker_pids()) <= alive
    assert [each["target"] for each in replaced(server)] == ["worker 1"]
    assert "SIGKILL" in replaced(server)[0]["detail"]["ended"]


def test_workers_end_by_themselves_when_their_parent_is_killed(server: WorkersServer) -> None:
    watched = {pid: os.pidfd_open(pid) for pid in server.worker_pids()}
    server.kill()
    left = [pid for pid, end in watched.items() if not select.select([end], [], [], ENDED_WITHIN_S)[0]]
    for each in watched.values():
        os.close(each)
    assert left == []
    assert journal_files(server.folder) == []
