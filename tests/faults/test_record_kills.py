"""Killed under traffic: what reached a client is on record once, what was called is on record, to the nano-dollar."""

from pathlib import Path

import pytest

from tests.faults.record_kills import run_kills


def test_nothing_is_lost_or_counted_twice_on_sqlite(tmp_path: Path) -> None:
    found = run_kills(tmp_path, kills=2, store=None)
    assert found.faults == []
    assert found.served > 50


@pytest.mark.postgres
def test_nothing_is_lost_or_counted_twice_on_postgresql(tmp_path: Path, postgres_url: str) -> None:
    found = run_kills(tmp_path, kills=2, store=postgres_url)
    assert found.faults == []
    assert found.served > 50
