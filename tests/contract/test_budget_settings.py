"""Limits: set, changed, removed; what cannot be is refused by name, whether it is checked or set."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

import pytest
from msgspec import structs

from db.engine import make_engine
from db.hop import StoreHop
from db.stores import SqlBudgetSettings, SqlConfigStore
from router_core.budgets.memory_settings import MemoryBudgetSettings
from router_core.errors import NotFoundError, ValidationError
from router_core.ports import BudgetSettings
from router_core.types import Budget, BudgetBook
from tests.support.fake_clock import FakeClock

TALL = Budget(id="b1", scope="installation", target="", period="daily", limit=5)


@dataclass(frozen=True)
class Shelf:
    """Limits, and how the configuration reads them."""

    settings: BudgetSettings
    read: Callable[[], Awaitable[BudgetBook]]


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def shelf(request: pytest.FixtureRequest) -> Iterator[Shelf]:
    if request.param == "memory":
        memory = MemoryBudgetSettings()

        async def read_memory() -> BudgetBook:
            return memory.book()

        yield Shelf(memory, read_memory)
        return
    hop = StoreHop(make_engine(request.getfixturevalue(f"{request.param}_url")))
    config = SqlConfigStore(hop, FakeClock())

    async def read_stored() -> BudgetBook:
        return (await config.load()).budgets

    yield Shelf(SqlBudgetSettings(hop, FakeClock()), read_stored)
    hop.close()


async def test_a_limit_is_found_by_whom_it_limits_and_each_change_is_a_revision(shelf: Shelf) -> None:
    first = await shelf.settings.put_budget(TALL)
    (found,) = (await shelf.read()).of("installation", "")
    assert (found.limit, found.mode, found.thresholds, found.version) == (5, "hard", (50, 80, 90, 100), 1)
    assert await shelf.settings.put_budget(structs.replace(TALL, id="other", limit=None)) == first + 1
    (found,) = (await shelf.read()).of("installation", "")
    assert (found.id, found.limit, found.version) == ("b1", None, 2)


async def test_a_limit_of_another_mode_stands_beside_the_first(shelf: Shelf) -> None:
    await shelf.settings.put_budget(TALL)
    await shelf.settings.put_budget(structs.replace(TALL, id="b2", mode="soft", limit=3))
    found = (await shelf.read()).of("installation", "")
    assert sorted((each.id, each.mode) for each in found) == [("b1", "hard"), ("b2", "soft")]


async def test_a_removed_limit_is_gone_and_one_that_never_was_is_an_error(shelf: Shelf) -> None:
    await shelf.settings.put_budget(TALL)
    await shelf.settings.drop_budget("b1")
    assert (await shelf.read()).budgets == ()
    with pytest.raises(NotFoundError):
        await shelf.settings.drop_budget("b1")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"limit": -1}, "limit"),
        ({"limit": 10**18 + 1}, "limit"),
        ({"thresholds": (0,)}, "thresholds"),
        ({"thresholds": (1_001,)}, "thresholds"),
        ({"thresholds": tuple(range(1, 12))}, "thresholds"),
    ],
)
async def test_what_cannot_be_is_refused_by_name_checked_or_set(
    shelf: Shelf, change: dict[str, object], field: str
) -> None:
    wrong = structs.replace(TALL, **change)
    for refuse in (shelf.settings.check_budget, shelf.settings.put_budget):
        with pytest.raises(ValidationError) as refused:
            await refuse(wrong)
        assert refused.value.field == field
    assert (await shelf.read()).budgets == ()


async def test_checking_changes_nothing(shelf: Shelf) -> None:
    await shelf.settings.check_budget(TALL)
    assert (await shelf.read()).budgets == ()


async def test_a_target_that_does_not_exist_is_refused_by_a_store_that_knows_it(store_hop: StoreHop) -> None:
    settings = SqlBudgetSettings(store_hop, FakeClock())
    for scope in ("account", "key", "provider"):
        with pytest.raises(ValidationError, match="target"):
            await settings.check_budget(structs.replace(TALL, scope=scope, target="nobody"))
    with pytest.raises(ValidationError, match="target"):
        await settings.check_budget(structs.replace(TALL, scope="use_case", target="no use case!"))
    with pytest.raises(ValidationError, match="target"):
        await settings.check_budget(structs.replace(TALL, target="x"))
