"""The account store's contract."""

import pytest
from msgspec import structs

from router_core.errors import NotFoundError, ValidationError
from tests.support.store_kinds import NOW, Stores, account, later, person


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


async def test_name_zone_and_switches_of_an_account_change(stores: Stores) -> None:
    acme = account("Acme")
    await stores.accounts.create(acme)
    wanted = structs.replace(
        acme, name="Apex", timezone="Europe/Berlin", is_active=False, keeps_content=True, redaction="secrets"
    )
    await stores.account_changes.change(wanted)
    assert await stores.accounts.by_id(acme.id) == wanted
    assert await stores.accounts.by_name("Acme") is None


async def test_a_change_to_a_taken_name_or_of_nothing_is_refused(stores: Stores) -> None:
    acme = account("Acme")
    await stores.accounts.create(acme)
    await stores.accounts.create(account("Other"))
    with pytest.raises(ValidationError, match="already taken"):
        await stores.account_changes.change(structs.replace(acme, name="Other"))
    with pytest.raises(NotFoundError):
        await stores.account_changes.change(account("Nobody"))
    assert await stores.accounts.by_id(acme.id) == acme


async def test_a_removed_account_is_in_no_list_serves_nobody_and_gives_its_name_back(stores: Stores) -> None:
    acme = account("Acme", "01jd0000000000acme")
    await stores.accounts.create(acme)
    await stores.users.create(person("ann@example.com", acme.id, id="ann"))
    await stores.account_changes.remove(acme.id, later(5))
    gone = structs.replace(acme, name="Acme (removed, 0000acme)", is_active=False, removed_at=later(5))
    assert await stores.accounts.list() == []
    assert await stores.accounts.by_id(acme.id) == gone
    assert await stores.account_changes.removed() == [gone]
    ann = await stores.users.by_id("ann")
    assert ann is not None
    assert ann.accounts == ()
    with pytest.raises(ValidationError):
        await stores.user_changes.change(structs.replace(ann, accounts=(acme.id,)))
    for act in (stores.account_changes.change(acme), stores.account_changes.remove(acme.id, NOW)):
        with pytest.raises(NotFoundError):
            await act
    await stores.accounts.create(account("Acme", "another"))
