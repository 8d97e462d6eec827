"""The trail keeps what the log did not take, in order, and brings it home."""

import asyncio

from router_core.admin import action_trail
from router_core.admin.action_trail import ActionTrail
from router_core.clock import new_ulid
from router_core.types import OperatorAction
from tests.support.fake_clock import FakeClock
from tests.support.operator_desk import FlakyActionLog


def _action(clock: FakeClock, target: str) -> OperatorAction:
    clock.advance(0.001)
    return OperatorAction(
        id=new_ulid(clock), at=clock.utcnow(), actor="Ada", actor_id="u1", role="operator",
        action="breaker.reset", target=target,
    )  # fmt: skip


async def _until(done: object, tries: int = 1_000) -> None:
    for _ in range(tries):
        if done():  # type: ignore[operator]
            return
        await asyncio.sleep(0)
    raise AssertionError("it did not happen")


async def test_what_waits_is_written_in_order_once_the_log_is_back() -> None:
    clock = FakeClock()
    log = FlakyActionLog(clock)
    trail = ActionTrail(log, clock)
    log.down = True
    await trail.report(_action(clock, "first"))
    trail.note(_action(clock, "second"))
    writer = asyncio.create_task(trail.run())
    await _until(lambda: len(clock.waits) > 6)
    log.down = False
    await trail.report(_action(clock, "third"))
    await _until(lambda: trail.waiting == 0)
    writer.cancel()
    assert [each.target for each in reversed(await log.recent(10))] == ["first", "second", "third"]
    assert clock.waits[:6] == [1, 2, 4, 8, 16, 30]


async def test_an_action_that_the_log_has_already_does_not_hold_up_the_others() -> None:
    clock = FakeClock()
    log = FlakyActionLog(clock)
    trail = ActionTrail(log, clock)
    known = _action(clock, "known")
    await log.append(known)
    trail.note(known)
    trail.note(_action(clock, "other"))
    assert await trail.flush()
    assert [each.target for each in reversed(await log.recent(10))] == ["known", "other"]


async def test_memory_stays_bounded_while_the_log_is_away() -> None:
    clock = FakeClock()
    log = FlakyActionLog(clock)
    trail = ActionTrail(log, clock)
    for number in range(action_trail.MOST_WAITING + 5):
        trail.note(_action(clock, str(number)))
    assert trail.waiting == action_trail.MOST_WAITING
    await trail.flush()
    assert (await log.recent(2_000))[-1].target == "5"


async def test_an_action_is_brought_to_the_log_once_by_whoever_comes_first() -> None:
    clock = FakeClock()
    log = FlakyActionLog(clock)
    trail = ActionTrail(log, clock)
    writer = asyncio.create_task(trail.run())
    await asyncio.sleep(0)
    await asyncio.gather(*(trail.report(_action(clock, str(number))) for number in range(5)))
    await _until(lambda: trail.waiting == 0)
    writer.cancel()
    assert (log.asked, len(log.taken)) == (5, 5)


async def test_a_secret_in_the_name_of_what_was_acted_on_is_not_written_down() -> None:
    clock = FakeClock()
    log = FlakyActionLog(clock)
    await ActionTrail(log, clock).report(_action(clock, "sk-proj-Ab12Cd34Ef56Gh78Ij90"))
    assert [each.target for each in await log.recent(1)] == ["sk-proj-***"]
