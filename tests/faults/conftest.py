"""One server between two simulated vendors for each file, impatient enough for short tests."""

import asyncio
from collections.abc import Iterator, Sequence

import pytest

from tests.faults.scenario import Plan, measure_baseline
from tests.faults.stage import Stage, Waits, open_stage
from tests.faults.traffic import Seen


@pytest.fixture(scope="session")
def waits() -> Waits:
    return Waits(request=6.0, first_token=1.0, cooldown=1.0)


@pytest.fixture(scope="session")
def plan() -> Plan:
    return Plan(rate=30.0, seconds=3.0, baseline_s=3.0, pause_s=0.0)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory, waits: Waits) -> Iterator[Stage]:
    with open_stage(tmp_path_factory.mktemp("faults"), waits) as opened:
        yield opened


@pytest.fixture(scope="module")
def baseline(stage: Stage, plan: Plan) -> Sequence[Seen]:
    return asyncio.run(measure_baseline(stage, plan))
