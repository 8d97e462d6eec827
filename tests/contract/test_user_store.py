"""The user store's contract."""

import asyncio

import pytest
from msgspec import structs

from router_core.errors import ConflictError, NotFoundError, ValidationError
from router_core.ports import SessionRecord, UserRecord
from tests.support.store_kinds import NOW, Stores, account, later, person


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


async def test_a_person_is_found_by_their_own_id_only(stores: Stores) -> None:
    await stores.users.create(person("ann@example.com", id="ann"))
    assert await stores.users.by_id("ann") == person("ann@example.com", id="ann")
    for other in ("ANN", "", "nul\x00inside", "ann@example.com"):
        assert await stores.users.by_id(other) is None


async def test_everything_but_id_address_and_time_of_a_person_can_change(stores: Stores) -> None:
    await stores.accounts.create(account("a"))
    await stores.accounts.create(account("b"))
    ann = person("ann@example.com", "id-a", id="ann")
    await stores.users.create(ann)
    wanted = structs.replace(
        ann, password_hash="other", role="analyst", accounts=("id-b", "id-a"), is_active=False, must_change=True,
        generation=7, invitation_hash=b"i" * 32, invited_until=later(60), openid="https://id.example u1",
    )  # fmt: skip
    moved = structs.replace(wanted, email="bob@example.com", created_at=later(9))
    kept = await stores.user_changes.change(moved)
    assert kept == structs.replace(wanted, version=2)
    assert await stores.users.by_id("ann") == kept
    assert await stores.users.by_email("ann@example.com") == kept


async def test_who_somebody_is_at_a_sign_in_provider_is_nobody_else(stores: Stores) -> None:
    ann = structs.replace(person("ann@example.com", id="ann"), openid="https://id.example u1")
    bob = person("bob@example.com", id="bob")
    await stores.users.create(ann)
    await stores.users.create(bob)
    with pytest.raises(ValidationError, match="already taken"):
        await stores.user_changes.change(structs.replace(bob, openid=ann.openid))
    with pytest.raises(ValidationError, match="already taken"):
        await stores.users.create(structs.replace(person("cid@example.com", id="cid"), openid=ann.openid))
    assert await stores.users.by_id("bob") == bob
    assert [row.openid for row in await stores.users.list()] == [ann.openid, None]


async def test_of_two_changes_of_one_version_the_second_is_refused(stores: Stores) -> None:
    ann = person("ann@example.com", id="ann")
    await stores.users.create(ann)
    tries = [stores.user_changes.change(structs.replace(ann, generation=number)) for number in range(2, 8)]
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(result, UserRecord) for result in results) == 1
    assert sum(isinstance(result, ConflictError) for result in results) == 5


async def test_nobody_cannot_be_changed_or_removed(stores: Stores) -> None:
    for act in (stores.user_changes.change, stores.user_changes.remove):
        with pytest.raises(NotFoundError):
            await act(person("nobody@example.com"))


async def test_unknown_accounts_are_refused_in_a_change_and_nothing_of_it_is_kept(stores: Stores) -> None:
    ann = person("ann@example.com", id="ann")
    await stores.users.create(ann)
    with pytest.raises(ValidationError) as caught:
        await stores.user_changes.change(structs.replace(ann, role="analyst", accounts=("id-nowhere",)))
    assert caught.value.field == "accounts"
    assert await stores.users.by_id("ann") == ann


async def test_a_removed_person_is_gone_with_their_sessions(stores: Stores) -> None:
    ann = person("ann@example.com", id="ann")
    await stores.users.create(ann)
    session = SessionRecord(
        token_hash=b"t" * 32, user_id="ann", csrf="c", created_at=NOW, expires_at=later(60), last_seen_at=NOW
    )
    await stores.sessions.create(session)
    await stores.user_changes.remove(ann)
    assert await stores.users.list() == []
    assert await stores.sessions.find(b"t" * 32) is None


async def test_the_last_owner_stays_whoever_else_there_is(stores: Stores) -> None:
    ann = structs.replace(person("ann@example.com", id="ann"), role="owner")
    await stores.users.create(ann)
    await stores.users.create(structs.replace(person("off@example.com"), role="owner", is_active=False))
    await stores.users.create(structs.replace(person("admin@example.com"), role="admin"))
    for how in ("demote", "disable", "remove"):
        with pytest.raises(ConflictError, match="last active owner must stay"):
            await _weaken(stores, ann, how)
    assert await stores.users.by_id("ann") == ann


async def test_the_last_admin_stays_where_there_is_no_owner(stores: Stores) -> None:
    ann = structs.replace(person("ann@example.com", id="ann"), role="admin")
    await stores.users.create(ann)
    for how in ("demote", "disable", "remove"):
        with pytest.raises(ConflictError, match="last active owner or admin"):
            await _weaken(stores, ann, how)


@pytest.mark.parametrize("how", ["demote", "disable", "remove"])
async def test_of_two_owners_who_leave_at_once_one_stays(stores: Stores, how: str) -> None:
    owners = [structs.replace(person(f"{name}@example.com"), role="owner") for name in ("ann", "bob")]
    for each in owners:
        await stores.users.create(each)
    results = await asyncio.gather(*(_weaken(stores, each, how) for each in owners), return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["ConflictError", "NoneType"]
    assert sum(each.role == "owner" and each.is_active for each in await stores.users.list()) == 1


async def test_who_was_invited_is_found_by_the_hash_of_the_token(stores: Stores) -> None:
    ann = structs.replace(person("ann@example.com", id="ann"), invitation_hash=b"i" * 32, invited_until=NOW)
    await stores.users.create(ann)
    await stores.users.create(person("bob@example.com"))
    assert await stores.user_changes.by_invitation(b"i" * 32) == ann
    assert await stores.user_changes.by_invitation(b"j" * 32) is None


async def _weaken(stores: Stores, user: UserRecord, how: str) -> None:
    if how == "remove":
        await stores.user_changes.remove(user)
        return
    changed = structs.replace(user, role="viewer") if how == "demote" else structs.replace(user, is_active=False)
    await stores.user_changes.change(changed)


async def test_of_many_at_once_with_one_address_one_wins(stores: Stores) -> None:
    tries = [stores.users.create(person("ann@example.com", id=f"u{number}")) for number in range(8)]
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(result is None for result in results) == 1
    assert all(isinstance(result, ValidationError) for result in results if result is not None)
    assert len(await stores.users.list()) == 1
