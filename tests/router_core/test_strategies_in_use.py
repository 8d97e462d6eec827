"""A row's calls at once, and what the router learns from its calls for the strategies."""

import asyncio

import pytest

from router_core.errors import LLMProviderError, OverloadedError, TimeoutError
from router_core.types import Canary, ProviderLimits, Snapshot, UseCasePolicy
from tests.support.core_fakes import HANG, CoreRig, PlainKeys, Slow, answer, ask, parts, provider, rig

ONE_AT_ONCE = provider("narrow", limits=ProviderLimits(max_concurrency=1))
OTHER = provider("wide", is_default=True)
ENOUGH_S = 20


def desk(policy: UseCasePolicy | None = None, **fields: object) -> CoreRig:
    """Return a router on a row that takes one call at once, and another."""
    return rig(Snapshot([ONE_AT_ONCE, OTHER], policies={"general": policy or UseCasePolicy()}), **fields)  # type: ignore[arg-type]


async def _served(found: CoreRig) -> list[str]:
    """Return who gets each of two requests at once; the first one's provider says nothing."""
    found.adapters.always("narrow", HANG)
    found.adapters.always("wide", answer())
    first = asyncio.create_task(found.router.complete(ask()))
    await found.adapters.hanging.wait()
    second = await asyncio.wait_for(found.router.complete(ask(explain=True)), ENOUGH_S)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    return [second.provider]


async def test_a_full_row_is_passed_over_as_saturated() -> None:
    found = desk()
    assert await _served(found) == ["wide"]
    (_, dropped) = found.events.events[0].decision.considered
    assert (dropped.provider, dropped.kept, dropped.reason) == ("narrow", False, "already has 1 of 1 calls in flight")
    found.assert_nothing_held()


async def test_a_row_that_is_free_again_is_asked_again() -> None:
    found = desk()
    await _served(found)
    found.adapters.always("narrow", answer())
    assert (await found.router.complete(ask())).provider == "narrow"


async def test_rows_that_share_an_upstream_have_limits_of_their_own() -> None:
    key = PlainKeys({"openai": PlainKeys().key_for(OTHER)})  # type: ignore[dict-item]
    found = desk(keys=key)
    assert len({found.router.upstream_of(row) for row in (ONE_AT_ONCE, OTHER)}) == 1
    assert await _served(found) == ["wide"]


async def test_where_every_row_is_full_the_answer_is_overloaded() -> None:
    found = rig([ONE_AT_ONCE])
    found.adapters.always("narrow", HANG)
    first = asyncio.create_task(found.router.complete(ask()))
    await found.adapters.hanging.wait()
    with pytest.raises(OverloadedError):
        await asyncio.wait_for(found.router.complete(ask()), ENOUGH_S)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    found.assert_nothing_held()


async def _stream(found: CoreRig) -> str:
    served = [part async for part in found.router.stream(ask())]
    return served[-1].response.provider  # type: ignore[union-attr]


async def test_streams_teach_who_is_fast_and_who_became_slow() -> None:
    found = desk(UseCasePolicy(strategy="fastest"))
    found.adapters.always("narrow", (Slow(2.0, parts("late")[0]), *parts("")[1:]))
    found.adapters.always("wide", (Slow(0.2, parts("soon")[0]), *parts("")[1:]))
    served = [await _stream(found) for _ in range(400)]
    assert served[:5] == ["narrow"] * 5
    assert served[-200:] == ["wide"] * 200
    found.adapters.always("wide", (Slow(5.0, parts("late")[0]), *parts("")[1:]))
    served = [await _stream(found) for _ in range(60)]
    assert served[-20:] == ["narrow"] * 20


@pytest.mark.parametrize(("streamed", "samples"), [(True, 6), (False, 5)])
async def test_only_a_stream_that_never_begins_counts_as_slow(streamed: bool, samples: int) -> None:
    found = desk()
    found.adapters.always("narrow", parts("now"))
    for _ in range(5):
        await _stream(found)
    found.adapters.script("narrow", Slow(3.0, TimeoutError(3000, provider="narrow")))
    found.adapters.always("wide", parts("well") if streamed else answer())
    assert (await _stream(found) if streamed else (await found.router.complete(ask())).provider) == "wide"
    upstream = found.router.upstream_of(ONE_AT_ONCE)
    assert upstream is not None
    pace = upstream.first_tokens.pace(found.clock.now())
    assert pace is not None
    assert pace.samples == samples


async def test_answers_teach_how_long_they_are() -> None:
    found = desk(UseCasePolicy(strategy="cheapest"))
    found.adapters.always("narrow", answer(output_tokens=1_000))
    before = found.router.route(ask()).considered[0].reason
    for _ in range(200):
        await found.router.complete(ask())
    after = found.router.route(ask()).considered[0].reason
    assert before.endswith("+ 300 tokens")
    assert after.endswith("+ 1,000 tokens")


async def test_a_canary_that_fails_is_followed_by_the_normal_order() -> None:
    found = desk(UseCasePolicy(canary=Canary("wide", 100)))
    found.adapters.always("wide", LLMProviderError("fell over", provider="wide"))
    found.adapters.always("narrow", answer())
    answered = await found.router.complete(ask())
    assert answered.provider == "narrow"
    assert found.events.only.decision.considered[0].reason == "canary: 100 % of requests"
    found.assert_nothing_held()
