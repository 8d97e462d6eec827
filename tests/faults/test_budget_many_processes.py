"""A budget over many processes: exactly what fits reaches the provider, whoever is killed on the way."""

from pathlib import Path

import pytest

from tests.faults.budget_run import BudgetRun, play
from tests.faults.budget_worker import CENT

RUN = BudgetRun(processes=8, at_once=64, requests=5_000, room=700)
KILLED = BudgetRun(processes=8, at_once=64, requests=5_000, room=700, kills=3, seed=7)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def store_url(request: pytest.FixtureRequest) -> str | None:
    return None if request.param == "sqlite" else str(request.getfixturevalue("postgres_url"))


def test_exactly_what_fits_reaches_the_provider(store_url: str | None, tmp_path: Path) -> None:
    outcome = play(RUN, tmp_path, store_url)
    assert (outcome.reached, outcome.ends["served"]) == (RUN.room, RUN.room)
    assert set(outcome.ends) <= {"served", "PAYMENT_REQUIRED", "OVERLOADED", "trips"}
    assert (outcome.spent, outcome.leased, outcome.overage) == (RUN.room * CENT, 0, 0)


def test_killed_processes_overspend_nothing_and_lose_no_lease(store_url: str | None, tmp_path: Path) -> None:
    outcome = play(KILLED, tmp_path, store_url)
    assert outcome.ends["served"] <= outcome.reached <= KILLED.room
    assert (outcome.leased, outcome.overage) == (0, 0)
    assert outcome.reached * CENT <= outcome.spent <= KILLED.room * CENT
