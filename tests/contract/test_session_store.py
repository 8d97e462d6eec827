"""The session store's contract."""

from typing import Any

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
    generation=1,
    browser="Firefox",
)
LONG_AGO = later(-3600)


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
    changed = structs.replace(person("ann@example.com", "id-b", "id-a", id="ann"), is_active=False)
    expected = await stores.user_changes.change(changed)
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


def _session(place: int, user: str = "ann", **other: Any) -> SessionRecord:
    return structs.replace(SESSION, token_hash=bytes([place]) * 32, user_id=user, **other)


async def test_open_sessions_are_listed_newest_act_first_with_their_people(stores: Stores) -> None:
    await stores.users.create(person("bob@example.com", id="bob"))
    mine, theirs, newest = _session(1), _session(2, "bob"), _session(3, last_seen_at=later(5))
    for each in (mine, theirs, newest):
        await stores.sessions.create(each)
    found = await stores.session_register.open_ones(None, later(6), LONG_AGO)
    assert [(session.id, user.email) for session, user in found] == [
        (newest.id, "ann@example.com"), (theirs.id, "bob@example.com"), (mine.id, "ann@example.com"),
    ]  # fmt: skip
    assert found[0][1].accounts == ("id-b", "id-a")
    own = await stores.session_register.open_ones("ann", later(6), LONG_AGO)
    assert [session for session, _ in own] == [newest, mine]


async def test_sessions_that_are_over_are_in_no_list(stores: Stores) -> None:
    for each in (
        _session(1, expires_at=later(10)), _session(2, last_seen_at=later(-3601)), _session(3, generation=2),
        _session(4, revoked_at=NOW),
    ):  # fmt: skip
        await stores.sessions.create(each)
    assert await stores.session_register.open_ones(None, later(10), LONG_AGO) == []
    await stores.sessions.create(_session(5))
    ann = person("ann@example.com", "id-b", "id-a", id="ann")
    await stores.user_changes.change(structs.replace(ann, is_active=False))
    assert await stores.session_register.open_ones(None, NOW, LONG_AGO) == []


async def test_a_session_is_ended_by_its_name_once(stores: Stores) -> None:
    await stores.sessions.create(SESSION)
    assert await stores.session_register.end(SESSION.id, later(1), "somebody else") is None
    assert await stores.session_register.end(_session(9).id, later(1)) is None
    ended = await stores.session_register.end(SESSION.id, later(1), "ann")
    assert ended is not None
    assert ended.email == "ann@example.com"
    assert (await found(stores)).revoked_at == later(1)
    assert await stores.session_register.end(SESSION.id, later(2)) is None


async def test_what_is_no_name_ends_nothing(stores: Stores) -> None:
    await stores.sessions.create(SESSION)
    for name in ("", "00", "zz" * 10, "00" * 32, TOKEN.hex(), "00 01 02", "AB" * 10, "00" * 40):
        assert await stores.session_register.end(name, later(1)) is None
    assert (await found(stores)).revoked_at is None


async def test_all_sessions_of_a_person_end_but_the_one_that_is_kept(stores: Stores) -> None:
    await stores.users.create(person("bob@example.com", id="bob"))
    for each in (SESSION, _session(1), _session(2), _session(3, "bob"), _session(4, revoked_at=NOW)):
        await stores.sessions.create(each)
    assert await stores.session_register.end_others("ann", SESSION.id, later(1)) == 2
    left = await stores.session_register.open_ones(None, NOW, LONG_AGO)
    assert {session.id for session, _ in left} == {SESSION.id, _session(3).id}
    assert await stores.session_register.end_others("ann", "", later(1)) == 1


async def test_it_is_known_from_where_a_person_signed_in_even_when_that_session_is_over(stores: Stores) -> None:
    await stores.sessions.create(structs.replace(SESSION, revoked_at=NOW))
    assert await stores.session_register.seen_from("ann", "127.0.0.1")
    assert not await stores.session_register.seen_from("ann", "127.0.0.2")
    assert not await stores.session_register.seen_from("bob", "127.0.0.1")
