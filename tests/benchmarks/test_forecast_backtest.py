"""Forecasts are nearer to the truth than a straight line, on months made of recorded day shapes."""

import os
from pathlib import Path

import pytest

from benchmarks.forecast_backtest import backtest


def test_a_forecast_is_nearer_than_a_straight_line() -> None:
    folder = os.environ.get("TEST_TRACES")
    if folder is None:
        assert not os.environ.get("REQUIRE_TEST_DATA"), "TEST_TRACES is not set"
        pytest.skip("TEST_TRACES is not set: no recorded traces to read")
    found = backtest(Path(folder), step_days=3)
    assert found.ours < found.straight_line
    assert found.ours_early < found.straight_line_early
    assert 0.6 <= found.covered <= 0.98
