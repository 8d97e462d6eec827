"""The account store's contract."""

import pytest

from router_core.errors import ValidationError
from tests.support.store_kinds import NOW, Stores, account


async def test_a_stored_account_is_read_back_as_it_was(stores: Stores) -> None:
    acme = account("Acme")
    await stores.accounts.create(acme)
    assert await stores.accounts.by_name("Acme") == acme
    found = await stores.accounts.by_name("Acme")
    assert found is not None
    assert found.created_at == NOW
    assert found.created_at.utcoffset() == NOW.utcoffset()


async def test_an_account_is_found_by_its_own_id_only(stores: Stores) -> None:
    acme = account("Acme")
    await stores.accounts.create(acme)
    await stores.accounts.create(account("Other"))
    assert await stores.accounts.by_id(acme.id) == acme
    assert await stores.accounts.by_id("Acme") is None
    assert await stores.accounts.by_id(acme.id.upper()) is None


@pytest.mark.parametrize("text", ["Nobody", "", "%", "nul\x00inside", "lone \ud800 surrogate", "' OR '1'='1"])
async def test_what_was_never_stored_is_none(stores: Stores, text: str) -> None:
    await stores.accounts.create(account("Acme"))
    assert await stores.accounts.by_name(text) is None
    assert await stores.accounts.by_id(text) is None


async def test_accounts_are_listed_by_code_point_whatever_the_locale(stores: Stores) -> None:
    for name in ("beta", "Zeta", "alpha", "Ärger", "_low"):
        await stores.accounts.create(account(name))
    assert [row.name for row in await stores.accounts.list()] == ["Zeta", "_low", "alpha", "beta", "Ärger"]


@pytest.mark.parametrize(("name", "id", "field"), [("Acme", "other", "name"), ("Other", "id-Acme", "id")])
async def test_a_taken_value_is_refused_by_field_name(stores: Stores, name: str, id: str, field: str) -> None:
    await stores.accounts.create(account("Acme"))
    with pytest.raises(ValidationError, match="already taken") as caught:
        await stores.accounts.create(account(name, id))
    assert caught.value.field == field
    assert len(await stores.accounts.list()) == 1


async def test_an_account_without_a_name_is_refused(stores: Stores) -> None:
    with pytest.raises(ValidationError) as caught:
        await stores.accounts.create(account("", "nameless"))
    assert caught.value.field == "name"


@pytest.mark.parametrize("name", ["nul\x00inside", "lone \ud800 surrogate"])
async def test_text_that_one_database_cannot_hold_is_refused_by_all(stores: Stores, name: str) -> None:
    with pytest.raises(ValidationError, match="text must"):
        await stores.accounts.create(account(name, "x"))
    assert await stores.accounts.list() == []


async def test_a_name_is_data_and_never_sql(stores: Stores) -> None:
    name = "x'); DROP TABLE accounts; -- %s :name"
    await stores.accounts.create(account(name))
    assert [row.name for row in await stores.accounts.list()] == [name]
