"""A bill against our record: exact drifts, names brought together, and nothing that depends on the order of lines."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router_core.cost.bill import Bill, BillLine
from router_core.cost.reconciliation import KnownModel, OurDay, Reconciliation, parse_tolerance, reconcile
from router_core.errors import ValidationError
from router_core.types import model_family

DAY = date(2026, 11, 24)
ONE = Decimal(1)


def known(name: str) -> KnownModel:
    vendor = {"gpt": "openai", "claude": "anthropic"}.get(name.partition("-")[0], "")
    return KnownModel(vendor, model_family(name))


def ours(model: str = "gpt-4o", **changes: int) -> OurDay:
    values = {"requests": 3, "tokens": 1_000, "cost": 5_000_000} | changes
    return OurDay(day=DAY, model=model, **values)


def theirs(model: str = "gpt-4o", tokens: int | None = 1_000, cost: int | None = 5_000_000) -> BillLine:
    return BillLine(day=DAY, model=model, tokens=tokens, cost=cost)


def ask(record: list[OurDay], lines: list[BillLine], tolerance: Decimal = ONE) -> Reconciliation:
    return reconcile(Bill(tuple(lines)), record, known, tolerance)


def test_drift_is_told_in_tokens_nano_dollars_and_percent() -> None:
    found = ask([ours(tokens=1_010, cost=4_900_000)], [theirs()])
    (line,) = found.lines
    assert (line.tokens.amount, line.tokens.percent, line.tokens.within) == (10, 1.0, True)
    assert (line.cost.amount, line.cost.percent, line.cost.within) == (-100_000, -2.0, False)
    assert not found.within
    assert ask([ours(tokens=1_010, cost=4_900_000)], [theirs()], Decimal(2)).within


def test_dated_names_are_brought_together() -> None:
    record = [ours("gpt-4o", tokens=600, cost=2_000_000), ours("gpt-4o-2024-11-20", tokens=400, cost=3_000_000)]
    (line,) = ask(record, [theirs("gpt-4o-2024-08-06")]).lines
    assert (line.model, line.names) == ("gpt-4o", ("gpt-4o-2024-08-06", "gpt-4o-2024-11-20"))
    assert (line.tokens.amount, line.cost.amount, line.within) == (0, 0, True)


def test_lines_that_one_side_alone_has_are_there_and_do_not_agree() -> None:
    found = ask([ours("gpt-4o"), ours("gpt-4o-mini")], [theirs("gpt-4o"), theirs("gpt-5")])
    only = {each.model: (each.ours is None, each.theirs is None, each.within) for each in found.lines}
    assert only == {
        "gpt-4o": (False, False, True), "gpt-4o-mini": (False, True, False), "gpt-5": (True, False, False),
    }  # fmt: skip
    assert {each.model: each.cost.percent for each in found.lines} == {
        "gpt-4o": 0.0, "gpt-4o-mini": None, "gpt-5": -100.0,
    }  # fmt: skip
    assert found.totals.within
    assert not found.within


def test_models_of_a_vendor_whose_bill_it_is_not_are_left_out_by_name() -> None:
    found = ask([ours("gpt-4o"), ours("claude-haiku-4-5"), ours("local-llama")], [theirs("gpt-4o")])
    assert found.left_out == ("claude-haiku-4-5",)
    assert [each.model for each in found.lines] == ["gpt-4o", "local-llama"]


def test_what_has_no_price_is_never_zero_and_never_agrees() -> None:
    found = ask([ours(cost=0, unpriced=3)], [theirs()])
    (line,) = found.lines
    assert line.ours is not None
    assert (line.ours.cost, line.ours.unpriced) == (None, 3)
    assert (line.cost.amount, line.cost.within, line.tokens.within) == (None, False, True)


def test_estimates_and_batch_work_are_marked() -> None:
    batch = BillLine(day=DAY, model="gpt-4o", tokens=1, cost=1, batch=True)
    (line,) = ask([ours(estimated=2)], [theirs(), batch]).lines
    assert line.ours is not None
    assert line.theirs is not None
    assert (line.ours.estimated, line.theirs.batch, line.theirs.lines) == (2, 1, 2)


def test_only_what_the_bill_has_is_compared() -> None:
    no_cost = ask([ours()], [theirs(cost=None)])
    assert (no_cost.totals.cost.amount, no_cost.totals.tokens.amount, no_cost.within) == (None, 0, True)
    no_tokens = ask([ours(cost=1)], [theirs(tokens=None)])
    assert (no_tokens.totals.tokens.amount, no_tokens.within) == (None, False)


def test_requests_that_used_nothing_make_no_line() -> None:
    assert len(ask([ours(), ours("", tokens=0, cost=0)], [theirs()]).lines) == 1


@pytest.mark.parametrize("text", ["", "-1", "101", "1e1", "NaN", "1,5", "0.1234567", "1.", " 1", "\u0661"])
def test_a_tolerance_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValidationError) as caught:
        parse_tolerance(text)
    assert caught.value.field == "tolerance"


MODELS = st.sampled_from(["gpt-4o", "gpt-4o-2024-08-06", "gpt-4o-mini", "gpt-5"])
DAYS = st.integers(0, 3).map(lambda number: DAY + timedelta(days=number))
LINES = st.builds(
    BillLine,
    day=DAYS,
    model=MODELS,
    tokens=st.integers(0, 10**9),
    cost=st.integers(-(10**9), 10**15),
    batch=st.booleans(),
)
RECORD = st.builds(
    OurDay,
    day=DAYS,
    model=MODELS,
    requests=st.integers(1, 9),
    tokens=st.integers(0, 10**9),
    cost=st.integers(0, 10**15),
)


@given(lines=st.lists(LINES, min_size=1, max_size=12), record=st.lists(RECORD, max_size=12), data=st.data())
def test_the_order_of_lines_and_splitting_them_change_nothing(
    lines: list[BillLine], record: list[OurDay], data: st.DataObject
) -> None:
    parts = []
    for each in lines:
        tokens, cost = data.draw(st.integers(0, each.tokens or 0)), data.draw(st.integers(-(10**9), 10**9))
        parts.append(BillLine(day=each.day, model=each.model, tokens=tokens, cost=cost, batch=each.batch))
        rest = (each.tokens or 0) - tokens, (each.cost or 0) - cost
        parts.append(BillLine(day=each.day, model=each.model, tokens=rest[0], cost=rest[1], batch=each.batch))
    whole = ask(record, lines)
    split = ask(data.draw(st.permutations(record)), data.draw(st.permutations(parts)))
    assert split.within == whole.within
    assert [(each.day, each.model, each.ours, each.tokens, each.cost) for each in split.lines] == [
        (each.day, each.model, each.ours, each.tokens, each.cost) for each in whole.lines
    ]
    assert (split.totals.tokens, split.totals.cost) == (whole.totals.tokens, whole.totals.cost)


@given(record=st.lists(RECORD, min_size=1, max_size=12))
def test_a_bill_made_of_our_own_figures_has_no_drift(record: list[OurDay]) -> None:
    bill = [BillLine(day=each.day, model=each.model, tokens=each.tokens, cost=each.cost) for each in record]
    found = ask(record, bill, Decimal(0))
    assert found.within
    assert all((each.tokens.amount, each.cost.amount) == (0, 0) for each in (*found.lines, found.totals))


@given(lines=st.lists(LINES, min_size=1, max_size=12), record=st.lists(RECORD, max_size=12))
def test_the_lines_add_up_to_the_totals(lines: list[BillLine], record: list[OurDay]) -> None:
    found = ask(record, lines)
    assert sum(each.tokens.amount or 0 for each in found.lines) == found.totals.tokens.amount
    assert sum(each.cost.amount or 0 for each in found.lines) == found.totals.cost.amount
