"""The price book: versions are added, never changed; a catalogue is read once for each release."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from msgspec import structs

from db.engine import make_engine
from db.hop import StoreHop
from db.stores import SqlConfigStore, SqlPriceStore
from router_core.cost.memory_prices import MemoryPriceStore
from router_core.errors import ValidationError
from router_core.ports import PriceStore
from router_core.types import PriceBook, PriceTier, Rates
from tests.support.fake_clock import START, FakeClock
from tests.support.price_worlds import dated

OWN = dated("gpt-4o", 5, datetime(2026, 3, 1, tzinfo=UTC), kind="own", made_by="ada@example.com")


@dataclass(frozen=True)
class Shelf:
    """A price store, how the configuration reads it, and the time there."""

    store: PriceStore
    read: Callable[[], Awaitable[PriceBook]]
    clock: FakeClock


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def shelf(request: pytest.FixtureRequest) -> Iterator[Shelf]:
    clock = FakeClock()
    if request.param == "memory":
        memory = MemoryPriceStore(clock)

        async def read_memory() -> PriceBook:
            return memory.book()

        yield Shelf(memory, read_memory, clock)
        return
    hop = StoreHop(make_engine(request.getfixturevalue(f"{request.param}_url")))
    config = SqlConfigStore(hop, FakeClock())

    async def read_stored() -> PriceBook:
        return (await config.load()).prices

    yield Shelf(SqlPriceStore(hop, clock), read_stored, clock)
    hop.close()


async def test_a_version_comes_back_as_it_was_set_and_is_a_revision(shelf: Shelf) -> None:
    tiers = (PriceTier(0, Rates.of(1, 2, cache_read=3)), PriceTier(200_000, Rates.of(4, 10**15, image=6)))
    first = await shelf.store.put_prices([structs.replace(OWN, tiers=tiers)])
    assert (await shelf.read()).versions == (structs.replace(OWN, tiers=tiers),)
    assert await shelf.store.put_prices([structs.replace(OWN, id="other", tiers=())]) == first + 1
    found = {each.id: each.tiers for each in (await shelf.read()).versions}
    assert found == {OWN.id: tiers, "other": ()}


async def test_versions_are_added_all_or_none(shelf: Shelf) -> None:
    bad = structs.replace(OWN, id="bad", model="")
    with pytest.raises(ValidationError) as refused:
        await shelf.store.put_prices([OWN, bad])
    assert refused.value.field == "model"
    assert (await shelf.read()).versions == ()


async def test_an_id_is_given_once(shelf: Shelf) -> None:
    await shelf.store.put_prices([OWN])
    for asked in ([OWN], [structs.replace(OWN, id="n"), structs.replace(OWN, id="n")]):
        with pytest.raises(ValidationError) as refused:
            await shelf.store.put_prices(asked)
        assert refused.value.field == "id"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"model": ""}, "model"),
        ({"model": "x" * 201}, "model"),
        ({"model": " gpt-4o"}, "model"),
        ({"model": "a\nb"}, "model"),
        ({"starts": datetime(1969, 12, 31, tzinfo=UTC)}, "starts"),
        ({"starts": datetime(2100, 1, 1, tzinfo=UTC)}, "starts"),
        ({"tiers": (PriceTier(1, Rates.of(1, 1)),)}, "tiers"),
        ({"tiers": (PriceTier(0, Rates.of(1, 1)), PriceTier(0, Rates.of(1, 1)))}, "tiers"),
        ({"tiers": tuple(PriceTier(each, Rates.of(1, 1)) for each in range(9))}, "tiers"),
        ({"tiers": (PriceTier(0, Rates.of(-1, 1)),)}, "input"),
        ({"tiers": (PriceTier(0, Rates.of(1, 1, image=10**15 + 1)),)}, "image"),
        ({"kind": "listed", "provider": "row"}, "kind"),
    ],
)
async def test_what_is_not_allowed_is_refused_by_name_whether_checked_or_set(
    shelf: Shelf, changes: dict[str, object], field: str
) -> None:
    price = structs.replace(OWN, **changes)
    for act in (shelf.store.check_prices, shelf.store.put_prices):
        with pytest.raises(ValidationError) as refused:
            await act([price])
        assert refused.value.field == field
    assert (await shelf.read()).versions == ()


async def test_a_catalogue_is_read_once_for_each_release(shelf: Shelf) -> None:
    listed = [dated("m", 1), dated("n", 2)]
    assert await shelf.store.list_prices(listed, "0.2.3") == 2
    assert await shelf.store.list_prices([*listed, dated("o", 3)], "0.2.3") == 0
    assert await shelf.store.list_prices([dated("o", 3)], "0.2.2") == 0
    assert sorted(each.model for each in (await shelf.read()).versions) == ["m", "n"]


async def test_a_newer_release_changes_prices_from_then_on_and_leaves_own_ones(shelf: Shelf) -> None:
    await shelf.store.list_prices([dated("m", 1)], "0.2.3")
    await shelf.store.put_prices([structs.replace(OWN, model="m")])
    shelf.clock.advance(3600)
    assert await shelf.store.list_prices([dated("m", 2)], "0.10.0") == 1
    book = await shelf.read()
    moments = (START, START + timedelta(hours=1))
    assert [found.rates().input for at in moments if (found := book.listed("m", at))] == [1, 2]
    own = book.own(("", "", "m"), START + timedelta(hours=2))
    assert own is not None
    assert own.rates().input == 5


async def test_accounts_and_providers_must_exist_where_they_are_known(sqlite_url: str) -> None:
    hop = StoreHop(make_engine(sqlite_url))
    store = SqlPriceStore(hop, FakeClock())
    for changes, field in (({"account_id": "nobody"}, "account_id"), ({"provider": "nowhere"}, "provider")):
        with pytest.raises(ValidationError) as refused:
            await store.put_prices([structs.replace(OWN, **changes)])
        assert refused.value.field == field
    await store.put_prices([structs.replace(OWN, provider="openai-gpt4o")])
    hop.close()
