"""Whole routers through thousands of random schedules in virtual time: what is promised holds, and nothing is left."""

import asyncio
import itertools
import random
from collections import Counter
from contextlib import aclosing

from router_core.errors import LLMError
from router_core.types import FinishPart, StartPart, TextDelta
from tests.properties.random_world import CLOSING_S, SAID, World, make_world
from tests.properties.seeds import SCHEDULES, for_each_seed
from tests.support.core_fakes import ask
from tests.support.virtual_loop import VirtualClock, VirtualLoop

GRACE_S = 0.2
FLOOR, SHARE = 3, 0.2
# A repeat is allowed when its call fails and made up to 5 s later; the budget's own window ends at whole seconds.
SURE_WINDOW_S, WIDE_WINDOW_S = 3.5, 15.5


class Drive:
    """Sends the requests of one schedule and notes how long each took."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.longest = 0.0
        self.ended = Counter[str]()

    async def run(self, requests: int) -> None:
        async with asyncio.TaskGroup() as tasks:
            for _ in range(requests):
                await self.world.clock.sleep(self.world.rng.choice((0.0, 0.0, 0.01, 0.1, 0.7)))
                tasks.create_task(self._one())

    async def _one(self) -> None:
        rng, clock = self.world.rng, self.world.clock
        ask_it = self._stream if rng.random() < 0.6 else self._complete
        started = clock.now()
        task = asyncio.create_task(ask_it())
        if rng.random() < 0.3:
            asyncio.get_running_loop().call_later(rng.choice((0.0, 0.005, 0.02, 0.03, 0.3, 1.0)), task.cancel)
        await asyncio.wait({task})
        self.longest = max(self.longest, clock.now() - started)
        if task.cancelled():
            self.ended["cancelled"] += 1
            return
        error = task.exception()
        if error is not None and not isinstance(error, LLMError):
            raise error
        self.ended["success" if error is None else "error"] += 1

    async def _complete(self) -> None:
        answer = await self.world.router.complete(ask())
        assert answer.text == "".join(SAID)

    async def _stream(self) -> None:
        kinds, text, resumed = [], "", False
        async with aclosing(self.world.router.stream(ask())) as parts:
            async for part in parts:
                kinds.append(type(part))
                if isinstance(part, TextDelta):
                    resumed = resumed or (part.text == SAID[0] and bool(text))
                    text += part.text
        assert kinds[0] is StartPart
        assert kinds[-1] is FinishPart
        assert text == "".join(SAID) or resumed, f"told {text!r}"


async def _play(rng: random.Random) -> None:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    world = make_world(VirtualClock(loop, rng), rng)
    drive = Drive(world)
    await drive.run(rng.choice((1, 4, 12, 25)))
    _check_ends(world, drive)
    _check_calls(world)
    _check_rows(world)
    _check_rests(world)
    _check_repeats(world)
    _check_probes(world)
    left = asyncio.all_tasks() - {asyncio.current_task()}
    assert not left, f"tasks left: {left}"


def _check_ends(world: World, drive: Drive) -> None:
    """Every request has one event and one settlement, ended in time, and gave everything back."""
    statuses = Counter(event.status for event in world.events.events)
    assert statuses == drive.ended, f"recorded {statuses}, ended {drive.ended}"
    assert all(len(entry.closes) == 1 for entry in world.ledger.entries), "a reservation was not settled once"
    assert drive.longest <= world.timeout + GRACE_S + 4 * CLOSING_S, f"took {drive.longest} s of {world.timeout} s"
    assert world.router.in_flight == 0
    for upstream in world.router.upstreams.all():
        assert upstream.limiter.in_flight == 0, f"{upstream.id} keeps places"
        probing = upstream.breaker.get_state().state == "HALF_OPEN"
        assert not probing or upstream.breaker.wait_ms() == 0, f"{upstream.id} waits for a probe that is over"
    assert all(call.ended is not None for call in world.calls), "a call was never ended"


def _check_calls(world: World) -> None:
    """No request makes more calls than it may, and each is in its trace."""
    made = Counter(call.event for call in world.calls)
    assert max(made.values(), default=0) <= world.max_calls
    for event in world.events.events:
        told = [each.number for each in event.decision.attempts]
        assert sorted(told) == list(range(1, len(told) + 1)), f"attempts {told}"
        assert len(told) >= made[event.id], "a call is missing from its trace"


def _check_rows(world: World) -> None:
    """No row has more calls at once than it grants."""
    for row, most in world.granted.items():
        turns = [(call.started, 1) for call in world.calls if call.row == row]
        turns += [(call.ended or 0.0, -1) for call in world.calls if call.row == row]
        open_now = 0
        for _, step in sorted(turns):
            open_now += step
            assert most is None or open_now <= most, f"{open_now} calls of {row} at once, {most} are granted"


def _check_rests(world: World) -> None:
    """What a provider asked for is granted: no call begins within the rest. Who was gone by then was not told."""
    told = {event.id for event in world.events.events if event.status != "cancelled"}
    for told_call, until in world.rests:
        since = told_call.ended or 0.0
        if told_call.event in told:
            calls = [call for call in world.calls if call.upstream == told_call.upstream]
            early = [call.started for call in calls if since < call.started < until - 1e-6]
            assert not early, f"called at {early}, within a rest from {since} to {until}"


def _check_repeats(world: World) -> None:
    """Repeats on one upstream stay within the floor or their share, in every window that surely holds them.

    Asking another row is no repeat, even where both rows have the same upstream, and neither is asking again the
    one that came second in a race.
    """
    asked = set[tuple[str, str]]()
    repeats: dict[str, list[float]] = {}
    for call in world.calls:
        if (call.event, call.row) in asked:
            repeats.setdefault(call.upstream, []).append(call.started)
        if not call.given_up:
            asked.add((call.event, call.row))
    for upstream, times in repeats.items():
        calls = [call.started for call in world.calls if call.upstream == upstream]
        for end in times:
            made = sum(end - SURE_WINDOW_S < each <= end for each in times)
            recent = sum(end - WIDE_WINDOW_S < each <= end for each in calls)
            assert made <= max(FLOOR, SHARE * recent), f"{made} repeats, {recent} calls"


def _check_probes(world: World) -> None:
    """While a breaker is half open, one call at a time goes through."""
    for upstream in {call.upstream for call in world.calls}:
        probes = [call for call in world.calls if call.upstream == upstream and call.probe]
        for earlier, later in itertools.pairwise(probes):
            assert earlier.ended is not None
            assert later.started >= earlier.ended, "two probes at once"


def router_schedule(rng: random.Random) -> None:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(_play(rng))


def test_router_keeps_its_promises_whatever_providers_do():
    for_each_seed(SCHEDULES["router"], router_schedule)
