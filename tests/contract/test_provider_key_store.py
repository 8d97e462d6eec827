"""The contract of where keys of providers are kept: sealed, part of what every process follows, of no version."""

from typing import Any

import pytest
from msgspec import structs

from router_core.configuration.documents import configuration_of
from router_core.errors import NotFoundError, ValidationError
from router_core.types import NOBODY, KeyPatch, ProviderConfig, ProviderKey
from tests.support.provider_key_rows import provider_key, sealed_secret
from tests.support.store_kinds import NOW, Stores, later

AFTER = KeyPatch(by="grace", at=later(60))


async def rows(stores: Stores) -> tuple[ProviderConfig, ...]:
    return (await stores.config.load()).providers


async def held(stores: Stores, provider_id: str) -> tuple[ProviderKey, ...]:
    return (await stores.config.load()).provider_keys.get(provider_id, ())


async def test_keys_are_read_with_the_configuration_and_each_raises_its_revision(stores: Stores) -> None:
    first, second, *_ = await rows(stores)
    assert (await stores.config.load()).provider_keys == {}
    older, newer = (
        provider_key("k1", first.id),
        provider_key("k2", first.id, later(1), weight=7, is_active=False, label=""),
    )
    own = provider_key("k3", second.id, secret=sealed_secret(account_id="id-a", place="https://llm.example:8443"))
    assert [await stores.provider_keys.add_key(each) for each in (newer, older, own)] == [2, 3, 4]
    assert (await stores.config.load()).provider_keys == {first.id: (older, newer), second.id: (own,)}
    assert await stores.config.revision() == 4


async def test_a_key_is_no_part_of_the_history(stores: Stores) -> None:
    first = (await rows(stores))[0]
    await stores.provider_keys.add_key(provider_key("k1", first.id))
    assert len(await stores.versions.page(None, 10)) == 1


async def test_a_change_leaves_alone_what_it_does_not_name(stores: Stores) -> None:
    first = (await rows(stores))[0]
    made = provider_key("k1", first.id)
    await stores.provider_keys.add_key(made)
    assert await stores.provider_keys.change_key("k1", structs.replace(AFTER, weight=5)) == 3
    expected = structs.replace(made, weight=5, changed_by="grace", changed_at=later(60))
    assert await held(stores, first.id) == (expected,)
    entered = sealed_secret(sealed=b"other", mask="***", entered_at=later(60))
    await stores.provider_keys.change_key("k1", structs.replace(AFTER, label="spare", is_active=False, secret=entered))
    expected = structs.replace(expected, label="spare", is_active=False, secret=entered)
    assert await held(stores, first.id) == (expected,)


async def test_what_is_forgotten_is_gone_and_stays_unknown(stores: Stores) -> None:
    first = (await rows(stores))[0]
    await stores.provider_keys.add_key(provider_key("k1", first.id))
    assert await stores.provider_keys.remove_key("k1") == 3
    assert await held(stores, first.id) == ()
    for act in (stores.provider_keys.remove_key("k1"), stores.provider_keys.change_key("k1", AFTER)):
        with pytest.raises(NotFoundError):
            await act
    assert await stores.config.revision() == 3


async def test_a_provider_that_is_removed_takes_its_keys_along(stores: Stores) -> None:
    first, second, *_ = await rows(stores)
    await stores.provider_keys.add_key(provider_key("k1", first.id))
    await stores.provider_keys.add_key(provider_key("k2", second.id))
    now = await stores.config.load()
    without = structs.replace(configuration_of(now), providers=now.providers[1:])
    await stores.versions.apply(without, now.revision, NOBODY)
    assert [*(await stores.config.load()).provider_keys] == [second.id]
    await stores.versions.apply(configuration_of(now), now.revision + 1, NOBODY)
    assert await held(stores, first.id) == ()


async def test_a_provider_that_changes_keeps_its_keys(stores: Stores) -> None:
    first = (await rows(stores))[0]
    await stores.provider_keys.add_key(provider_key("k1", first.id))
    await stores.config.put_provider(structs.replace(first, name="renamed", weight=3))
    assert await held(stores, first.id) == (provider_key("k1", first.id),)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"provider_id": "none"}, "provider_id"), ({"id": "k1"}, "id"), ({"weight": 0}, "weight"),
        ({"weight": 10_001}, "weight"), ({"label": "a\x00b"}, None),
    ],
)  # fmt: skip
async def test_a_wrong_key_is_refused_and_the_revision_stays(
    stores: Stores, changes: dict[str, Any], field: str | None
) -> None:
    first = (await rows(stores))[0]
    await stores.provider_keys.add_key(provider_key("k1", first.id))
    with pytest.raises(ValidationError) as caught:
        await stores.provider_keys.add_key(structs.replace(provider_key("k2", first.id), **changes))
    assert caught.value.field == field
    with pytest.raises(ValidationError):
        await stores.provider_keys.change_key("k1", structs.replace(AFTER, weight=0))
    assert await stores.config.revision() == 2


async def test_use_is_remembered_without_a_revision_and_never_turned_back(stores: Stores) -> None:
    first, second, *_ = await rows(stores)
    await stores.provider_keys.add_key(provider_key("k1", first.id))
    await stores.provider_keys.add_key(provider_key("k2", first.id))
    await stores.provider_keys.add_key(provider_key("k3", second.id))
    await stores.key_use.note_used({"k1": later(30), "k3": later(5), "unknown": NOW})
    await stores.key_use.note_used({"k1": later(20), "k3": later(6)})
    assert await stores.key_use.last_used(first.id) == {"k1": later(30)}
    assert await stores.key_use.last_used(second.id) == {"k3": later(6)}
    assert await stores.config.revision() == 4
