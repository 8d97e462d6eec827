"""The contract of the configuration's history and of drafts."""

import asyncio
from typing import Any

import pytest
from msgspec import structs

from router_core.configuration.documents import configuration_of, document_of
from router_core.errors import ConflictError, ValidationError
from router_core.types import Authorship, ConfigDraft, Configuration, Flags, ProviderConfig, UseCasePolicy
from tests.support.core_fakes import provider
from tests.support.provider_key_rows import provider_key
from tests.support.store_kinds import NOW, Stores, account

ANN = Authorship(actor="ann@example.com", note="for the autumn")


async def in_force(stores: Stores) -> Configuration:
    return configuration_of(await stores.config.load())


def with_rows(configuration: Configuration, *rows: ProviderConfig) -> Configuration:
    return structs.replace(configuration, providers=rows)


async def test_what_a_fresh_store_holds_is_its_first_version(stores: Stores) -> None:
    first = await stores.versions.find()
    assert first is not None
    assert (first.revision, first.base, first.actor, first.restored) == (1, 0, "system", None)
    assert first.document == document_of(await in_force(stores))
    assert [row["name"] for row in first.document["providers"]][:2] == ["openai-gpt4o-mini", "openai-gpt4o"]


async def test_a_document_is_in_force_whole_with_its_author_and_reason(stores: Stores) -> None:
    old = await in_force(stores)
    rows = (provider("new", weight=7), *old.providers[1:])
    wanted = Configuration(
        providers=rows,
        preferences={"draft": "gpt-4o"},
        policies={"tickets": UseCasePolicy(hedge=True)},
        flags=Flags(anthropic=False),
    )
    assert await stores.versions.apply(wanted, 1, ANN) == 2
    assert document_of(await in_force(stores)) == document_of(wanted)
    version = await stores.versions.find(2)
    assert version is not None
    assert (version.revision, version.actor, version.note, version.base) == (2, ANN.actor, ANN.note, 1)
    assert version.document == document_of(wanted)


async def test_what_is_in_force_already_adds_no_version_whatever_its_base(stores: Stores) -> None:
    old = await in_force(stores)
    await stores.versions.apply(structs.replace(old, flags=Flags(openai=False)), 1, ANN)
    assert await stores.versions.apply(await in_force(stores), 1, ANN) == 2
    assert len(await stores.versions.page(None, 10)) == 2


async def test_a_change_made_from_an_older_version_is_refused_and_nothing_is_overwritten(stores: Stores) -> None:
    old = await in_force(stores)
    await stores.versions.apply(structs.replace(old, flags=Flags(openai=False)), 1, ANN)
    with pytest.raises(ConflictError) as refused:
        await stores.versions.apply(structs.replace(old, flags=Flags(llm=False)), 1, ANN)
    assert refused.value.revision == 2
    assert (await in_force(stores)).flags == Flags(openai=False)
    assert await stores.config.revision() == 2


async def test_of_many_applies_from_one_base_exactly_one_wins_and_the_history_has_no_hole(stores: Stores) -> None:
    for turn in range(3):
        old = await in_force(stores)
        base = await stores.config.revision()
        first, *rest = old.providers
        tries = [
            stores.versions.apply(with_rows(old, structs.replace(first, weight=turn * 8 + each + 1), *rest), base, ANN)
            for each in range(8)
        ]
        results = await asyncio.gather(*tries, return_exceptions=True)
        assert [each for each in results if not isinstance(each, ConflictError)] == [base + 1]
    lines = list(reversed(await stores.versions.page(None, 10)))
    assert [each.revision for each in lines] == [1, 2, 3, 4]
    assert [each.base for each in lines] == [0, 1, 2, 3]


async def test_every_way_to_change_something_writes_a_version(stores: Stores) -> None:
    row = (await in_force(stores)).providers[0]
    await stores.config.put_provider(structs.replace(row, weight=1), ANN)
    await stores.config.set_flags(Flags(openai=False), ANN)
    await stores.use_cases.put_policy("draft", UseCasePolicy(hedge=True), ANN)
    lines = await stores.versions.page(None, 10)
    assert [(each.revision, each.base, each.actor) for each in lines] == [
        (4, 3, ANN.actor), (3, 2, ANN.actor), (2, 1, ANN.actor), (1, 0, "system"),
    ]  # fmt: skip
    newest = await stores.versions.find()
    assert newest is not None
    assert newest.document == document_of(await in_force(stores))


async def test_what_is_no_part_of_the_document_writes_none(stores: Stores) -> None:
    await stores.accounts.create(account("acme"))
    await stores.content.keep_content("id-acme", keeps=True)
    row = (await in_force(stores)).providers[0]
    await stores.provider_keys.add_key(provider_key("k1", row.id))
    assert await stores.config.revision() == 3
    assert len(await stores.versions.page(None, 10)) == 1
    found = await stores.versions.find(3)
    assert found is not None
    assert found.revision == 1


async def test_a_change_of_something_else_in_between_is_no_conflict(stores: Stores) -> None:
    await stores.accounts.create(account("acme"))
    old = await in_force(stores)
    await stores.content.keep_content("id-acme", keeps=True)
    assert await stores.versions.apply(structs.replace(old, flags=Flags(llm=False)), 1, ANN) == 3


async def test_rows_keep_their_keys_and_only_those_that_change_count_it(stores: Stores) -> None:
    old = await in_force(stores)
    first, second, *rest = old.providers
    await stores.provider_keys.add_key(provider_key("k1", first.id))
    await stores.versions.apply(with_rows(old, structs.replace(first, weight=1), second, *rest), 2, ANN)
    changed, same, *_ = (await in_force(stores)).providers
    assert (changed.weight, changed.version) == (1, 2)
    assert (await stores.config.load()).provider_keys == {first.id: (provider_key("k1", first.id),)}
    assert same == second


async def test_rows_may_swap_their_names_and_places(stores: Stores) -> None:
    old = await in_force(stores)
    first, second, *rest = old.providers
    swapped = with_rows(old, structs.replace(second, name=first.name), structs.replace(first, name=second.name), *rest)
    await stores.versions.apply(swapped, 1, ANN)
    assert document_of(await in_force(stores)) == document_of(swapped)
    await stores.config.put_provider(provider("last"))
    assert [row.name for row in (await in_force(stores)).providers][-1] == "last"


async def test_a_deleted_row_comes_back_in_its_place_without_its_key(stores: Stores) -> None:
    old = await in_force(stores)
    await stores.provider_keys.add_key(provider_key("k1", old.providers[1].id))
    await stores.versions.apply(with_rows(old, old.providers[0], *old.providers[2:]), 2, ANN)
    await stores.versions.apply(old, 3, ANN, 1)
    assert document_of(await in_force(stores)) == document_of(old)
    assert (await stores.config.load()).provider_keys == {}
    newest = await stores.versions.find()
    assert newest is not None
    assert (newest.revision, newest.base, newest.restored) == (4, 3, 1)


@pytest.mark.parametrize(("changes", "field"), [({"account_id": "nobody"}, "account_id"), ({"weight": -1}, "weight")])
async def test_what_cannot_be_stored_changes_nothing(stores: Stores, changes: dict[str, Any], field: str) -> None:
    old = await in_force(stores)
    with pytest.raises(ValidationError) as refused:
        await stores.versions.apply(with_rows(old, provider("new", **changes)), 1, ANN)
    assert refused.value.field == field
    assert document_of(await in_force(stores)) == document_of(old)
    assert await stores.config.revision() == 1


async def test_the_history_is_read_page_by_page(stores: Stores) -> None:
    for openai in (False, True, False):
        await stores.config.set_flags(Flags(openai=openai))
    first = await stores.versions.page(None, 3)
    assert [each.revision for each in first] == [4, 3, 2]
    assert [each.revision for each in await stores.versions.page(2, 3)] == [1]
    assert await stores.versions.find(0) is None


async def test_a_revision_that_has_not_come_yet_is_no_version(stores: Stores) -> None:
    await stores.accounts.create(account("acme"))
    await stores.content.keep_content("id-acme", keeps=True)
    assert await stores.versions.find(2) == await stores.versions.find(1)
    for revision in (3, 99_999, 2**53, 10**30):
        assert await stores.versions.find(revision) is None


async def test_a_draft_is_kept_for_its_person_alone_until_it_is_dropped(stores: Stores) -> None:
    draft = ConfigDraft(base=1, document={"providers": [{"näme": 1.5}]}, saved_at=NOW, note="later")
    assert await stores.drafts.draft("ann") is None
    await stores.drafts.keep_draft("ann", draft)
    await stores.drafts.keep_draft("ann", structs.replace(draft, base=2))
    assert await stores.drafts.draft("ann") == structs.replace(draft, base=2)
    assert await stores.drafts.draft("bob") is None
    assert await stores.drafts.drop_draft("ann")
    assert not await stores.drafts.drop_draft("ann")
    assert await stores.drafts.draft("ann") is None
