"""Where an export goes: a file is whole or not there, and what is no plain file stays what it is."""

import os
import stat
import subprocess
import threading
from pathlib import Path

import pytest

from tests.support.command_runs import run_command
from tests.support.demo_process import clean_environment, signalbox_command

HEADER = b"timestamp,request_id,event,"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A data directory with an account, whose making is an act on record."""
    folder = tmp_path / "data"
    assert signalbox(folder, "accounts", "create", "acme").returncode == 0
    return folder


def signalbox(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return run_command(*arguments, "--data-dir", str(folder))


def export(folder: Path, target: Path) -> "subprocess.CompletedProcess[str]":
    return signalbox(folder, "audit", "export", "--format", "csv", "-o", str(target))


def test_a_pipe_is_written_to_and_stays_a_pipe(store: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()), daemon=True)
    reader.start()
    assert export(store, pipe).returncode == 0
    reader.join(timeout=10)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert read[0].startswith(HEADER)
    assert b"account.created" in read[0]


def test_a_link_stays_a_link_and_a_plain_file_is_replaced(store: Path, tmp_path: Path) -> None:
    real, link, beside = tmp_path / "real.csv", tmp_path / "link.csv", tmp_path / "real.csv.part"
    real.write_text("old")
    beside.write_text("somebody else's")
    link.symlink_to(real)
    assert export(store, link).returncode == 0
    assert link.is_symlink()
    assert real.read_bytes().startswith(HEADER)
    real.write_text("old")
    assert export(store, real).returncode == 0
    assert real.read_bytes().startswith(HEADER)
    assert stat.S_IMODE(real.stat().st_mode) == 0o600
    assert beside.read_text() == "somebody else's"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["data", "link.csv", "real.csv", "real.csv.part"]


def test_what_cannot_be_written_is_one_clear_line_and_exit_2(store: Path, tmp_path: Path) -> None:
    for target in (tmp_path, tmp_path / "nowhere" / "rows.csv"):
        ended = export(store, target)
        assert ended.returncode == 2
        assert "cannot be written" in ended.stderr
        assert "Traceback" not in ended.stderr
    assert [each.name for each in tmp_path.iterdir()] == ["data"]


def test_a_full_disk_behind_standard_output_is_told_as_such(store: Path) -> None:
    command = signalbox_command("audit", "export", "--format", "csv", "--data-dir", str(store))
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, env=clean_environment(), text=True, check=False
        )
    assert (done.returncode, done.stderr) == (
        3, "signalbox: standard output cannot be written: No space left on device\n"
    )  # fmt: skip
