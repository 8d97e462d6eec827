"""The contract of what counts purges of the cache."""

import asyncio

import pytest

from router_core.errors import ValidationError
from router_core.types import Flags
from tests.support.store_kinds import Stores, account


async def test_a_purge_takes_the_next_revision_and_counts_its_part(stores: Stores) -> None:
    await stores.accounts.create(account("acme"))
    purge = stores.cache_purges.purge
    parts = [(None, None), ("id-acme", None), (None, "draft"), ("id-acme", "draft"), ("id-acme", "draft")]
    assert [await purge(*part) for part in parts] == [2, 3, 4, 5, 6]
    snapshot = await stores.config.load()
    assert dict(snapshot.cache_marks) == {
        ("", ""): 1, ("id-acme", ""): 1, ("", "draft"): 1, ("id-acme", "draft"): 2,
    }  # fmt: skip
    assert snapshot.revision == 6


async def test_purges_outlive_other_changes_of_the_configuration(stores: Stores) -> None:
    await stores.cache_purges.purge(None, "draft")
    await stores.config.set_flags(Flags(openai=False))
    assert dict((await stores.config.load()).cache_marks) == {("", "draft"): 1}


async def test_purges_at_once_all_count(stores: Stores) -> None:
    revisions = await asyncio.gather(*[stores.cache_purges.purge(None, None) for _ in range(6)])
    assert sorted(revisions) == list(range(2, 8))
    assert (await stores.config.load()).cache_marks["", ""] == 6


@pytest.mark.parametrize(
    ("account_id", "use_case", "field"),
    [("nobody", None, "account_id"), (None, "a b", "use_case"), (None, "", "use_case")],
)
async def test_what_cannot_be_is_refused_and_changes_nothing(
    stores: Stores, account_id: str | None, use_case: str | None, field: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        await stores.cache_purges.purge(account_id, use_case)
    assert caught.value.field == field
    assert await stores.config.revision() == 1
