"""What is held for a call that came in a vendor's own protocol."""

from msgspec import Raw

from router_core.types import NanoUSD, NativeRequest, RelayedRequest
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
