"""The configuration store's contract."""

import asyncio
from typing import Any

import pytest
from msgspec import structs

from router_core.errors import ConflictError, ValidationError
from router_core.types import DEFAULT_PREFERENCES, Capabilities, Flags, ProviderConfig, ProviderLimits
from tests.support.core_fakes import provider, standard_providers
from tests.support.store_kinds import Stores, account


async def first(stores: Stores) -> ProviderConfig:
    return (await stores.config.load()).providers[0]


async def test_a_fresh_store_holds_the_standard_configuration(stores: Stores) -> None:
    snapshot = await stores.config.load()
    anonymous = [structs.replace(row, id="") for row in snapshot.providers]
    assert anonymous == [structs.replace(row, id="") for row in standard_providers()]
    assert snapshot.preferences == DEFAULT_PREFERENCES
    assert snapshot.flags == Flags()
    assert snapshot.revision == await stores.config.revision() == 1


async def test_a_new_provider_is_read_back_as_it_was_after_the_older_ones(stores: Stores) -> None:
    await stores.accounts.create(account("a"))
    row = provider(
        "own",
        kind="anthropic",
        account_id="id-a",
        is_default=True,
        is_active=False,
        base_url="https://example.com/v1",
        capabilities=Capabilities(vision=False, tools=False, json_schema=False, max_temperature=None),
        use_cases=("general", "tickets"),
        weight=0,
        limits=ProviderLimits(max_concurrency=20, requests_per_second=2.5, burst=10, tokens_per_minute=90_000),
    )
    assert await stores.config.put_provider(row) == 2
    snapshot = await stores.config.load()
    assert snapshot.providers[-1] == row
    assert snapshot.revision == 2


async def test_a_change_counts_the_version_and_the_revision(stores: Stores) -> None:
    row = await first(stores)
    revision = await stores.config.put_provider(structs.replace(row, base_url="http://127.0.0.1:9100"))
    assert revision == await stores.config.revision() == 2
    assert await first(stores) == structs.replace(row, base_url="http://127.0.0.1:9100", version=2)


async def test_a_change_of_what_somebody_else_changed_is_refused(stores: Stores) -> None:
    row = await first(stores)
    await stores.config.put_provider(structs.replace(row, weight=1))
    with pytest.raises(ConflictError, match="somebody else"):
        await stores.config.put_provider(structs.replace(row, weight=2))
    assert (await first(stores)).weight == 1


async def test_of_many_changes_at_once_from_one_reading_one_wins(stores: Stores) -> None:
    row = await first(stores)
    tries = [stores.config.put_provider(structs.replace(row, weight=weight)) for weight in range(8)]
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert [result for result in results if not isinstance(result, ConflictError)] == [2]
    assert await stores.config.revision() == 2


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "openai-gpt4o"}, "name"),
        ({"name": ""}, "name"),
        ({"account_id": "id-none"}, "account_id"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"context_window": 100}, "context_window"),
        ({"weight": -1}, "weight"),
    ],
)
async def test_a_wrong_provider_is_refused_and_the_revision_stays(
    stores: Stores, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        await stores.config.put_provider(provider(**({"name": "new", "id": "new"} | changes)))
    assert caught.value.field == field
    assert await stores.config.revision() == 1
    assert len((await stores.config.load()).providers) == 4


async def test_switches_are_set_together_with_the_next_revision(stores: Stores) -> None:
    assert await stores.config.set_flags(Flags(llm=True, openai=False, anthropic=True)) == 2
    snapshot = await stores.config.load()
    assert snapshot.flags == Flags(llm=True, openai=False, anthropic=True)
    assert snapshot.revision == 2


async def test_whose_personal_data_stays_is_part_of_the_configuration(stores: Stores) -> None:
    await stores.accounts.create(account("acme"))
    assert (await stores.config.load()).personal_accounts == frozenset()
    before = await stores.config.revision()
    assert await stores.content.keep_personal("id-acme", keeps=True) == before + 1
    assert (await stores.config.load()).personal_accounts == {"id-acme"}
    await stores.content.keep_personal("id-acme", keeps=False)
    assert (await stores.config.load()).personal_accounts == frozenset()
    with pytest.raises(ValidationError):
        await stores.content.keep_personal("nobody", keeps=True)


async def test_whose_content_is_kept_is_part_of_the_configuration(stores: Stores) -> None:
    await stores.accounts.create(account("acme"))
    assert (await stores.config.load()).content_accounts == frozenset()
    before = await stores.config.revision()
    assert await stores.content.keep_content("id-acme", keeps=True) == before + 1
    assert (await stores.config.load()).content_accounts == {"id-acme"}
    await stores.content.keep_content("id-acme", keeps=False)
    assert (await stores.config.load()).content_accounts == frozenset()
    with pytest.raises(ValidationError) as refused:
        await stores.content.keep_content("nobody", keeps=True)
    assert refused.value.field == "account_id"
