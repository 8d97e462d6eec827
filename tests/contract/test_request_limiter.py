"""Buckets, whoever keeps them: all of a request or nothing, true waits, leases that end, limits that are edited."""

import math
from collections.abc import Sequence

import pytest

from router_core.ports import Draw, LimitAnswer, LimitAsk
from router_core.types import Bucket, Limit
from tests.support.limiter_kinds import LimiterRig

LIMIT = Limit(scope="account", target="acme", requests_per_second=10, burst=5, tokens_per_minute=600, concurrency=2)
REQUESTS, TOKENS, PLACES = LIMIT.buckets()
OTHER = Bucket("key:k1:requests", "key", "requests", 2.0, 1.0)
PROVIDER = Bucket("provider:slow:requests", "provider", "requests", 1.0, 0.5)


async def take(
    rig: LimiterRig, *draws: Draw, lease: str = "r1", choices: Sequence[Sequence[Draw]] = ((),)
) -> LimitAnswer:
    return await rig.limiter.take(LimitAsk(lease, draws, tuple(tuple(each) for each in choices)))


async def left(rig: LimiterRig, *buckets: Bucket) -> list[float]:
    return [round(each.left, 3) for each in await rig.limiter.look(buckets)]


async def test_a_burst_is_let_in_and_the_next_is_told_how_long_to_wait(limiter_rig: LimiterRig) -> None:
    answers = [await take(limiter_rig, Draw(REQUESTS, 1)) for _ in range(6)]
    assert [each.chosen for each in answers] == [0] * 5 + [None]
    assert [round(each.left[0]) for each in answers] == [4, 3, 2, 1, 0, 0]
    assert answers[-1].waits == pytest.approx((0.1,))
    await limiter_rig.pass_time(0.1)
    assert (await take(limiter_rig, Draw(REQUESTS, 1))).chosen == 0


async def test_a_request_that_one_bucket_refuses_takes_nothing_from_any(limiter_rig: LimiterRig) -> None:
    for _ in range(2):
        await take(limiter_rig, Draw(OTHER, 1))
    refused = await take(limiter_rig, Draw(REQUESTS, 1), Draw(TOKENS, 100), Draw(PLACES, 1), Draw(OTHER, 1))
    assert refused.chosen is None
    assert refused.waits == pytest.approx((0, 0, 0, 1.0))
    assert await left(limiter_rig, REQUESTS, TOKENS, PLACES, OTHER) == [5, 600, 2, 0]


async def test_the_first_choice_that_fits_is_taken_and_the_others_are_not(limiter_rig: LimiterRig) -> None:
    choices = ((Draw(PROVIDER, 1),), (Draw(OTHER, 1),))
    answers = [await take(limiter_rig, Draw(REQUESTS, 1), choices=choices) for _ in range(4)]
    assert [each.chosen for each in answers] == [0, 1, 1, None]
    assert answers[1].passed[0] == pytest.approx((2.0,))
    assert [len(each.passed) for each in answers] == [0, 1, 1, 2]
    assert await left(limiter_rig, REQUESTS) == [2]


async def test_a_choice_that_needs_nothing_always_fits(limiter_rig: LimiterRig) -> None:
    answers = [await take(limiter_rig, choices=((Draw(PROVIDER, 1),), ())) for _ in range(3)]
    assert [each.chosen for each in answers] == [0, 1, 1]


async def test_tokens_are_trued_up_in_both_directions(limiter_rig: LimiterRig) -> None:
    await take(limiter_rig, Draw(TOKENS, 500))
    limiter_rig.limiter.give("r1", [Draw(TOKENS, 400)])
    await limiter_rig.settled()
    assert await left(limiter_rig, TOKENS) == [500]
    limiter_rig.limiter.give("r1", [Draw(TOKENS, -700)])
    await limiter_rig.settled()
    assert await left(limiter_rig, TOKENS) == [-200]
    refused = await take(limiter_rig, Draw(TOKENS, 10))
    assert refused.waits == pytest.approx((21.0,))


async def test_what_is_put_back_never_makes_more_than_full(limiter_rig: LimiterRig) -> None:
    limiter_rig.limiter.give("r1", [Draw(TOKENS, 10_000)])
    await limiter_rig.settled()
    assert await left(limiter_rig, TOKENS) == [600]


async def test_a_request_of_more_than_a_bucket_holds_waits_until_it_is_full(limiter_rig: LimiterRig) -> None:
    assert (await take(limiter_rig, Draw(TOKENS, 900))).chosen == 0
    assert await left(limiter_rig, TOKENS) == [-300]
    assert (await take(limiter_rig, Draw(TOKENS, 900))).waits == pytest.approx((90.0,))


async def test_places_are_held_until_their_request_ends(limiter_rig: LimiterRig) -> None:
    answers = [await take(limiter_rig, Draw(PLACES, 1), lease=name) for name in ("one", "two", "three")]
    assert [each.chosen for each in answers] == [0, 0, None]
    assert answers[-1].waits[0] > 0
    for _ in range(2):
        limiter_rig.limiter.give("one", [Draw(PLACES, 1)])
    await limiter_rig.settled()
    assert await left(limiter_rig, PLACES) == [1]
    assert (await take(limiter_rig, Draw(PLACES, 1), lease="three")).chosen == 0


async def test_an_edited_limit_keeps_what_was_taken(limiter_rig: LimiterRig) -> None:
    for _ in range(4):
        await take(limiter_rig, Draw(REQUESTS, 1))
    larger = Bucket(REQUESTS.key, "account", "requests", 20.0, 10.0)
    assert await left(limiter_rig, larger) == [16]
    smaller = Bucket(REQUESTS.key, "account", "requests", 2.0, 0.5)
    # Of two requests no more than two are missing.
    assert (await take(limiter_rig, Draw(smaller, 1))).waits == pytest.approx((2.0,))
    assert await left(limiter_rig, smaller) == [0]
    faster = Bucket(REQUESTS.key, "account", "requests", 5.0, 1_000.0)
    assert await left(limiter_rig, faster) == [1]


async def test_refusals_are_counted_where_they_came_from_and_forgotten_after_a_while(limiter_rig: LimiterRig) -> None:
    for _ in range(8):
        await take(limiter_rig, Draw(REQUESTS, 1), Draw(OTHER, 0.01))
    assert [each.throttled for each in await limiter_rig.limiter.look([REQUESTS, OTHER])] == [3, 0]
    await limiter_rig.pass_time(900)
    assert [each.throttled for each in await limiter_rig.limiter.look([REQUESTS])] == [0]


@pytest.mark.parametrize("per_second", [0.5, 3.0, 7.7])
async def test_a_client_that_waits_in_whole_seconds_as_told_is_never_refused_twice(
    limiter_rig: LimiterRig, per_second: float
) -> None:
    bucket = Bucket("account:obedient:requests", "account", "requests", 3.0, per_second)
    refused = 0
    for _ in range(40):
        answer = await take(limiter_rig, Draw(bucket, 1), Draw(TOKENS, 7))
        if answer.chosen is None:
            refused += 1
            await limiter_rig.pass_time(max(1, math.ceil(max(answer.waits))))
            assert (await take(limiter_rig, Draw(bucket, 1), Draw(TOKENS, 7))).chosen == 0
    assert refused > 5
