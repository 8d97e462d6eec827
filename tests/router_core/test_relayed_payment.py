"""What is held for a call that came in a vendor's own protocol."""

import pytest
from msgspec import Raw

from router_core.types import LLMRequest, NanoUSD, NativeRequest, RelayedRequest
from tests.support.core_fakes import answer, rig

HAIKU = "anthropic-claude-haiku-4-5"
ONE_WRITTEN: NanoUSD = 5_000


async def held(*, caches: bool) -> NanoUSD:
    desk = rig()
    desk.adapters.script(HAIKU, answer("Hi"))
    native = NativeRequest(
        protocol="anthropic-messages", fields={"messages": Raw(b"[]")}, caches=caches, unseen_tokens=10_000
    )
    await desk.router.complete(RelayedRequest(prompt="Hi", model_override=HAIKU, max_tokens=1, native=native))
    bound = desk.ledger.entries[0].bound
    assert bound is not None
    return bound


async def test_where_what_is_read_may_be_cached_the_dearest_price_of_that_is_held() -> None:
    plain, cached = await held(caches=False), await held(caches=True)
    assert plain > ONE_WRITTEN
    assert cached - ONE_WRITTEN == 2 * (plain - ONE_WRITTEN)


async def held_for_pictures(count: int, provider: str) -> NanoUSD:
    desk = rig()
    desk.adapters.script(provider, answer("Hi"))
    picture = "data:image/png;base64,iVBORw0KGgo="
    await desk.router.complete(
        LLMRequest(prompt="Hi", model_override=provider, max_tokens=1, images=(picture,) * count)
    )
    bound = desk.ledger.entries[0].bound
    assert bound is not None
    return bound


@pytest.mark.parametrize(
    ("provider", "nano_per_token", "most"), [("openai-gpt4o-mini", 150, 48_169), ("openai-gpt4o", 2_500, 1_600)]
)
async def test_pictures_are_held_by_what_the_model_makes_of_them(provider: str, nano_per_token: int, most: int) -> None:
    none, one = await held_for_pictures(0, provider), await held_for_pictures(1, provider)
    assert one - none >= most * nano_per_token


async def test_no_more_is_held_for_pictures_than_the_model_can_read() -> None:
    assert await held_for_pictures(20, "openai-gpt4o-mini") < 150 * 130_000
