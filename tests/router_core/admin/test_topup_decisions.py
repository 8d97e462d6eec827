"""A decision that another process took in the same moment: it stands, and the act that came to nothing is on record."""

from collections.abc import Collection, Sequence
from datetime import timedelta

import pytest
from msgspec import structs

from router_core.admin.topups import TopUpApproval, TopUpOrder, TopUpParts, TopUps
from router_core.budgets.memory_topups import MemoryTopUps
from router_core.errors import OverloadedError, ValidationError
from router_core.security.memory_stores import MemoryAccountStore
from router_core.types import BudgetScope, TopUp, TopUpState
from tests.support.fake_clock import FakeClock
from tests.support.operator_desk import OperatorDesk, operator, operator_desk
from tests.support.treasury_desk import TreasuryDesk, treasury_desk

ADMIN = operator("admin")
ORDER = TopUpOrder(amount="20", reason="launch sk-proj-abcdefghijklmnopqrstuvwxyz0123456789")


class Behind:
    """Top-ups as a process sees them that looked just before another one decided."""

    def __init__(self, inner: MemoryTopUps, seen: TopUp) -> None:
        self._inner = inner
        self._seen = seen

    async def add(self, topup: TopUp) -> None:
        await self._inner.add(topup)

    async def change(self, topup: TopUp, was: TopUpState) -> None:
        await self._inner.change(topup, was)

    async def one(self, topup_id: str) -> TopUp | None:
        return self._seen

    async def recent(self, of: Collection[tuple[BudgetScope, str]] | None, limit: int) -> Sequence[TopUp]:
        return await self._inner.recent(of, limit)


def _desks() -> tuple[OperatorDesk, TreasuryDesk]:
    clock = FakeClock()
    desk = operator_desk(clock)
    return desk, treasury_desk(MemoryAccountStore(), desk.trail, clock)


async def test_who_is_overtaken_is_told_and_the_record_says_that_nothing_came_of_it() -> None:
    desk, money = _desks()
    asked = await money.topups.ask(ORDER, ADMIN)
    parts = money.topups._parts
    late = TopUps(
        TopUpParts(
            config=parts.config, settings=parts.settings, topups=Behind(money.requests, asked), trail=desk.trail,
            refresh=parts.refresh, clock=parts.clock,
        )
    )  # fmt: skip
    await money.topups.deny(asked.id, "no", ADMIN)
    with pytest.raises(ValidationError, match="somebody else has decided"):
        await late.approve(asked.id, TopUpApproval(), ADMIN)
    assert desk.log.verbs == ["topup.asked", "topup.denied", "topup.approved", "topup.approved_in_vain"]
    found = await money.requests.one(asked.id)
    assert found is not None
    assert found.state == "denied"


async def test_what_cannot_be_written_down_does_not_happen() -> None:
    desk, money = _desks()
    asked = await money.topups.ask(ORDER, ADMIN)
    desk.log.down = True
    with pytest.raises(OverloadedError):
        await money.topups.approve(asked.id, TopUpApproval(), ADMIN)
    with pytest.raises(OverloadedError):
        await money.topups.ask(ORDER, ADMIN)
    assert [each.state for each in await money.requests.recent(None, 10)] == ["pending"]


async def test_keys_that_slip_into_a_reason_are_masked() -> None:
    _, money = _desks()
    asked = await money.topups.ask(ORDER, ADMIN)
    assert "abcdefghijklmnop" not in asked.reason


async def test_a_request_whose_end_has_passed_needs_another_one() -> None:
    _, money = _desks()
    asked = await money.topups.ask(ORDER, ADMIN)
    clock = money.topups._parts.clock
    assert isinstance(clock, FakeClock)
    clock.advance(86_400.0)
    with pytest.raises(ValidationError) as refused:
        await money.topups.approve(asked.id, TopUpApproval(), ADMIN)
    assert refused.value.field == "until"
    until = clock.utcnow() + timedelta(hours=1)
    assert (await money.topups.approve(asked.id, TopUpApproval(until=until), ADMIN)).state == "approved"


async def test_nobody_fills_the_queue_alone() -> None:
    _, money = _desks()
    for _ in range(5):
        await money.topups.ask(ORDER, ADMIN)
    with pytest.raises(ValidationError, match="5 requests of yours") as refused:
        await money.topups.ask(ORDER, ADMIN)
    assert refused.value.field == "target"
    for number in range(15):
        await money.topups.ask(ORDER, structs.replace(ADMIN, id=f"other-{number}"))
    with pytest.raises(ValidationError, match="20 requests that wait already"):
        await money.topups.ask(ORDER, structs.replace(ADMIN, id="one-more"))
    first, *_ = await money.requests.recent(None, 1)
    await money.topups.deny(first.id, "no", ADMIN)
    await money.topups.ask(ORDER, structs.replace(ADMIN, id="one-more"))
