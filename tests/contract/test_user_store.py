"""The user store's contract."""

import asyncio

import pytest

from router_core.errors import ValidationError
from tests.support.store_kinds import Stores, account, person


async def test_a_person_is_found_whatever_the_case_of_the_address(stores: Stores) -> None:
    await stores.users.create(person("Ann@Example.com", id="ann"))
    found = await stores.users.by_email("aNN@eXAMPLE.COM")
    assert found == person("ann@example.com", id="ann")


@pytest.mark.parametrize("email", ["", "nobody@x.example", "nul\x00inside", "lone \ud800 surrogate"])
async def test_an_address_that_was_never_stored_is_nobodys(stores: Stores, email: str) -> None:
    assert await stores.users.by_email(email) is None


async def test_an_address_is_taken_whatever_its_case(stores: Stores) -> None:
    await stores.users.create(person("ann@example.com", id="ann"))
    with pytest.raises(ValidationError, match="already taken") as caught:
        await stores.users.create(person("ANN@example.com", id="other"))
    assert caught.value.field == "email"
    assert len(await stores.users.list()) == 1


async def test_accounts_keep_their_order_the_default_first(stores: Stores) -> None:
    for name in ("a", "b", "c"):
        await stores.accounts.create(account(name))
    await stores.users.create(person("ann@example.com", "id-c", "id-a", "id-b"))
    found = await stores.users.by_email("ann@example.com")
    assert found is not None
    assert found.accounts == ("id-c", "id-a", "id-b")


@pytest.mark.parametrize("accounts", [("id-a", "id-nowhere"), ("id-a", "id-a")])
async def test_wrong_accounts_are_refused_and_nothing_is_kept(stores: Stores, accounts: tuple[str, ...]) -> None:
    await stores.accounts.create(account("a"))
    with pytest.raises(ValidationError) as caught:
        await stores.users.create(person("ann@example.com", *accounts))
    assert caught.value.field == "accounts"
    assert await stores.users.list() == []


async def test_people_are_listed_by_address_with_their_accounts(stores: Stores) -> None:
    await stores.accounts.create(account("a"))
    await stores.accounts.create(account("b"))
    await stores.users.create(person("zoe@example.com", "id-b", "id-a"))
    await stores.users.create(person("ann@example.com"))
    await stores.users.create(person("bob@example.com", "id-a"))
    assert [(row.email, row.accounts) for row in await stores.users.list()] == [
        ("ann@example.com", ()),
        ("bob@example.com", ("id-a",)),
        ("zoe@example.com", ("id-b", "id-a")),
    ]


async def test_a_person_is_disabled_and_enabled(stores: Stores) -> None:
    await stores.users.create(person("ann@example.com", id="ann"))
    for active in (False, True):
        assert await stores.users.set_active("ann", active=active)
        found = await stores.users.by_email("ann@example.com")
        assert found is not None
        assert found.is_active is active


async def test_disabling_nobody_says_so(stores: Stores) -> None:
    assert not await stores.users.set_active("nobody", active=False)


async def test_of_many_at_once_with_one_address_one_wins(stores: Stores) -> None:
    tries = [stores.users.create(person("ann@example.com", id=f"u{number}")) for number in range(8)]
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(result is None for result in results) == 1
    assert all(isinstance(result, ValidationError) for result in results if result is not None)
    assert len(await stores.users.list()) == 1
