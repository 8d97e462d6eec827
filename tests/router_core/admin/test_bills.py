"""The facade of bills, savings and outlooks: rights, bounds, and budgets of others."""

from datetime import datetime, timedelta

import pytest

from router_core.admin.bills import MOST_NAMES
from router_core.errors import ForbiddenError, NotFoundError
from router_core.ports import AccountRecord
from router_core.security.memory_stores import MemoryAccountStore
from router_core.types import PersonRole, Principal, Usage
from tests.support.bills_desk import BillsDesk, bills_desk
from tests.support.fake_clock import FakeClock
from tests.support.operator_desk import operator_desk
from tests.support.record_events import event
from tests.support.treasury_desk import treasury_desk

NOW = datetime.fromisoformat("2026-11-24T12:30:00+00:00")
BILL = b"date,model,cost\n2026-11-24,gpt-4o,1\n"


def person(role: PersonRole) -> Principal:
    return Principal(kind="person", id=role, name=role, role=role, accounts=("acme",))


@pytest.fixture
async def desk() -> BillsDesk:
    clock, accounts = FakeClock(start=NOW), MemoryAccountStore()
    for name in ("acme", "other"):
        await accounts.create(AccountRecord(id=name, name=name, timezone="UTC", is_active=True, created_at=NOW))
    return bills_desk(treasury_desk(accounts, operator_desk(clock).trail, clock), clock)


async def test_who_may_not_read_bills_is_refused_everything(desk: BillsDesk) -> None:
    for role in ("viewer", "operator", "prompt_engineer"):
        who = person(role)
        asked = (
            desk.bills.reconcile(BILL, who), desk.bills.savings(1, who), desk.bills.outlook("model", who),
            desk.bills.course("default:acme:daily", who),
        )  # fmt: skip
        for each in asked:
            with pytest.raises(ForbiddenError):
                await each


async def test_a_bill_is_compared_only_by_who_sees_every_account(desk: BillsDesk) -> None:
    with pytest.raises(ForbiddenError):
        await desk.bills.reconcile(BILL, person("analyst"))
    assert not (await desk.bills.reconcile(BILL, person("admin"))).within


async def test_the_course_of_a_budget_is_for_those_who_see_the_budget(desk: BillsDesk) -> None:
    desk.usage.record(event(1, timestamp=NOW - timedelta(hours=2), cost=5))
    course = await desk.bills.course("default:acme:daily", person("analyst"))
    assert (course.so_far[0].spent, course.so_far[-1].at) == (0, NOW)
    with pytest.raises(NotFoundError):
        await desk.bills.course("default:other:daily", person("analyst"))


async def test_an_outlook_has_at_most_fifty_names_and_the_dearest_of_them(desk: BillsDesk) -> None:
    for number in range(MOST_NAMES + 10):
        desk.usage.record(event(number, timestamp=NOW, model=f"m{number}", cost=1 + number))
    found = await desk.bills.outlook("model", person("owner"))
    assert [each.name for each in found] == [f"m{number}" for number in range(MOST_NAMES + 9, 9, -1)]


async def test_what_our_cache_answered_is_on_no_bill(desk: BillsDesk) -> None:
    usage = Usage(input_tokens=100)
    desk.usage.record(event(1, timestamp=NOW, model="gpt-4o", usage=usage, cost=10**9))
    desk.usage.record(event(2, timestamp=NOW, model="gpt-4o", usage=usage, cost=0, cached=True))
    bill = b"date,model,tokens,cost\n2026-11-24,gpt-4o,100,1\n"
    (line,) = (await desk.bills.reconcile(bill, person("owner"))).lines
    assert line.ours is not None
    assert (line.ours.requests, line.ours.tokens, line.within) == (1, 100, True)
    saved = await desk.bills.savings(1, person("owner"))
    assert (saved.total.cached, saved.total.own_cache, saved.total.rated) == (1, 250_000, 1)
