"""What was saved, to the nano-dollar: against the dearest model, by prompt caches, and by our own cache."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from router_core.cost.savings import Period, Savings, work_out_savings
from router_core.ports import MarkedHour, ModelHour
from router_core.types import Rates, Usage

START = datetime(2026, 11, 24, tzinfo=UTC)
MILLION = 1_000_000


def rates(fresh: int, output: int, read: int, write: int, write_1h: int) -> Rates:
    """Return rates in nano-dollars a token."""
    nano = [each * MILLION for each in (fresh, output, read, write, write_1h)]
    return Rates.of(nano[0], nano[1], cache_read=nano[2], cache_write=nano[3], cache_write_1h=nano[4])


CHEAP = rates(100, 400, 50, 125, 200)
DEAR = rates(1_000, 4_000, 100, 1_250, 2_000)
DEAREST = rates(3_000, 9_000, 300, 3_000, 3_000)
BOOK = {"cheap": CHEAP, "dear": DEAR, "dearest": DEAREST}
PERIOD = Period(START, START + timedelta(days=3), lambda hour: hour.date())


def hour(model: str, usage: Usage, *, at: int = 0, **changes: int) -> ModelHour:
    cost = BOOK[model].cost(usage) if model in BOOK else 0
    values = {"requests": 2, "errors": 0, "cached": 0, "cost": cost, "unpriced": 0} | changes
    return ModelHour(hour=START + timedelta(hours=at), model=model, usage=usage, **values)


def ask(
    hours: list[ModelHour], active: tuple[str, ...] = ("cheap", "dear"), marked: tuple[MarkedHour, ...] = ()
) -> Savings:
    return work_out_savings(hours, marked, active, BOOK.get, PERIOD)


def test_routing_is_measured_against_the_dearest_model_that_is_active() -> None:
    used = [hour("cheap", Usage(input_tokens=10, output_tokens=5)), hour("dear", Usage(input_tokens=1))]
    found = ask(used)
    assert found.dearest_model == "dear"
    assert (found.total.spent, found.total.dearest, found.total.routing) == (4_000, 31_000, 27_000)
    assert ask(used, ("cheap",)).total.routing == 3_100 - 4_000


def test_prompt_caching_is_what_reads_save_less_what_writes_cost_more() -> None:
    reads = hour("dear", Usage(input_tokens=7, cache_read_tokens=100))
    writes = hour("dear", Usage(cache_write_tokens=40, cache_write_1h_tokens=4, output_tokens=9), at=1)
    found = ask([reads, writes])
    assert found.total.prompt_caching == 100 * 900 - 40 * 250 - 4 * 1_000


def test_our_own_cache_saves_what_its_requests_would_have_cost_and_nobody_else_gains_by_it() -> None:
    kept = Usage(input_tokens=10, output_tokens=10)
    used = hour("cheap", Usage(input_tokens=15, output_tokens=10), requests=3, cached=2, cost=500)
    mark = MarkedHour(hour=START, model="cheap", estimated=0, cached_usage=kept)
    total = ask([used], marked=(mark,)).total
    assert (total.own_cache, total.cached, total.rated) == (10 * 100 + 10 * 400, 2, 1)
    assert (total.spent, total.dearest) == (500, 5 * 1_000)


def test_a_cache_whose_requests_have_no_usage_on_record_is_told_by_their_number() -> None:
    used = hour("cheap", Usage(), requests=4, cached=4)
    mark = MarkedHour(hour=START, model="cheap", estimated=0, cached_usage=Usage())
    assert (ask([used], marked=(mark,)).total.own_cache, ask([used]).total.cached) == (0, 4)


def test_requests_without_a_price_are_left_out_and_counted() -> None:
    unknown = hour("unknown", Usage(input_tokens=99), requests=5, unpriced=5)
    mixed = hour("cheap", Usage(input_tokens=99), requests=3, unpriced=1)
    total = ask([unknown, mixed, hour("cheap", Usage(input_tokens=1), at=1)]).total
    assert (total.left_out, total.rated, total.spent, total.dearest) == (8, 2, 100, 1_000)


def test_without_any_priced_model_or_any_use_there_is_nothing_to_compare_with() -> None:
    found = ask([hour("cheap", Usage(input_tokens=10))], ("unknown",))
    assert (found.dearest_model, found.total.routing) == (None, 0)
    assert ask([]).dearest_model is None


def test_days_are_those_of_the_calendar_that_is_asked_for() -> None:
    found = ask([hour("cheap", Usage(input_tokens=1), at=23), hour("cheap", Usage(input_tokens=1), at=24)])
    assert [each.day for each in found.days] == [date(2026, 11, 24), date(2026, 11, 25)]


HOURS = st.builds(
    lambda model, at, counts: hour(
        model, Usage(input_tokens=counts[0], cache_read_tokens=counts[1], output_tokens=counts[2]), at=at
    ),
    st.sampled_from(["cheap", "dear", "dearest"]), st.integers(0, 71), st.tuples(*[st.integers(0, 10**9)] * 3),
)  # fmt: skip


@given(st.lists(HOURS, max_size=20))
def test_days_add_up_to_the_total_and_savings_to_the_difference(hours: list[ModelHour]) -> None:
    found = ask(hours, ("cheap", "dear", "dearest"))
    for name in ("rated", "spent", "dearest", "routing", "prompt_caching", "own_cache", "cached", "left_out"):
        assert sum(getattr(each, name) for each in found.days) == getattr(found.total, name)
    assert found.total.spent == sum(each.cost for each in hours)
    assert found.total.dearest - found.total.spent == found.total.routing


def test_what_was_refused_or_failed_counts_for_its_cost_alone() -> None:
    used = hour("cheap", Usage(input_tokens=10), requests=5, errors=3)
    found = ask([used, hour("", Usage(), requests=4, errors=4)])
    assert (found.total.rated, found.total.left_out, found.total.spent) == (2, 0, 1_000)
