"""The session store's contract."""

import pytest
from msgspec import structs

from router_core.errors import ValidationError
from router_core.ports import SessionRecord
from tests.support.store_kinds import NOW, Stores, account, later, person

TOKEN = bytes(range(32))
SESSION = SessionRecord(
    token_hash=TOKEN,
    user_id="ann",
    csrf="csrf",
    created_at=NOW,
    expires_at=later(43_200),
    last_seen_at=NOW,
    address="127.0.0.1",
)


@pytest.fixture(autouse=True)
async def _person(stores: Stores) -> None:
    await stores.accounts.create(account("a"))
    await stores.accounts.create(account("b"))
    await stores.users.create(person("ann@example.com", "id-b", "id-a", id="ann"))


async def found(stores: Stores) -> SessionRecord:
    pair = await stores.sessions.find(TOKEN)
    assert pair is not None
    return pair[0]


async def test_a_session_comes_with_its_person_as_she_is_now(stores: Stores) -> None:
    await stores.sessions.create(SESSION)
    await stores.users.set_active("ann", active=False)
    expected = structs.replace(person("ann@example.com", "id-b", "id-a", id="ann"), is_active=False)
    assert await stores.sessions.find(TOKEN) == (SESSION, expected)


async def test_an_unknown_token_is_none_and_touching_or_ending_it_does_nothing(stores: Stores) -> None:
    await stores.sessions.touch(b"x" * 32, NOW)
    await stores.sessions.revoke(b"x" * 32, NOW)
    assert await stores.sessions.find(b"x" * 32) is None


async def test_a_touch_moves_the_time_forward_only(stores: Stores) -> None:
    await stores.sessions.create(SESSION)
    await stores.sessions.touch(TOKEN, later(10))
    await stores.sessions.touch(TOKEN, later(5))
    assert (await found(stores)).last_seen_at == later(10)


async def test_the_first_end_stays_and_an_ended_session_is_not_touched(stores: Stores) -> None:
    await stores.sessions.create(SESSION)
    await stores.sessions.revoke(TOKEN, later(1))
    await stores.sessions.revoke(TOKEN, later(2))
    await stores.sessions.touch(TOKEN, later(3))
    assert await found(stores) == structs.replace(SESSION, revoked_at=later(1))


async def test_a_session_of_nobody_is_refused(stores: Stores) -> None:
    with pytest.raises(ValidationError) as caught:
        await stores.sessions.create(structs.replace(SESSION, user_id="nobody"))
    assert caught.value.field == "user_id"


async def test_a_token_that_is_no_hash_is_refused(stores: Stores) -> None:
    with pytest.raises(ValidationError) as caught:
        await stores.sessions.create(structs.replace(SESSION, token_hash=b"the token itself"))
    assert caught.value.field == "token_hash"


async def test_a_taken_token_is_refused(stores: Stores) -> None:
    await stores.sessions.create(SESSION)
    with pytest.raises(ValidationError, match="already taken") as caught:
        await stores.sessions.create(SESSION)
    assert caught.value.field == "token_hash"
