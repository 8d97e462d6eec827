"""``signalbox budgets``: set and listed beside a server, bad amounts refused by name."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def _run(folder: Path, *arguments: str) -> tuple[int, str, str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SIGNALBOX_")}
    command = [sys.executable, "-c", "from signalbox.cli import main; main()", *arguments, "--data-dir", str(folder)]
    done = subprocess.run(command, check=False, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with one account, for all tests here."""
    made = tmp_path_factory.mktemp("budgets")
    assert _run(made, "migrate")[0] == 0
    assert _run(made, "accounts", "create", "acme")[0] == 0
    return made


def test_a_budget_is_set_listed_and_changed(folder: Path) -> None:
    code, out, _ = _run(folder, "budgets", "set", "--account", "acme", "--daily", "12.50", "--json")
    assert code == 0
    (daily, monthly) = json.loads(out)
    assert (daily["budget"]["limit"], daily["own"], daily["word"]) == (12_500_000_000, True, "ok")
    assert (monthly["budget"]["limit"], monthly["own"]) == (1_000_000_000_000, False)
    assert _run(folder, "budgets", "set", "--account", "acme", "--daily", "0.000000001")[0] == 0
    listed = json.loads(_run(folder, "budgets", "list", "--json")[1])
    assert sorted(each["budget"]["limit"] for each in listed) == [1, 1_000_000_000_000]


def test_an_amount_that_is_none_is_refused_and_nothing_changes(folder: Path) -> None:
    for amount in ("1,5", "1e400", "-1", "NaN", "0.0000000001", ""):
        code, _, said = _run(folder, "budgets", "set", "--account", "acme", "--monthly", amount)
        assert (code, "limit" in said) == (2, True), amount
    monthly = [each for each in json.loads(_run(folder, "budgets", "list", "--json")[1]) if len(each["periodKey"]) == 7]
    assert [each["own"] for each in monthly] == [False]


def test_whose_budget_it_is_must_be_said_once_and_exist(folder: Path) -> None:
    assert _run(folder, "budgets", "set", "--daily", "1")[0] == 2
    assert _run(folder, "budgets", "set", "--account", "acme", "--installation", "--daily", "1")[0] == 2
    assert _run(folder, "budgets", "set", "--provider", "nobody", "--daily", "1")[0] == 2
    assert _run(folder, "budgets", "set", "--account", "acme")[0] == 2
