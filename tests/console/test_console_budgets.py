"""The Budgets screen, run as Streamlit runs it: sums, bars, alerts, CSV, and limits that are changed."""

import csv
import io
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from console.budgets.spending import by_day, by_name, spend_csv
from router_core.clock import SystemClock
from router_core.errors import ValidationError
from router_core.ports import SpendHour
from tests.console.budget_fakes import budget_view
from tests.console.conftest import OpenConsole
from tests.console.console_fakes import FakeBackend


def this_hour() -> datetime:
    """Return the beginning of this hour: it may be another than that in which this file was read."""
    return SystemClock().utcnow().replace(minute=0, second=0, microsecond=0)


def hour(name: str, cost: int, hours_ago: int = 0, unpriced: int = 0) -> SpendHour:
    return SpendHour(
        hour=this_hour() - timedelta(hours=hours_ago), name=name, requests=3, tokens=700, cost=cost, unpriced=unpriced
    )


def _filled() -> FakeBackend:
    backend = FakeBackend()
    backend.views = [budget_view(100, 45), budget_view(50, 42), budget_view(10, 12), budget_view(None, 3)]
    backend.hours = [hour("gpt-4o", 2_000_000_000), hour("", 500_000, 30), hour("odd", 0, unpriced=2)]
    return backend


def _html(app: Any) -> str:
    return "\n".join(each.value for each in app.get("html"))


def test_every_budget_has_a_bar_and_a_spent_one_says_exceeded(open_console: OpenConsole) -> None:
    app = open_console(_filled(), page="budgets", view="Limits")
    assert not app.exception
    told = "".join(str(each.proto) for each in app.get("html"))
    assert told.count("listitem") == 4
    assert "exceeded" in told
    assert "near its limit" in told
    assert "no limit" in told
    assert "Account Acme Corporation" in told


def test_what_is_expected_is_told_with_its_interval_and_when_the_limit_is_reached(open_console: OpenConsole) -> None:
    backend = _filled()
    backend.views = [budget_view(50, 42)]
    now = this_hour()
    backend.past = {now - timedelta(hours=number): 6_000_000_000 for number in range(1, 30 * 24)}
    told = "".join(str(each.proto) for each in open_console(backend, page="budgets", view="Limits").get("html"))
    assert "expected by then ($" in told
    assert "limit reached" in told


def test_sums_are_told_and_what_has_no_price_is_called_unpriced(open_console: OpenConsole) -> None:
    app = open_console(_filled(), page="budgets")
    values = {each.label: each.value for each in app.metric}
    assert values["Requests"] == "9"
    assert values["Unpriced requests"] == "2"
    table = app.dataframe[0].value
    assert list(table["Provider"]) == ["gpt-4o", "none", "odd"]
    assert list(table["Cost"]) == ["$2.00", "$0.0005", "unpriced"]


def test_a_budget_is_set_through_the_dialog_and_a_refusal_is_shown(open_console: OpenConsole) -> None:
    backend = _filled()
    app = open_console(backend, page="budgets", view="Limits")
    app.button(key="budget_change").click().run()
    app.text_input(key="budget_limit").set_value("1,5").run()
    backend.refusal = ValidationError("limit must be an amount of dollars", field="limit")
    app.button(key="budget_do").click().run()
    assert app.error[0].value.startswith("limit must be")
    backend.refusal = None
    app.text_input(key="budget_limit").set_value("12.50").run()
    app.button(key="budget_do").click().run()
    (order,) = backend.limits_set
    assert (order.scope, order.target, order.period, order.limit, order.mode) == (
        "account", "acme", "daily", "12.50", "hard",
    )  # fmt: skip


def test_who_may_only_read_sees_no_way_to_change_a_limit(open_console: OpenConsole) -> None:
    backend = _filled()
    backend.may_only_look = True
    app = open_console(backend, page="budgets", view="Limits")
    assert not [each for each in app.button if each.key == "budget_change"]


def test_without_any_spending_the_screen_says_so(open_console: OpenConsole) -> None:
    app = open_console(FakeBackend(), page="budgets")
    assert not app.exception
    assert "Nothing was spent" in app.info[0].value


def test_the_sum_of_the_parts_is_the_whole_to_the_nano_dollar() -> None:
    hours = [hour("a", 1), hour("b", 2, 5), hour("a", 3, 50)]
    days = by_day(hours, ZoneInfo("Europe/Berlin"))
    assert sum(each.cost for each in days) == sum(each.cost for each in by_name(hours)) == 6


def test_days_are_those_of_the_viewer() -> None:
    late = SpendHour(hour=datetime(2026, 11, 24, 23, tzinfo=UTC), name="a", requests=1, tokens=1, cost=1, unpriced=0)
    assert [each.day for each in by_day([late], ZoneInfo("Europe/Berlin"))] == [date(2026, 11, 25)]
    assert [each.day for each in by_day([late], ZoneInfo("America/New_York"))] == [date(2026, 11, 24)]


def test_the_csv_is_exact_and_no_formula() -> None:
    days = by_day([hour("=HYPERLINK(1)", 1), hour('with "quotes", and comma', 1_234_567_891)], ZoneInfo("UTC"))
    rows = list(csv.reader(io.StringIO(spend_csv(days, "model").decode())))
    assert rows[0] == ["day", "model", "requests", "tokens", "cost_usd", "unpriced_requests"]
    assert {(row[1], row[4]) for row in rows[1:]} == {
        ("'=HYPERLINK(1)", "0.000000001"), ('with "quotes", and comma', "1.234567891"),
    }  # fmt: skip
