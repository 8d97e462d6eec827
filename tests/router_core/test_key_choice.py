"""Several keys of one row, seen from the router: drawn by weight, each resting by itself, others tried first."""

from collections import Counter

from router_core.errors import InvalidAPIKeyError, LLMProviderError, QuotaExceededError, RateLimitError
from router_core.types import ProviderConfig, Secret, UsableKey
from tests.support.core_fakes import CoreRig, PlainKeys, answer, ask, parts, provider, rig

REFUSED = InvalidAPIKeyError("no", provider="a", upstream_status=401)
FORBIDDEN = InvalidAPIKeyError("not this", provider="a", upstream_status=403)
LIMITED = RateLimitError("slow down", provider="a", upstream_status=429, retry_after_ms=30_000)
SLOWED = RateLimitError("slow down", provider="a", upstream_status=429)
SPENT = QuotaExceededError("no money", provider="a", upstream_status=429)
BAD = LLMProviderError("bad gateway", provider="a", upstream_status=502)


class SeveralKeys(PlainKeys):
    """Row ``a`` has the keys that are given, every other row one of its own."""

    def __init__(self, *keys: UsableKey) -> None:
        super().__init__()
        self.keys = keys

    def keys_for(self, row: ProviderConfig) -> tuple[UsableKey, ...]:
        return self.keys if row.name == "a" else super().keys_for(row)


def key(name: str, weight: int = 100, rank: int = 1) -> UsableKey:
    return UsableKey(Secret(f"sk-{name}"), id=name, weight=weight, rank=rank)


def desk(*keys: UsableKey, others: tuple[str, ...] = ("b",), max_attempts: int = 3) -> CoreRig:
    found = rig([provider(name) for name in ("a", *others)], keys=SeveralKeys(*keys), max_attempts=max_attempts)
    for name in ("a", *others):
        found.adapters.always(name, answer(f"from {name}"))
    return found


def carried(found: CoreRig) -> list[str]:
    """Return the keys of the calls, in their order."""
    return [call.key.reveal().removeprefix("sk-") for call in found.adapters.calls]


async def test_each_call_draws_a_key_by_weight() -> None:
    found = desk(key("heavy", 75), key("light", 25))
    for _ in range(400):
        await found.router.complete(ask())
    drawn = Counter(carried(found))
    assert 260 < drawn["heavy"] < 340
    assert drawn["heavy"] + drawn["light"] == 400


async def test_keys_of_a_later_rank_wait_until_no_earlier_one_can_be_used() -> None:
    found = desk(key("environment", rank=0), key("stored"))
    for _ in range(20):
        await found.router.complete(ask())
    assert set(carried(found)) == {"environment"}
    found.adapters.script("a", LIMITED)
    assert (await found.router.complete(ask())).provider == "a"
    assert carried(found)[-2:] == ["environment", "stored"]
    await found.router.complete(ask())
    assert carried(found)[-1] == "stored"


async def test_another_key_of_the_row_is_tried_before_another_provider() -> None:
    for error in (REFUSED, FORBIDDEN, LIMITED, SLOWED, SPENT):
        found = desk(key("one", 10_000), key("two", 1))
        found.adapters.script("a", error)
        response = await found.router.complete(ask())
        assert (response.provider, carried(found)) == ("a", ["one", "two"])
        reasons = [each.reason for each in found.events.only.decision.attempts]
        assert reasons == ["first", "other_key"]
        found.assert_nothing_held()


async def test_one_bad_key_rests_by_itself_and_trips_nothing_of_the_row() -> None:
    found = desk(key("bad", 10_000), key("good", 1))
    row = found.config.snapshot().providers[0]
    found.adapters.script("a", REFUSED)
    await found.router.complete(ask())
    bad, good = found.router.keys.all(row)
    assert bad.upstream.resting() is not None
    assert bad.upstream.refused_at is not None
    assert good.upstream.resting() is None
    assert found.router.breakers()["a"].state == "CLOSED"
    assert found.router.route(ask()).considered[0].kept
    await found.router.complete(ask())
    assert carried(found) == ["bad", "good", "good"]
    found.clock.advance(3600)
    await found.router.complete(ask())
    assert carried(found)[-1] == "bad"
    assert bad.upstream.refused_at is None


async def test_a_failure_of_the_provider_itself_is_no_reason_to_try_another_key() -> None:
    found = desk(key("one", 10_000), key("two", 1), max_attempts=2)
    found.adapters.script("a", BAD)
    assert (await found.router.complete(ask())).provider == "b"
    assert carried(found)[0] == "one"


async def test_one_call_is_left_for_another_provider() -> None:
    found = desk(key("one", 10_000), key("two", 100), key("three", 1), max_attempts=3)
    found.adapters.script("a", REFUSED, REFUSED)
    assert (await found.router.complete(ask())).provider == "b"
    assert carried(found)[:2] == ["one", "two"]
    alone = desk(key("one", 10_000), key("two", 100), key("three", 1), others=(), max_attempts=3)
    alone.adapters.script("a", REFUSED, REFUSED)
    assert (await alone.router.complete(ask())).provider == "a"
    assert carried(alone) == ["one", "two", "three"]


async def test_a_row_is_out_only_when_all_of_its_keys_are() -> None:
    found = desk(key("one", 10_000), key("two", 1))
    found.adapters.script("a", LIMITED, REFUSED)
    assert (await found.router.complete(ask())).provider == "b"
    considered = found.router.route(ask()).considered
    assert not considered[1 if considered[0].provider == "b" else 0].kept
    found.clock.advance(11)
    assert (await found.router.complete(ask())).provider == "a"
    assert carried(found)[-1] == "two"


async def test_the_limit_of_a_row_holds_over_all_of_its_keys() -> None:
    found = desk(key("one"), key("two"))
    row = found.config.snapshot().providers[0]
    first, second = (each.upstream for each in found.router.keys.all(row))
    assert first.take(row)
    assert second.rows.in_flight(row) == 1


async def test_a_key_notes_when_it_was_used() -> None:
    one = key("one")
    found = desk(one)
    await found.router.complete(ask())
    assert one.used_at == found.clock.utcnow()


async def test_streams_change_keys_before_their_first_part() -> None:
    found = desk(key("one", 10_000), key("two", 1))
    found.adapters.script("a", REFUSED, parts("Hello"))
    found_parts = [part async for part in found.router.stream(ask())]
    assert len(found_parts) > 1
    assert carried(found) == ["one", "two"]
