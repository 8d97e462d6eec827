"""``signalbox encryption`` on a data directory, as people run it."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from db.engine import make_engine
from db.migration_guard import rotation_guard
from tests.support.command_runs import run_at, run_command

OLD, NEW = (base64.b64encode(bytes(range(start, start + 32))).decode() for start in (0, 150))


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with a store and a key file."""
    folder = tmp_path_factory.mktemp("vault")
    code, _, notes = run_at(folder, "accounts", "create", "acme")
    assert (code, notes) == (0, "")
    return folder


def change_master(folder: Path, given: str, **environment: str) -> tuple[int, str, str]:
    done = run_command(
        "encryption", "rotate", "--master", "--json", "--data-dir", str(folder), stdin=f"{given}\n", **environment
    )
    return done.returncode, done.stdout, done.stderr


@contextmanager
def rotating(folder: Path) -> Iterator[None]:
    """Hold the lock of who rotates."""
    engine = make_engine(f"sqlite:///{folder / 'signalbox.db'}")
    with rotation_guard(engine):
        yield
    engine.dispose()


def test_the_state_is_one_document_and_no_secret(started: Path) -> None:
    code, output, _ = run_at(started, "encryption", "status", "--json")
    found = json.loads(output)
    assert (code, found["state"], found["unreadable"], found["waiting"]) == (0, "settled", 0, 0)
    assert [each["state"] for each in found["keys"] if each["state"] != "retired"] == ["primary"]


def test_a_rotation_gives_the_list_of_secrets_and_a_second_at_once_is_a_conflict(started: Path) -> None:
    before = json.loads(run_at(started, "encryption", "status", "--json")[1])["keys"][-1]["version"]
    assert run_at(started, "encryption", "rotate", "--json")[:2] == (0, "[]\n")
    with rotating(started):
        code, output, notes = run_at(started, "encryption", "rotate")
        assert (code, output) == (4, "")
        assert "Another rotation of keys is running" in notes
    keys = json.loads(run_at(started, "encryption", "status", "--json")[1])["keys"]
    assert [each["version"] for each in keys if each["state"] == "primary"] == [before + 1]


def test_the_key_file_is_replaced_with_the_new_master_key_in_one_step(started: Path) -> None:
    root = run_at(started, "audit", "verify")
    code, output, _ = change_master(started, NEW)
    assert (code, json.loads(output)) == (0, {"finished": True, "late": []})
    assert (started / "encryption.key").read_bytes() == base64.b64decode(NEW)
    assert (started / "encryption.key").stat().st_mode & 0o777 == 0o600
    assert run_at(started, "audit", "verify")[0] == root[0] == 0
    assert change_master(started, NEW)[0] == 0


@pytest.mark.parametrize("given", ["changeme", "", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "a passphrase of some length"])
def test_what_cannot_be_a_master_key_or_stand_in_a_key_file_is_refused_and_not_shown(started: Path, given: str) -> None:
    key = (started / "encryption.key").read_bytes()
    code, output, notes = change_master(started, given)
    assert (code, output) == (2, "")
    assert not given or given not in notes
    assert (started / "encryption.key").read_bytes() == key


def test_a_key_of_the_environment_is_changed_by_starting_anew_with_the_other_one(tmp_path: Path) -> None:
    assert run_at(tmp_path, "accounts", "create", "acme", SIGNALBOX_ENCRYPTION_KEY=OLD)[0] == 0
    code, output, _ = change_master(tmp_path, NEW, SIGNALBOX_ENCRYPTION_KEY=OLD)
    assert (code, json.loads(output)) == (0, {"finished": False, "late": []})
    for key in (OLD, NEW):
        assert run_at(tmp_path, "accounts", "list", SIGNALBOX_ENCRYPTION_KEY=key)[0] == 0
    assert run_at(tmp_path, "encryption", "rotate", SIGNALBOX_ENCRYPTION_KEY=OLD)[0] == 4
    assert json.loads(change_master(tmp_path, NEW, SIGNALBOX_ENCRYPTION_KEY=NEW)[1])["finished"]
    store = (tmp_path / "signalbox.db").read_bytes()
    for command in (("encryption", "rotate"), ("check",)):
        code, output, notes = run_at(tmp_path, *command, SIGNALBOX_ENCRYPTION_KEY=OLD)
        assert code == 2
        assert "SIGNALBOX_ENCRYPTION_KEY is not the key" in output + notes
    assert (tmp_path / "signalbox.db").read_bytes() == store
    assert not (tmp_path / "encryption.key").exists()
