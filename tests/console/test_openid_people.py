"""Who may sign in with a provider: one subject for a person, and strangers where that is wanted."""

import pytest

from router_core.admin.action_trail import ActionTrail
from router_core.admin.people_views import AccessOrder, PersonChange, PersonOrder
from router_core.ports import UserRecord
from router_core.security.memory_action_log import MemoryActionLog
from router_core.security.memory_people import MemorySessionStore, MemoryUserStore
from router_core.security.memory_stores import MemoryAccountStore, MemoryApiKeyStore
from router_core.security.password_room import PasswordRoom
from router_core.security.sessions import SessionGate
from router_core.types import EMBEDDED, OperatorAction, PersonRole
from signalbox.sign_in.desk import Doors, SignInDesk
from signalbox.sign_in.door import SignInRefused
from signalbox.sign_in.openid import OpenIdPerson
from signalbox.sign_in.openid_desk import OpenIdDesk
from tests.support.access_world import AccessStores, PlainHasher, access_world
from tests.support.fake_clock import FakeClock

EVE, BOB = "eve@example.com", "bob@example.com"


class World:
    """The desk over stores in memory."""

    def __init__(self, newcomer_role: PersonRole | None = None) -> None:
        clock, accounts = FakeClock(), MemoryAccountStore()
        self.users = MemoryUserStore(accounts)
        stores = AccessStores(accounts, self.users, MemoryApiKeyStore(accounts), MemorySessionStore(self.users))
        self.gate, self.acts = SessionGate(stores.sessions, clock), list[OperatorAction]()
        desks = access_world(stores, ActionTrail(MemoryActionLog(), clock), clock, self.gate.look_anew)
        self.people = desks.people
        doors = Doors(
            users=self.users, own=desks.own, passwords=PasswordRoom(PlainHasher()), sessions=self.gate,
            seen_from=desks.sessions.seen_from, note=self.acts.append,
        )  # fmt: skip
        self.desk = OpenIdDesk(SignInDesk(lambda: doors, clock), lambda: doors, clock, lambda: newcomer_role)

    async def invite(self, email: str, *, with_password: bool = False) -> str:
        order = PersonOrder(email=email, role="analyst", first_access="password" if with_password else "link")
        return (await self.people.create(order, EMBEDDED)).person.id

    async def comes(self, email: str, subject: str) -> bool:
        try:
            opened = await self.desk.admit(OpenIdPerson(email, f"https://id.example {subject}"), "10.0.0.1", "Firefox")
        except SignInRefused:
            return False
        return await self.gate.check(opened.token, touch=True) is not None

    async def known(self, email: str) -> UserRecord:
        user = await self.users.by_email(email)
        assert user is not None
        return user


async def test_a_person_is_bound_to_the_subject_of_their_first_sign_in() -> None:
    world = World()
    await world.invite(EVE)
    assert await world.comes("Eve@Example.com", "u1")
    assert await world.comes(EVE, "u1")
    world.acts.clear()
    assert not await world.comes(EVE, "u2")
    assert [(each.action, each.target, each.address) for each in world.acts] == [("session.refused", EVE, "10.0.0.1")]
    assert world.acts[0].detail == {"reason": "another subject of the provider"}


async def test_a_subject_that_is_somebody_here_is_nobody_else() -> None:
    world = World()
    await world.invite(EVE)
    await world.invite(BOB)
    assert await world.comes(EVE, "u1")
    assert not await world.comes(BOB, "u1")
    assert (await world.known(BOB)).openid is None
    assert world.acts[-1].action == "session.refused"


@pytest.mark.parametrize("with_password", [True, False])
async def test_what_was_handed_over_serves_no_more_once_a_person_is_bound(with_password: bool) -> None:
    world = World()
    await world.invite(EVE, with_password=with_password)
    assert await world.comes(EVE, "u1")
    user = await world.known(EVE)
    assert (user.password_hash, user.must_change, user.invitation_hash) == ("", False, None)


async def test_a_new_way_in_lets_another_subject_be_bound() -> None:
    world = World()
    number = await world.invite(EVE)
    assert await world.comes(EVE, "u1")
    await world.people.reset_password(number, AccessOrder(), EMBEDDED)
    assert await world.comes(EVE, "u2")
    assert not await world.comes(EVE, "u1")


async def test_who_is_disabled_stays_out() -> None:
    world = World("viewer")
    number = await world.invite(EVE)
    await world.people.change(number, PersonChange(is_active=False), EMBEDDED)
    assert not await world.comes(EVE, "u1")
    assert (await world.known(EVE)).openid is None


async def test_strangers_stay_out_unless_they_are_wanted() -> None:
    world = World()
    assert not await world.comes(BOB, "u9")
    assert await world.users.list() == []


async def test_a_stranger_who_is_wanted_becomes_a_person_of_that_role_and_of_no_account() -> None:
    world = World("viewer")
    assert await world.comes("Bob@Example.com", "u9")
    user = await world.known(BOB)
    assert (user.role, user.accounts, user.password_hash, user.openid) == ("viewer", (), "", "https://id.example u9")
    assert [each.action for each in world.acts] == ["user.created_by_openid", "session.opened_by_openid"]
    assert await world.comes(BOB, "u9")
    assert not await world.comes("other@example.com", "u9")
    assert len(await world.users.list()) == 1
