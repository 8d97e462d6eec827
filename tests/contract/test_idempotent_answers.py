"""The contract of what keeps answers under idempotency keys: in memory, in the store and in Redis."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from db.engine import make_engine
from db.hop import StoreHop
from router_core.clock import SystemClock
from router_core.errors import OverloadedError
from router_core.idempotency.redis_answers import KEY_PREFIX, RedisAnswers
from router_core.ports.idempotency import KEPT_S, AnswerClaim, ClaimedAnswer
from router_core.redis_link import LinkPolicy, RedisLink, connect
from router_core.types import Secret
from tests.support.answer_kinds import AnswersRig, memory_answers, redis_answers, sql_answers
from tests.support.redis_server import RedisServer

LEASE_S = 150.0


@pytest.fixture(
    params=[
        "memory",
        "sqlite",
        pytest.param("postgres", marks=pytest.mark.postgres),
        pytest.param("redis", marks=pytest.mark.redis),
    ]
)
async def rig(request: pytest.FixtureRequest) -> AsyncIterator[AnswersRig]:
    """An empty store of one kind."""
    if request.param == "memory":
        yield memory_answers()
    elif request.param == "redis":
        async with redis_answers(request.getfixturevalue("redis_server")) as made:
            yield made
    else:
        hop = StoreHop(make_engine(request.getfixturevalue(f"{request.param}_url")))
        yield sql_answers(hop)
        hop.close()


def claim(place: str = "a1", lease: str = "first", *, body: str = "b0", account: str = "acme") -> AnswerClaim:
    return AnswerClaim(place=place, account_id=account, body=body, lease=lease, lease_s=LEASE_S)


async def test_the_first_has_the_place_and_others_learn_its_body(rig: AnswersRig) -> None:
    assert await rig.store.claim(claim()) is None
    assert await rig.store.claim(claim(lease="second", body="other")) == ClaimedAnswer("b0", None)
    assert await rig.store.claim(claim("a2", "third")) is None


async def test_of_many_at_once_one_has_the_place(rig: AnswersRig) -> None:
    found = await asyncio.gather(*(rig.store.claim(claim(lease=f"lease-{number}")) for number in range(12)))
    assert [each for each in found if each is not None] == [ClaimedAnswer("b0", None)] * 11


async def test_an_answer_is_kept_for_a_day_from_when_it_was_complete(rig: AnswersRig) -> None:
    await rig.store.claim(claim())
    rig.pass_time(100)
    assert await rig.store.keep(claim(), b"sealed\x00\xff")
    rig.pass_time(KEPT_S - 5)
    assert await rig.store.claim(claim(lease="second")) == ClaimedAnswer("b0", b"sealed\x00\xff")
    rig.pass_time(10)
    assert await rig.store.claim(claim(lease="second", body="b1")) is None
    assert await rig.store.claim(claim(lease="third")) == ClaimedAnswer("b1", None)


async def test_who_lets_go_leaves_the_place_to_the_next(rig: AnswersRig) -> None:
    await rig.store.claim(claim())
    await rig.store.release(claim(lease="a stranger"))
    assert await rig.store.claim(claim(lease="second")) is not None
    await rig.store.release(claim())
    assert await rig.store.claim(claim(lease="second")) is None


async def test_an_answer_is_neither_replaced_nor_let_go(rig: AnswersRig) -> None:
    await rig.store.claim(claim())
    assert await rig.store.keep(claim(), b"one")
    assert not await rig.store.keep(claim(), b"two")
    await rig.store.release(claim())
    assert await rig.store.claim(claim(lease="second")) == ClaimedAnswer("b0", b"one")


async def test_a_lease_ends_and_who_had_it_can_keep_nothing_any_more(rig: AnswersRig) -> None:
    await rig.store.claim(claim())
    rig.pass_time(LEASE_S - 5)
    assert await rig.store.claim(claim(lease="second")) is not None
    rig.pass_time(10)
    assert await rig.store.claim(claim(lease="second")) is None
    assert not await rig.store.keep(claim(), b"late")
    await rig.store.release(claim())
    assert await rig.store.keep(claim(lease="second"), b"in time")
    assert await rig.store.claim(claim(lease="third")) == ClaimedAnswer("b0", b"in time")


async def test_the_oldest_answers_of_an_account_make_room_by_number(rig: AnswersRig) -> None:
    await _kept(rig, "other", account="other")
    for number in range(5):
        await _kept(rig, f"n{number}")
    assert await _held(rig, "n0", "n1", "n2", "n3", "n4") == ["n2", "n3", "n4"]
    assert await _held(rig, "other") == ["other"]


async def test_the_oldest_answers_of_an_account_make_room_by_size(rig: AnswersRig) -> None:
    await _kept(rig, "s0", size=600)
    await _kept(rig, "s1", size=300)
    await _kept(rig, "s2", size=400)
    assert await _held(rig, "s0", "s1", "s2") == ["s1", "s2"]
    await _kept(rig, "s3", size=5000)
    assert await _held(rig, "s1", "s2", "s3") == []


async def test_what_has_ended_takes_no_room_and_harms_nobody_who_has_its_place_now(rig: AnswersRig) -> None:
    for place in ("e0", "e1", "e2"):
        await _kept(rig, place, size=300)
    rig.pass_time(KEPT_S + 1)
    assert await rig.store.claim(claim("e0", "again")) is None
    for place in ("f0", "f1", "f2"):
        await _kept(rig, place, size=300)
    assert await _held(rig, "f0", "f1", "f2") == ["f0", "f1", "f2"]
    assert await rig.store.claim(claim("e0", "another")) == ClaimedAnswer("b0", None)


@pytest.mark.redis
async def test_in_redis_everything_is_below_the_prefix_and_ends_by_itself(redis_server: RedisServer) -> None:
    async with redis_answers(redis_server) as rig:
        await _kept(rig, "a1")
        await rig.store.claim(claim("a2"))
    plain = redis_server.client
    names: Any = plain.keys("*")
    assert len(names) == 4
    assert all(name.startswith(KEY_PREFIX.encode()) for name in names)
    assert all(0 < plain.pttl(name) <= KEPT_S * 1000 for name in names)


@pytest.mark.redis
async def test_in_redis_who_asks_again_after_a_lost_reply_has_the_place_still(redis_server: RedisServer) -> None:
    async with redis_answers(redis_server) as rig:
        assert [await rig.store.claim(claim()) for _ in range(2)] == [None, None]
        assert [await rig.store.keep(claim(), text) for text in (b"one", b"one", b"two")] == [True, True, False]
        assert await rig.store.claim(claim(lease="second")) == ClaimedAnswer("b0", b"one")


async def test_a_redis_that_is_away_is_told_as_overloaded() -> None:
    link = RedisLink(connect(Secret("redis://127.0.0.1:1/0"), LinkPolicy()), SystemClock())
    with pytest.raises(OverloadedError):
        await RedisAnswers(link).claim(claim())
    await link.close()


async def _kept(rig: AnswersRig, place: str, *, size: int = 10, account: str = "acme") -> None:
    assert await rig.store.claim(claim(place, account=account)) is None
    assert await rig.store.keep(claim(place, account=account), b"x" * size)
    rig.pass_time(1)


async def _held(rig: AnswersRig, *places: str) -> list[str]:
    """Return those of ``places`` that have an answer; the others are free again afterwards."""
    held = []
    for place in places:
        asked = claim(place, "asks")
        if await rig.store.claim(asked) is None:
            await rig.store.release(asked)
        else:
            held.append(place)
    return held
