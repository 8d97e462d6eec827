"""Rate limits as they are kept: set, changed, removed, each change a revision; what cannot be is refused by name."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from db.engine import make_engine
from db.hop import StoreHop
from db.stores import SqlConfigStore, SqlLimitSettings
from router_core.errors import NotFoundError, ValidationError
from router_core.ports import LimitSettings
from router_core.rate_limiting.memory_settings import MemoryLimitSettings
from router_core.types import DefaultLimit, Limit, LimitBook, LimitScope
from tests.support.fake_clock import FakeClock

DEFAULT = DefaultLimit(10.0, 50)
TARGETS: tuple[tuple[LimitScope, str], ...] = (("account", "acme"), ("use_case", "draft"))
DRAFT = Limit(scope="use_case", target="draft", requests_per_second=2.5, burst=7, tokens_per_minute=900, concurrency=3)


@dataclass(frozen=True)
class Shelf:
    """Limits, and how the configuration reads them."""

    settings: LimitSettings
    read: Callable[[], Awaitable[LimitBook]]


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def shelf(request: pytest.FixtureRequest) -> Iterator[Shelf]:
    if request.param == "memory":
        memory = MemoryLimitSettings(DEFAULT)

        async def read_memory() -> LimitBook:
            return memory.book()

        yield Shelf(memory, read_memory)
        return
    hop = StoreHop(make_engine(request.getfixturevalue(f"{request.param}_url")))
    config = SqlConfigStore(hop, FakeClock(), limit=DEFAULT)

    async def read_stored() -> LimitBook:
        return (await config.load()).limits

    yield Shelf(SqlLimitSettings(hop, FakeClock()), read_stored)
    hop.close()


async def test_a_limit_is_found_by_whom_it_limits_and_each_change_is_a_revision(shelf: Shelf) -> None:
    first = await shelf.settings.put_limit(DRAFT)
    assert (await shelf.read()).own("use_case", "draft") == DRAFT
    changed = Limit(scope="use_case", target="draft", tokens_per_minute=5)
    assert await shelf.settings.put_limit(changed) == first + 1
    found = (await shelf.read()).own("use_case", "draft")
    assert found == Limit(scope="use_case", target="draft", tokens_per_minute=5, version=2)


async def test_a_dropped_limit_is_gone_and_cannot_be_dropped_again(shelf: Shelf) -> None:
    first = await shelf.settings.put_limit(DRAFT)
    assert await shelf.settings.drop_limit("use_case", "draft") == first + 1
    assert (await shelf.read()).limits == ()
    with pytest.raises(NotFoundError):
        await shelf.settings.drop_limit("use_case", "draft")


async def test_a_reset_is_a_revision_and_gives_the_buckets_of_its_target_alone_other_names(shelf: Shelf) -> None:
    first = await shelf.settings.put_limit(DRAFT)
    before = await shelf.read()
    assert [await shelf.settings.reset_limit(*each) for each in TARGETS] == [first + 1, first + 2]
    assert await shelf.settings.reset_limit("account", "acme") == first + 3
    after = await shelf.read()
    for scope, target in TARGETS:
        names = [{each.key for each in book.buckets(scope, target)} for book in (before, after)]
        assert names[0]
        assert names[0].isdisjoint(names[1])
    assert after.buckets("account", "other") == before.buckets("account", "other")
    assert after.resets == {("account", "acme"): 2, ("use_case", "draft"): 1}


async def test_accounts_without_a_limit_of_their_own_have_the_default(shelf: Shelf) -> None:
    book = await shelf.read()
    (bucket,) = book.buckets("account", "anybody")
    assert (bucket.unit, bucket.capacity, bucket.per_second) == ("requests", 50.0, 10.0)
    assert book.buckets("use_case", "draft") == ()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({}, "requestsPerSecond"),
        ({"requests_per_second": 0.0}, "requestsPerSecond"),
        ({"requests_per_second": -1.0}, "requestsPerSecond"),
        ({"requests_per_second": 2e6}, "requestsPerSecond"),
        ({"burst": 5}, "requestsPerSecond"),
        ({"burst": 5, "tokens_per_minute": 1}, "burst"),
        ({"requests_per_second": 1.0, "burst": 0}, "burst"),
        ({"tokens_per_minute": 0}, "tokensPerMinute"),
        ({"concurrency": 0}, "concurrency"),
        ({"scope": "provider", "concurrency": 1}, "scope"),
    ],
)
async def test_a_limit_that_cannot_be_is_refused_by_name(shelf: Shelf, changes: dict[str, Any], field: str) -> None:
    wrong = Limit(**({"scope": "use_case", "target": "draft"} | changes))
    for act in (shelf.settings.check_limit, shelf.settings.put_limit):
        with pytest.raises(ValidationError) as caught:
            await act(wrong)
        assert caught.value.field == field
    assert (await shelf.read()).limits == ()
