"""Of which refusals people are told that a budget is spent."""

from typing import Any

import pytest

from router_core.budgets.alarms import spent_out_alerts
from router_core.types import SpentOut
from tests.support.fake_clock import START
from tests.support.record_events import event

POT = "account:acme:daily"


def _spent(**changes: Any) -> SpentOut:
    """Return that of ten dollars nearly all was gone when a call came, unless changed."""
    values: dict[str, Any] = {
        "budget": POT, "period": "2026-03-01", "mode": "hard", "limit": 10**10, "spent": 9_990_000_000,
        "asked": 20_000_000,
    }  # fmt: skip
    return SpentOut(**{**values, **changes})


def _told(*refused: SpentOut, error_code: str | None = "PAYMENT_REQUIRED") -> list[str]:
    return [each.subject for each in spent_out_alerts([event(1, refused=refused, error_code=error_code)], START)]


def test_a_budget_that_refuses_what_does_not_fit_any_more_is_told_with_limit_spent_and_what_was_asked() -> None:
    (found,) = spent_out_alerts([event(1, refused=(_spent(),))], START)
    assert (found.kind, found.subject, found.period, found.threshold) == ("spent_out", POT, "2026-03-01", 0)
    assert (found.limit, found.spent, found.detail, found.at) == (10**10, 9_990_000_000, "$0.02", START)


def test_many_refusals_are_one_alert_for_each_pot_period_and_limit() -> None:
    events = [
        event(1, refused=(_spent(), _spent(spent=10**10))),
        event(2, refused=(_spent(), _spent(limit=9_990_000_001))),
        event(3, refused=(_spent(period="2026-03-02"), _spent(budget="key:k1:daily"))),
    ]
    found = spent_out_alerts(events, START)
    assert len(found) == len({each.id for each in found}) == 4
    assert found[0].spent == 9_990_000_000


@pytest.mark.parametrize(("spent", "told"), [(0, []), (9, []), (10, [POT]), (50, [POT])])
def test_a_call_that_is_dearer_than_the_whole_limit_is_told_only_once_the_limit_is_reached(
    spent: int, told: list[str]
) -> None:
    assert _told(_spent(limit=10, spent=spent, asked=11)) == told


def test_a_budget_that_lets_a_cheaper_model_serve_is_told_when_the_request_was_refused_all_the_same() -> None:
    assert _told(_spent(mode="downgrade"), error_code=None) == []
    assert _told(_spent(mode="downgrade"), error_code="PROVIDER_ERROR") == []
    assert _told(_spent(mode="downgrade")) == [POT]


@pytest.mark.parametrize("mode", ["hard", "downgrade"])
def test_a_provider_that_is_passed_over_because_its_budget_is_spent_is_told(mode: str) -> None:
    assert _told(_spent(budget="provider:dear:daily", mode=mode), error_code=None) == ["provider:dear:daily"]


def test_a_hard_budget_that_refused_a_second_call_is_told_however_the_request_ended() -> None:
    assert _told(_spent(), error_code="PROVIDER_ERROR") == [POT]


def test_a_request_that_nobody_refused_raises_nothing() -> None:
    assert spent_out_alerts([event(1), event(2)], START) == []
