"""Outlook, savings and bills on the Budgets screen, run as Streamlit runs it."""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from msgspec import structs

from console.budgets.bills import bill_csv
from console.budgets.course import course_csv, course_figure, course_words
from console.budgets.outlook import outlook_csv
from console.budgets.savings import savings_csv, savings_figure
from router_core.admin.bills import BudgetCourse
from router_core.budgets.forecast import forecast
from router_core.budgets.outlook import course_so_far
from router_core.clock import SystemClock
from router_core.errors import OverloadedError
from router_core.types import NANO_PER_USD, Principal, Usage, parse_usd
from tests.console.budget_fakes import budget_view
from tests.console.conftest import OpenConsole
from tests.console.console_fakes import OWNER, FakeBackend
from tests.support.bills_desk import BOOK
from tests.support.record_events import event

USAGE = Usage(input_tokens=1_000, cache_read_tokens=500, output_tokens=100)
COST = BOOK["gpt-4o-mini"].cost(USAGE) or 0
ANALYST = Principal(kind="person", id="u9", name="an@example.com", role="analyst", accounts=("acme",))
UTC_ZONE = ZoneInfo("UTC")


def _now() -> datetime:
    """Return this moment: tests run many minutes after this file is read, and today may be another day then."""
    return SystemClock().utcnow()


def _filled() -> FakeBackend:
    backend, now = FakeBackend(), _now()
    backend.people["analyst-token"] = ANALYST
    backend.views = [budget_view(100, 45), budget_view(50, 42), budget_view(None, 3)]
    for hours in range(1, 100):
        backend.past[now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=hours)] = NANO_PER_USD
    for number in range(30):
        at = now - timedelta(hours=3 * number)
        backend.bills.usage.record(event(number, timestamp=at, provider="p1", usage=USAGE, cost=COST))
    backend.bills.usage.record(event(90, timestamp=now, provider="p2", model="odd", usage=USAGE, cost=None))
    return backend


def _bill(text: str) -> tuple[str, bytes, str]:
    return ("bill.csv", text.encode(), "text/csv")


def _table(app: Any, column: str) -> Any:
    return next(each.value for each in app.dataframe if column in each.value.columns)


def _read(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode())))


def test_the_budget_nearest_to_its_limit_is_drawn_first_and_told_in_words(open_console: OpenConsole) -> None:
    app = open_console(_filled(), page="budgets", view="Limits")
    assert not app.exception
    assert app.selectbox(key="course_budget").value == "b50"
    told = next(each.value for each in app.caption if "spent so far" in each.value).replace("\\", "")
    assert "$42.00 spent so far of $50.00" in told
    assert "is expected by" in told
    assert "four times in five between $" in told
    app.selectbox(key="course_budget").set_value("bNone").run()
    assert any("no limit" in each.value for each in app.caption)


def test_every_name_that_spends_has_an_outlook_and_what_has_no_price_is_called_unpriced(
    open_console: OpenConsole,
) -> None:
    app = open_console(_filled(), page="budgets", view="Outlook")
    table = _table(app, "By month's end")
    assert list(table["Provider"]) == ["p1", "p2"]
    assert (table["Today"][1], table["This month"][1], table["Unpriced"][1]) == ("unpriced", "unpriced", "1")
    app.segmented_control(key="outlook_by").set_value("installation").run()
    assert list(_table(app, "By month's end")["Everything"]) == ["all together"]


def test_a_supposed_limit_says_when_it_would_be_reached_and_a_bad_one_is_refused(open_console: OpenConsole) -> None:
    app = open_console(_filled(), page="budgets", view="Outlook")
    app.text_input(key="outlook_suppose").set_value("0.000001").run()
    assert _table(app, "By month's end")["Limit reached"][0] == "supposed: already"
    app.text_input(key="outlook_suppose").set_value("1,5").run()
    assert "`suppose` must be an amount" in app.error[0].value


def test_savings_are_told_with_the_model_that_they_are_measured_against(open_console: OpenConsole) -> None:
    app = open_console(_filled(), page="budgets")
    values = {each.label: each.value for each in app.metric}
    there = BOOK["gpt-4o"].cost(USAGE) or 0
    assert values["Saved by routing"].replace("\\", "") == f"${30 * (there - COST) / NANO_PER_USD:.4f}"
    assert values["Saved by the response cache"].replace("\\", "") == "$0.00"
    assert values["Answered from it"] == "0"
    assert any("on gpt\\-4o alone" in each.value or "on gpt-4o alone" in each.value for each in app.caption)


def test_a_bill_is_uploaded_and_compared_line_by_line(open_console: OpenConsole) -> None:
    backend = _filled()
    app = open_console(backend, page="budgets", view="Bills")
    assert app.button(key="bill_compare").disabled
    day = _now().date().isoformat()
    app.file_uploader(key="bill_file").set_value(_bill(f"date,model,tokens,cost\n{day},gpt-4o-mini,5,0.001\n")).run()
    app.button(key="bill_compare").click().run()
    assert "2 of 2 lines drift beyond 1 %" in app.error[0].value
    table = _table(app, "Verdict")
    assert list(table["Model"]) == ["gpt-4o-mini", "odd"]
    assert table["Our cost"][1] == "unpriced"
    assert "only ours" in table["Notes"][1]
    app.text_input(key="bill_tolerance").set_value("1,5").run()
    app.button(key="bill_compare").click().run()
    assert "tolerance" in app.error[0].value


def test_a_bill_that_agrees_says_so(open_console: OpenConsole) -> None:
    backend = FakeBackend()
    backend.bills.usage.record(event(1, timestamp=datetime(2026, 3, 1, 5, tzinfo=UTC), usage=USAGE, cost=COST))
    app = open_console(backend, page="budgets", view="Bills")
    text = f"date,model,tokens,cost\n2026-03-01,gpt-4o-mini,1600,0.{COST:09d}\n"
    app.file_uploader(key="bill_file").set_value(_bill(text)).run()
    app.button(key="bill_compare").click().run()
    assert "Within 1 % on every line" in app.success[0].value


def test_wrong_lines_of_a_bill_are_listed_by_number_and_column(open_console: OpenConsole) -> None:
    app = open_console(_filled(), page="budgets", view="Bills")
    app.file_uploader(key="bill_file").set_value(_bill("date,model,cost\nx,m,y\n")).run()
    app.button(key="bill_compare").click().run()
    assert "nothing of it was compared" in app.error[0].value
    faults = _table(app, "What is wrong")
    assert list(zip(faults["Line"], faults["Column"], strict=True)) == [(2, "date"), (2, "cost")]


def test_who_does_not_see_every_account_compares_no_bill(open_console: OpenConsole) -> None:
    app = open_console(_filled(), token="analyst-token", page="budgets")
    assert not app.exception
    assert "Bills" not in app.segmented_control(key="view").options
    assert "Bills" in open_console(_filled(), page="budgets").segmented_control(key="view").options


def test_a_store_out_of_reach_is_told(open_console: OpenConsole) -> None:
    backend = _filled()
    backend.bills.error = OverloadedError("The store is busy")
    app = open_console(backend, page="budgets")
    assert not app.exception
    assert not [each for each in app.metric if each.label.startswith("Saved")]


@pytest.fixture
def course() -> BudgetCourse:
    """A budget of 50 dollars of which 42 are spent, a dollar an hour before and expected."""
    view = budget_view(50, 42)
    starts = view.ends - timedelta(days=1)
    now = view.ends - timedelta(hours=5)
    hours = {starts.replace(minute=0, second=0, microsecond=0) + timedelta(hours=number): 10**9 for number in range(30)}
    past = {now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=n): 3 * 10**9 for n in range(1, 200)}
    ahead = forecast(
        history=past, now=now, end=view.ends, spent=view.spent, limit=view.budget.limit, zone=UTC_ZONE
    )  # fmt: skip
    so_far = course_so_far(hours, starts, now, view.spent)
    return BudgetCourse(view=view, so_far=tuple(so_far), ahead=ahead)


def test_the_course_s_csv_is_exact_and_has_every_point_of_the_chart(course: BudgetCourse) -> None:
    rows = _read(course_csv(course))
    assert rows[0] == ["at", "what", "usd", "low_usd", "high_usd", "limit_usd"]
    assert [row[1] for row in rows[1:]] == ["spent"] * len(course.so_far) + ["expected"] * len(course.ahead.path)
    assert rows[len(course.so_far)][2] == "42.000000"
    last = course.ahead.path[-1]
    assert rows[-1][2:] == [
        f"{each // 10**9}.{f'{each % 10**9:09d}'.rstrip('0').ljust(6, '0')}"
        for each in (last.expected, last.low, last.high, 50 * 10**9)
    ]


def test_the_chart_marks_the_limit_and_when_it_is_reached(course: BudgetCourse) -> None:
    traces = {each["name"]: each for each in course_figure(course, UTC_ZONE, "#ff0000")["data"]}
    assert set(traces) == {"Spent", "At least", "Four times in five", "Expected", "Limit", "Limit reached"}
    assert traces["Limit"]["y"] == [50.0, 50.0]
    assert traces["Spent"]["y"][-1] == traces["Expected"]["y"][0] == 42.0
    assert course.ahead.exhausted_at is not None
    assert traces["Limit reached"]["x"] == [course.ahead.exhausted_at.strftime("%Y-%m-%dT%H:%M:%S")]
    assert "expected to be reached" in course_words(course, UTC_ZONE, _now())


def test_a_limit_that_was_reached_is_marked_where_it_was() -> None:
    view = budget_view(2, 4)
    now = view.ends - timedelta(hours=5)
    starts = now - timedelta(hours=4)
    first = starts.replace(minute=0, second=0, microsecond=0)
    hours = {first + timedelta(hours=number): 10**9 for number in range(1, 5)}
    ahead = forecast(history={}, now=now, end=view.ends, spent=view.spent, limit=2 * 10**9, zone=UTC_ZONE)
    so_far = course_so_far(hours, starts, now, view.spent)
    late = BudgetCourse(view=view, so_far=tuple(so_far), ahead=ahead)
    traces = {each["name"]: each for each in course_figure(late, UTC_ZONE, "#ff0000")["data"]}
    assert traces["Limit reached"]["x"] == [(first + timedelta(hours=3)).strftime("%Y-%m-%dT%H:%M:%S")]
    told = course_words(late, UTC_ZONE, now)
    assert "There is no past yet" in told
    assert "The limit was reached by" in told


async def test_the_csv_of_savings_outlook_and_bill_is_exact() -> None:
    backend = _filled()
    saved = await backend.bills.savings(30, OWNER, UTC_ZONE)
    rows = _read(savings_csv(saved))
    assert rows[0][:5] == ["day", "dearest_model", "rated_requests", "spent_usd", "dearest_usd"]
    assert sum(parse_usd(row[3]) for row in rows[1:]) == saved.total.spent == 30 * COST
    figure = savings_figure(saved.days, saved.since.date(), _now().date())
    assert [each["name"] for each in figure["data"]] == ["Routing", "Prompt caching", "Response cache"]
    outlook = _read(outlook_csv(await backend.bills.outlook("provider", OWNER), "provider", {}))
    assert [row[0] for row in outlook[1:]] == ["p1", "p2"]
    assert outlook[2][-1] == "1"
    bill = f"date,model,tokens,cost\n{_now().date()},=cmd,5,-0.001\n".encode()
    report = _read(bill_csv(await backend.bills.reconcile(bill, OWNER, 1)))  # type: ignore[arg-type]
    named = {row[1]: row for row in report[1:]}
    assert named["'=cmd"][9:11] == ["-0.001000", "0.001000"]
    assert named["odd"][8] == "unpriced"
    assert report[-1][0] == "total"


def test_the_course_of_a_budget_with_a_top_up_is_measured_by_all_that_may_be_spent() -> None:
    view = structs.replace(budget_view(50, 60), limit=150 * 10**9, topped_up=100 * 10**9, percent=40.0)
    now = view.ends - timedelta(hours=5)
    starts = now - timedelta(hours=4)
    ahead = forecast(history={}, now=now, end=view.ends, spent=view.spent, limit=view.limit, zone=UTC_ZONE)
    course = BudgetCourse(view=view, so_far=tuple(course_so_far({}, starts, now, view.spent)), ahead=ahead)
    told = course_words(course, UTC_ZONE, now)
    assert "$60.00 spent so far of $150.00 (40.0" in told
    assert "reached" not in told
    traces = {each["name"]: each for each in course_figure(course, UTC_ZONE, "#ff0000")["data"]}
    assert traces["Limit"]["y"] == [150.0, 150.0]
