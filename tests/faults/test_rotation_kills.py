"""Keys are rotated under traffic by a process that is killed: no request fails, every key stays what it was."""

from pathlib import Path

from tests.faults.rotation_kills import run_rotation


def test_no_request_notices_a_rotation_that_is_killed_and_gone_on_with(tmp_path: Path) -> None:
    found = run_rotation(tmp_path, keys=30, kills=3, store=None)
    assert found.faults == []
    assert len(found.killed) == 3
    assert "ended" not in found.killed
    assert found.sent > 100
