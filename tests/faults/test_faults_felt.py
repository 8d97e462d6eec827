"""A provider fails in every way for a few seconds under traffic: the rules of the long run, in CI's time."""

from collections.abc import Sequence

import pytest

from tests.faults.fault_kinds import FAULTS, FaultKind
from tests.faults.scenario import Plan, run_fault
from tests.faults.stage import Stage, Waits
from tests.faults.traffic import Seen


@pytest.mark.alone
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
async def test_callers_do_not_notice(
    fault: FaultKind, stage: Stage, plan: Plan, waits: Waits, baseline: Sequence[Seen]
):
    figures = await run_fault(stage, fault, plan, waits, baseline)
    assert figures.requests == round(plan.rate * plan.seconds)
    broken = [f"{each.rule}: {each.found}, allowed {each.limit}" for each in figures.findings if not each.holds]
    assert not broken, f"{broken}; {figures.reasons}"
