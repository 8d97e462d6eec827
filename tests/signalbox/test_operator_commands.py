"""Operators at work on a running server: by HTTP and by commands."""

import json
import subprocess
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.command_runs import run_command
from tests.support.demo_process import DemoProcess
from tests.support.ports import free_port

HAIKU, SONNET, MINI = "anthropic-claude-haiku-4-5", "anthropic-claude-sonnet-4-5", "openai-gpt4o-mini"
GROUPS = (
    ["drills", "start"],
    ["drills", "stop"],
    ["drills", "list"],
    ["breakers", "list"],
    ["breakers", "reset"],
    ["breakers", "open"],
    ["breakers", "close"],
    ["use-cases", "list"],
    ["use-cases", "set"],
    ["use-cases", "reset"],
)


def run(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    done = run_command(*arguments, **environment)
    assert "Traceback" not in done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    with DemoProcess(tmp_path_factory.mktemp("operators") / "data") as running:
        yield running


@pytest.fixture
def command(demo: DemoProcess) -> Callable[..., Any]:
    """Run a command on the demo and return the document that it prints."""

    def command(*arguments: str) -> Any:
        done = run(*arguments, "--data-dir", str(demo.folder), "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return command


def call(demo: DemoProcess, path: str, body: object | None = None, key: str = "admin_api_key") -> Any:
    headers = {"content-type": "application/json", "authorization": f"Bearer {demo.facts[key]}"}
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(demo.base_url + path, data, headers), timeout=60) as answer:
        assert answer.status == 200
        return json.loads(answer.read())


def wait_for(demo: DemoProcess, look: Callable[[], Any]) -> Any:
    """Return what ``look`` returns once that is something."""
    for _ in range(2_000):
        found = look()
        if found:
            return found
        demo.pause()
    raise AssertionError("nothing happened")


def call_in_a_drill(demo: DemoProcess) -> tuple[Any, Any]:
    """Return a drill and the answer to a call that was over before its end; a busy machine needs a longer one."""
    prompt = {"useCase": "draft", "prompt": "Say hello. [[sim:output_tokens=3]]", "explain": True}
    for seconds in (3, 15, 60):
        order = {"provider": HAIKU, "fault": "server_error", "percent": 100, "durationS": seconds, "reason": "game day"}
        drill = call(demo, "/api/admin/drills", order)
        answer = call(demo, "/api/llm", prompt, "api_key")
        if report_of(demo, drill["id"])["active"]:
            return drill, answer
    raise AssertionError("no call was quick enough")


def report_of(demo: DemoProcess, drill: str) -> Any:
    """Return the report of a drill."""
    (found,) = [each for each in call(demo, "/api/admin/drills")["drills"] if each["drill"]["id"] == drill]
    return found


# --- a drill on a whole server -------------------------------------------------------------------------------------


def test_users_do_not_notice_a_drill_which_ends_by_itself_and_is_on_record(demo):
    drill, first = call_in_a_drill(demo)
    assert first["provider"] == MINI
    assert first["decision"]["attempts"][0]["provider"] == HAIKU
    assert first["decision"]["attempts"][0]["outcome"] == "PROVIDER_ERROR"

    def over() -> Any:
        mine = report_of(demo, drill["id"])
        return None if mine["active"] else mine

    report = wait_for(demo, over)
    assert report["drill"]["stoppedBy"] == "system"
    assert (report["requests"] > 0, report["failed"]) == (True, 0)
    assert report["rescued"] + report["cancelled"] == report["requests"]

    def ended() -> Any:
        actions = call(demo, "/api/admin/actions?limit=20")["actions"]
        return [each["action"] for each in actions if each["detail"].get("drill") == drill["id"]][::-1] == [
            "drill.started",
            "drill.ended",
        ]

    assert wait_for(demo, ended)


def test_a_drill_by_command_is_followed_to_its_end(demo, command):
    report = command("drills", "start", SONNET, "--fault", "slow_first_token", "--seconds", "1", "--wait")
    assert (report["active"], report["drill"]["stoppedBy"], report["failed"]) == (False, "system", 0)
    assert command("drills", "list")[0]["drill"]["id"] == report["drill"]["id"]


def test_a_drill_is_stopped_by_command_before_its_time(command):
    drill = command("drills", "start", SONNET, "--fault", "cut", "--percent", "1", "--seconds", "3600")
    stopped = command("drills", "stop", drill["id"])
    assert (stopped["id"], stopped["stoppedBy"]) == (drill["id"], "demo admin")
    assert stopped["stoppedAt"] < drill["endsAt"]


# --- breakers and use cases ----------------------------------------------------------------------------------------


def test_a_breaker_is_forced_and_reset_by_command(demo, command):
    listed = {name: view["state"] for view in command("breakers", "list") for name in view["providers"]}
    opened = command("breakers", "open", SONNET, "--reason", "vendor incident", "--seconds", "600")
    assert (opened["id"], opened["breaker"]["state"]) == (listed[SONNET]["id"], "OPEN")
    reset = command("breakers", "reset", opened["id"])
    assert (reset["breaker"]["state"], reset["breaker"]["forced"]) == ("CLOSED", None)


def test_a_policy_is_changed_field_by_field_and_in_force_at_once(demo, command):
    command("use-cases", "set", "draft", "--mid-stream", "resume", "--hedge", "--hedge-after", "800")
    changed = command("use-cases", "set", "draft", "--first-token", "3", "--hedge-after", "0")
    assert changed["policy"] == {
        "connectS": None, "firstTokenS": 3.0, "idleS": None, "minTokensPerS": 0.0, "midStream": "resume",
        "refusalFailsOver": False, "hedge": True, "hedgeAfterMs": None,
        "strategy": "priority", "order": [], "weights": {}, "canary": None, "sticky": False,
        "cacheTtlS": None, "cacheSimilarity": None,
    }  # fmt: skip
    listed = {each["useCase"]: each for each in command("use-cases", "list")}
    assert (listed["draft"]["policy"], listed["draft"]["isDefault"]) == (changed["policy"], False)
    assert command("use-cases", "reset", "draft")["policy"] is None
    assert all(each["isDefault"] for each in command("use-cases", "list"))


def test_a_strategy_is_set_told_in_words_and_taken_back_piece_by_piece(demo, command):
    order, weights = f"{HAIKU}, {MINI}", f"{HAIKU}=70,{MINI}=30"
    command("use-cases", "set", "draft", "--strategy", "weighted", "--order", order, "--weights", weights)
    changed = command("use-cases", "set", "draft", "--canary", f"{SONNET}=2.5%", "--sticky")["policy"]
    assert {name: changed[name] for name in ("strategy", "order", "weights", "canary", "sticky")} == {
        "strategy": "weighted", "order": [HAIKU, MINI], "weights": {HAIKU: 70, MINI: 30},
        "canary": {"provider": SONNET, "percent": 2.5}, "sticky": True,
    }  # fmt: skip
    shown = run("use-cases", "list", "--data-dir", str(demo.folder), COLUMNS="400").stdout
    assert f"weighted, order {HAIKU} > {MINI}, weights {HAIKU}=70 {MINI}=30, canary {SONNET} 2.5 %, sticky" in shown
    changed = command("use-cases", "set", "draft", "--canary", "", "--order", "", "--weights", "")["policy"]
    assert (changed["strategy"], changed["canary"], changed["order"], changed["weights"]) == ("weighted", None, [], {})
    command("use-cases", "reset", "draft")


@pytest.mark.parametrize("arguments", [["drills", "list"], ["breakers", "list"], ["use-cases", "list"]], ids=" ".join)
def test_people_get_lines_instead_of_a_document(demo, arguments):
    done = run(*arguments, "--data-dir", str(demo.folder), COLUMNS="200")
    assert (done.returncode, done.stderr) == (0, "")
    assert "{" not in done.stdout
    assert done.stdout.strip()


# --- what can be wrong ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", GROUPS, ids=" ".join)
def test_every_command_explains_itself_and_takes_the_usual_options(arguments):
    done = run(*arguments, "--help", COLUMNS="200")
    assert done.returncode == 0
    assert all(option in done.stdout for option in ("--data-dir", "--json", "--url"))


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["drills", "start", "nobody", "--fault", "cut"], "there is no such provider (VALIDATION_ERROR)"),
        (["drills", "start", HAIKU, "--fault", "cut", "--percent", "0"], "--percent must be above 0 and at most 100"),
        (["drills", "start", HAIKU, "--fault", "cut", "--seconds", "4000"], "--seconds must be within 1 and 3600"),
        (["drills", "start", HAIKU, "--fault", "flood"], "'flood' is not one of"),
        (["drills", "start", HAIKU], "Missing option '--fault'"),
        (["drills", "stop", "nothing"], "There is no such drill (NOT_FOUND)"),
        (["drills", "stop", ".."], "a name is needed"),
        (["breakers", "open", HAIKU], "Missing option '--reason'"),
        (["breakers", "open", HAIKU, "--reason", " "], "a reason is required"),
        (["breakers", "close", "nobody", "--reason", "x"], "no such upstream (NOT_FOUND)"),
        (["breakers", "reset", "a/../b"], "no such upstream (NOT_FOUND)"),
        (["use-cases", "set", "draft"], "say what to change"),
        (["use-cases", "set", "draft", "--idle", "0"], "--idle must be above 0"),
        (["use-cases", "set", "nobody", "--hedge"], "there is no use case 'nobody'"),
        (["use-cases", "set", "draft", "--strategy", "luck"], "'luck' is not one of"),
        (["use-cases", "set", "draft", "--order", f"{HAIKU},nobody"], "order: there is no provider 'nobody'"),
        (["use-cases", "set", "draft", "--order", f"{HAIKU},{HAIKU}"], "--order must name each provider once"),
        (["use-cases", "set", "draft", "--weights", f"{HAIKU}=x"], "--weights must be whole numbers by provider"),
        (["use-cases", "set", "draft", "--weights", "nobody=1"], "weights: there is no provider 'nobody'"),
        (["use-cases", "set", "draft", "--weights", f"{SONNET}=1"], "does not serve 'draft'"),
        (["use-cases", "set", "draft", "--canary", f"{HAIKU}=0"], "above 0 and at most 100"),
        (["use-cases", "set", "draft", "--canary", "nobody=5"], "canary.provider: there is no provider 'nobody'"),
    ],
)
def test_wrong_input_is_one_clear_line_and_exit_2(demo, arguments, complaint):
    done = run(*arguments, "--data-dir", str(demo.folder))
    assert (done.returncode, done.stdout) == (2, "")
    assert complaint in done.stderr


def test_without_a_server_it_is_one_clear_line_and_exit_3(tmp_path: Path):
    url = f"http://127.0.0.1:{free_port()}"
    for environment in ({}, {"SIGNALBOX_API_KEY": "sbx_a_b"}):
        done = run("drills", "list", "--url", url, "--data-dir", str(tmp_path / "none"), **environment)
        assert done.returncode == 3
        assert done.stderr.strip() == f"signalbox: no server answers at {url}; start one with: signalbox up"


def test_without_a_key_or_with_a_callers_key_nothing_is_done(demo, tmp_path: Path):
    nowhere = str(tmp_path / "none")
    done = run("breakers", "list", "--url", demo.base_url, "--data-dir", nowhere)
    assert done.returncode == 2
    assert "SIGNALBOX_API_KEY is not set; make an admin key" in done.stderr
    key = demo.facts["api_key"]
    done = run("breakers", "list", "--url", demo.base_url, "--data-dir", nowhere, SIGNALBOX_API_KEY=key)
    assert done.returncode == 1
    assert "FORBIDDEN" in done.stderr
    assert key not in done.stderr
