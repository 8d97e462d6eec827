"""``signalbox limits``: set, listed and removed in the store, wrong figures refused by name."""

import json
from pathlib import Path

import pytest

from tests.support.command_runs import run_at


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with one account, for all tests here."""
    made = tmp_path_factory.mktemp("limits")
    assert run_at(made, "migrate")[0] == 0
    assert run_at(made, "accounts", "create", "acme")[0] == 0
    return made


def test_a_limit_is_set_listed_and_removed(folder: Path) -> None:
    code, out, _ = run_at(folder, "limits", "set", "--account", "acme", "--rps", "3", "--burst", "9", "--json")
    assert (code, json.loads(out)["requestsPerSecond"], json.loads(out)["burst"]) == (0, 3.0, 9)
    listed = json.loads(run_at(folder, "limits", "list", "--json")[1])
    assert [(each["scope"], each["requestsPerSecond"]) for each in listed] == [("account", 3.0)]
    code, out, _ = run_at(folder, "limits", "drop", "--account", "acme", "--json")
    assert (code, json.loads(out)["requestsPerSecond"]) == (0, 10.0)


@pytest.mark.parametrize(("option", "name"), [("--use-case", "draft"), ("--provider", "openai-gpt4o")])
def test_use_cases_and_providers_have_limits_too(folder: Path, option: str, name: str) -> None:
    code, out, _ = run_at(folder, "limits", "set", option, name, "--tokens-per-minute", "900", "--json")
    assert (code, json.loads(out)["tokensPerMinute"], json.loads(out)["target"]) == (0, 900, name)
    assert run_at(folder, "limits", "drop", option, name)[0] == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--rps", "1"), "--account, --key"),
        (("--account", "acme", "--use-case", "draft", "--rps", "1"), "--account, --key"),
        (("--account", "acme"), "requestsPerSecond"),
        (("--account", "acme", "--rps", "0"), "requestsPerSecond"),
        (("--account", "acme", "--rps", "1", "--burst", "0"), "burst"),
        (("--account", "nobody", "--rps", "1"), "account"),
        (("--key", "nobody", "--rps", "1"), "no such API key"),
        (("--use-case", "nothing", "--rps", "1"), "no such use case"),
    ],
)
def test_what_cannot_be_is_refused(folder: Path, arguments: tuple[str, ...], said: str) -> None:
    code, _, text = run_at(folder, "limits", "set", *arguments)
    assert (code, said in text) == (2, True)


def test_a_reset_needs_a_running_server(folder: Path) -> None:
    code, _, text = run_at(folder, "limits", "reset", "--account", "acme", "--url", "http://127.0.0.1:9")
    assert (code, "no server answers" in text) == (3, True)
