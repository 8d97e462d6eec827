"""``signalbox providers keys`` and what the start makes of stored keys."""

import json
from pathlib import Path

import pytest

from signalbox.settings import read_settings
from signalbox.summary import summarize, worst_exit_code
from tests.support.command_runs import run_command

NAME = "openai-gpt4o-mini"
KEY, MASK = "sk-live-0123456789abcdefWXYZ", "sk-li...WXYZ"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory of its own for all tests here."""
    return tmp_path_factory.mktemp("provider-keys")


def keys(folder: Path, *arguments: str, stdin: str = "") -> tuple[int, str, str]:
    done = run_command("providers", "keys", *arguments, "--data-dir", str(folder), stdin=stdin)
    assert "Traceback" not in done.stdout + done.stderr
    assert KEY not in done.stdout + done.stderr
    return done.returncode, done.stdout, done.stderr


def test_a_key_is_read_from_standard_input_listed_masked_and_removed(folder: Path) -> None:
    code, out, _ = keys(folder, "add", NAME, "--label", "main", "--weight", "30", "--json", stdin=f"{KEY}\n")
    made = json.loads(out)
    assert (code, made["mask"], made["label"], made["weight"]) == (0, MASK, "main", 30)
    (listed,) = json.loads(keys(folder, "list", NAME, "--json")[1])
    assert (listed["id"], listed["createdBy"], listed["state"]) == (made["id"], "command", "ready")
    assert all(KEY.encode() not in each.read_bytes() for each in folder.iterdir() if each.is_file())
    checked = run_command("check", "--data-dir", str(folder))
    assert (checked.returncode, "stored keys: 1 of providers" in checked.stdout) == (0, True)
    assert keys(folder, "remove", NAME, made["id"])[1].strip() == f"removed {MASK}"
    checked = run_command("check", "--data-dir", str(folder))
    assert (checked.returncode, "signalbox providers keys add" in checked.stdout) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "stdin", "told"),
    [
        (("add", NAME), "", "must not be empty"),
        (("add", NAME), f"{MASK}\n", "is a mask"),
        (("add", NAME), "k" * 10_240, "must have 4 to 512"),
        (("add", NAME, KEY), "", "never taken as an argument"),
        (("add", NAME, "--weight", "0"), KEY, "`weight`"),
        (("add", "none"), KEY, "no such provider"),
        (("remove", NAME, "none"), "", "no such key"),
    ],
)
def test_what_is_wrong_ends_with_2_and_says_why(
    folder: Path, arguments: tuple[str, ...], stdin: str, told: str
) -> None:
    code, _, err = keys(folder, *arguments, stdin=stdin)
    assert code == 2
    assert told in err


def test_a_start_needs_a_key_of_the_environment_or_a_stored_one() -> None:
    without, own = read_settings({}), read_settings({"OPENAI_API_KEY": "sk-1"})
    assert worst_exit_code(summarize(without)) == 2
    assert worst_exit_code(summarize(without, stored_keys=2)) == 0
    assert worst_exit_code(summarize(without, stored_keys=None)) == 1
    assert worst_exit_code(summarize(own, stored_keys=None)) == 0
