"""The original's tracker and estimator: its shapes, its messages, its figures."""

from datetime import timedelta
from decimal import Decimal

import pytest

from router_core.budgets.tracker import BudgetTracker
from router_core.cost.estimator import CostEstimator
from router_core.errors import ModelNotFoundError
from tests.support.core_fakes import PRICES
from tests.support.fake_clock import FakeClock


def test_a_cost_estimate_is_exact() -> None:
    assert CostEstimator(PRICES).estimate_cost("gpt-4o-mini", 1_000, 500) == Decimal("0.00045")


def test_a_model_without_a_price_is_an_error_and_not_free() -> None:
    with pytest.raises(ModelNotFoundError, match="gpt-99"):
        CostEstimator(PRICES).estimate_cost("gpt-99", 1, 1)


def test_a_budget_that_has_no_room_is_402_with_the_originals_message() -> None:
    tracker = BudgetTracker(daily_budget=100, monthly_budget=1_000, clock=FakeClock())
    assert tracker.track_cost("account-123", "95.50", "gpt-4o-mini").status == 200
    refused = tracker.track_cost("account-123", Decimal(10))
    assert (refused.status, refused.code) == (402, "PAYMENT_REQUIRED")
    assert refused.message == "Daily budget exceeded. Current: $95.50, Request: $10.00, Limit: $100.00"
    assert tracker.track_cost("another", "10").status == 200


def test_the_status_has_the_originals_shape() -> None:
    tracker = BudgetTracker(clock=FakeClock())
    tracker.track_cost("a", "82.30")
    assert tracker.get_status("a") == {
        "dailyUsed": 82.3,
        "dailyBudget": 100.0,
        "dailyPercentage": 82.3,
        "monthlyUsed": 82.3,
        "monthlyBudget": 1000.0,
        "monthlyPercentage": 8.2,
        "alerts": ["Daily budget at 82.3% ($82.30/$100.00)"],
    }


def test_the_status_of_a_budget_of_cents_is_exact() -> None:
    tracker = BudgetTracker(daily_budget=Decimal("0.0015"), clock=FakeClock())
    tracker.track_cost("a", "0.00135")
    assert tracker.get_status("a")["alerts"] == ["Daily budget at 90.0% ($0.00135/$0.0015)"]


def test_a_new_day_begins_at_nothing_and_the_month_goes_on() -> None:
    clock = FakeClock()
    tracker = BudgetTracker(daily_budget=100, monthly_budget=150, clock=clock)
    assert tracker.track_cost("a", "100").status == 200
    clock.advance(86_400)
    assert tracker.track_cost("a", "50").status == 200
    assert tracker.track_cost("a", "0.01").message == (
        "Monthly budget exceeded. Current: $150.00, Request: $0.01, Limit: $150.00"
    )


def test_a_million_small_costs_add_up_exactly() -> None:
    tracker = BudgetTracker(daily_budget=10, clock=FakeClock())
    for _ in range(1_000):
        tracker.track_cost("a", "0.003")
    assert tracker.get_status("a")["dailyUsed"] == 3.0


def test_a_top_up_adds_to_the_limit_until_it_ends() -> None:
    clock = FakeClock()
    tracker = BudgetTracker(daily_budget=10, clock=clock)
    tracker.top_up("acme", "daily", "5", clock.utcnow() + timedelta(hours=1))
    assert tracker.track_cost("acme", "14").status == 200
    assert tracker.get_status("acme")["dailyBudget"] == 15.0
    assert tracker.get_status("other")["dailyBudget"] == 10.0
    clock.advance(3_600.0)
    refused = tracker.track_cost("acme", "0.01")
    assert (refused.status, refused.budget_status["dailyBudget"]) == (402, 10.0)
    with pytest.raises(ValueError, match="above 0"):
        tracker.top_up("acme", "daily", "0", clock.utcnow())
