"""``signalbox budgets``: set and listed beside a server, bad amounts refused by name."""

import json
from pathlib import Path

import pytest

from tests.support.command_runs import run_at


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with one account, for all tests here."""
    made = tmp_path_factory.mktemp("budgets")
    assert run_at(made, "migrate")[0] == 0
    assert run_at(made, "accounts", "create", "acme")[0] == 0
    return made


def test_a_budget_is_set_listed_and_changed(folder: Path) -> None:
    code, out, _ = run_at(folder, "budgets", "set", "--account", "acme", "--daily", "12.50", "--json")
    assert code == 0
    (daily, monthly) = json.loads(out)
    assert (daily["budget"]["limit"], daily["own"], daily["word"]) == (12_500_000_000, True, "ok")
    assert (monthly["budget"]["limit"], monthly["own"]) == (1_000_000_000_000, False)
    assert run_at(folder, "budgets", "set", "--account", "acme", "--daily", "0.000000001")[0] == 0
    listed = json.loads(run_at(folder, "budgets", "list", "--json")[1])
    assert sorted(each["budget"]["limit"] for each in listed) == [1, 1_000_000_000_000]


def test_an_amount_that_is_none_is_refused_and_nothing_changes(folder: Path) -> None:
    for amount in ("1,5", "1e400", "-1", "NaN", "0.0000000001", ""):
        code, _, said = run_at(folder, "budgets", "set", "--account", "acme", "--monthly", amount)
        assert (code, "limit" in said) == (2, True), amount
    monthly = [
        each for each in json.loads(run_at(folder, "budgets", "list", "--json")[1]) if len(each["periodKey"]) == 7
    ]
    assert [each["own"] for each in monthly] == [False]


def test_whose_budget_it_is_must_be_said_once_and_exist(folder: Path) -> None:
    assert run_at(folder, "budgets", "set", "--daily", "1")[0] == 2
    assert run_at(folder, "budgets", "set", "--account", "acme", "--installation", "--daily", "1")[0] == 2
    assert run_at(folder, "budgets", "set", "--provider", "nobody", "--daily", "1")[0] == 2
    assert run_at(folder, "budgets", "set", "--account", "acme")[0] == 2


def test_thresholds_are_set_kept_and_a_limit_is_removed(folder: Path) -> None:
    assert run_at(folder, "accounts", "create", "dropped")[0] == 0
    pot = ("--account", "dropped")
    run_at(folder, "budgets", "set", *pot, "--daily", "5", "--threshold", "95", "--threshold", "70")
    (daily, _) = json.loads(run_at(folder, "budgets", "set", *pot, "--daily", "6", "--json")[1])
    assert (daily["budget"]["limit"], daily["budget"]["thresholds"]) == (6_000_000_000, [70, 95])
    assert run_at(folder, "budgets", "set", *pot, "--daily", "6", "--threshold", "0")[0] == 2
    assert run_at(folder, "budgets", "drop", *pot)[0] == 2
    assert run_at(folder, "budgets", "drop", *pot, "--daily", "--mode", "soft")[0] == 2
    code, out, _ = run_at(folder, "budgets", "drop", *pot, "--daily", "--json")
    assert (code, [each["own"] for each in json.loads(out)]) == (0, [False, False])
    assert run_at(folder, "budgets", "drop", *pot, "--daily")[0] == 2


def test_a_top_up_is_asked_for_approved_once_listed_and_ended(folder: Path) -> None:
    assert run_at(folder, "accounts", "create", "topped")[0] == 0
    ask = ("budgets", "topups", "ask", "--account", "topped", "--daily", "20", "--reason", "launch", "--json")
    assert run_at(folder, *ask, "--until", "2999-01-01")[0] == 2
    topup = json.loads(run_at(folder, *ask)[1])
    assert run_at(folder, "budgets", "topups", "approve", topup["id"], "--until", "soon")[0] == 2
    code, out, _ = run_at(folder, "budgets", "topups", "approve", topup["id"], "--amount", "7.5", "--json")
    assert (code, json.loads(out)["amount"]) == (0, 7_500_000_000)
    code, _, said = run_at(folder, "budgets", "topups", "deny", topup["id"], "--note", "no")
    assert (code, "somebody else has decided" in said) == (2, True)
    (listed,) = json.loads(run_at(folder, "budgets", "topups", "list", "--json")[1])
    assert (listed["word"], listed["topUp"]["decidedBy"]) == ("running", "command")
    views = json.loads(run_at(folder, "budgets", "list", "--json")[1])
    daily = next(each for each in views if each["toppedUp"])
    assert daily["limit"] == daily["budget"]["limit"] + 7_500_000_000
    assert "$7.50 until" in " ".join(run_at(folder, "budgets", "list")[1].split())
    assert run_at(folder, "budgets", "topups", "end", topup["id"])[0] == 0
    assert run_at(folder, "budgets", "topups", "end", topup["id"])[0] == 2


def test_what_a_top_up_is_for_must_be_said_once_and_have_a_limit(folder: Path) -> None:
    ask = ("budgets", "topups", "ask", "--reason", "launch")
    assert run_at(folder, *ask, "--daily", "1")[0] == 2
    assert run_at(folder, *ask, "--account", "acme")[0] == 2
    assert run_at(folder, *ask, "--account", "acme", "--daily", "1", "--monthly", "1")[0] == 2
    code, _, said = run_at(folder, *ask, "--installation", "--daily", "1")
    assert (code, "no daily limit" in said) == (2, True)


def test_leases_are_listed_and_one_that_is_not_there_cannot_be_written_off(folder: Path) -> None:
    assert json.loads(run_at(folder, "budgets", "leases", "list", "--json")[1]) == []
    code, _, said = run_at(folder, "budgets", "leases", "write-off", "n1-1")
    assert (code, "no such lease" in said) == (2, True)
