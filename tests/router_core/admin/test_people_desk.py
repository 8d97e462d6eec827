"""Who may do what to whom, and what is left behind of it."""

from dataclasses import dataclass, field
from typing import cast

import pytest
from msgspec import UNSET, structs

from router_core.admin.action_trail import ActionTrail
from router_core.admin.people_views import AccessOrder, AccountChange, AccountOrder, PersonChange, PersonOrder
from router_core.errors import ConflictError, ForbiddenError, LLMError, NotFoundError, ValidationError
from router_core.ports import AccountRecord, SessionRecord, UserRecord
from router_core.security.api_keys import new_api_key
from router_core.security.memory_action_log import MemoryActionLog
from router_core.security.memory_people import MemorySessionStore, MemoryUserStore
from router_core.security.memory_stores import MemoryAccountStore, MemoryApiKeyStore
from router_core.security.sessions import token_digest
from router_core.types import OperatorAction, PersonRole, Principal
from tests.support.access_world import AccessStores, access_world
from tests.support.fake_clock import FakeClock

NAMES: dict[str, PersonRole] = {
    "olga": "owner", "omar": "owner", "ada": "admin", "abe": "admin", "vi": "viewer", "ana": "analyst",
}  # fmt: skip
KEY = Principal(kind="key", id="k1", name="an admin key", role="admin", accounts=("acme",))


class Told(MemoryActionLog):
    """Keeps actions, and in which order they came."""

    def __init__(self) -> None:
        super().__init__()
        self.acts: list[OperatorAction] = []

    async def append(self, action: OperatorAction) -> None:
        await super().append(action)
        self.acts.append(action)


@dataclass
class World:
    """Two accounts, six people, and the desks."""

    clock: FakeClock = field(default_factory=FakeClock)
    looks: int = 0

    def __post_init__(self) -> None:
        accounts = MemoryAccountStore()
        users = MemoryUserStore(accounts)
        self.stores = AccessStores(accounts, users, MemoryApiKeyStore(accounts), MemorySessionStore(users))
        self.log = Told()
        self.desks = access_world(self.stores, ActionTrail(self.log, self.clock), self.clock, self._look)
        self.people, self.accounts, self.sessions = self.desks.people, self.desks.accounts, self.desks.sessions

    def _look(self) -> None:
        self.looks += 1

    async def fill(self) -> "World":
        now = self.clock.utcnow()
        for name in ("acme", "other"):
            made = AccountRecord(id=name, name=name, timezone="UTC", is_active=True, created_at=now)
            await self.stores.accounts.create(made)
        for name, role in NAMES.items():
            await self.stores.users.create(
                UserRecord(
                    id=name, email=f"{name}@example.com", password_hash="hash:x", role=role, accounts=("acme",),
                    is_active=True, created_at=now,
                )
            )  # fmt: skip
        return self

    async def user(self, name: str) -> UserRecord:
        found = await self.stores.users.by_id(name)
        assert found is not None
        return found

    async def sign_in(self, name: str, token: str, address: str = "10.0.0.1") -> str:
        now, user = self.clock.utcnow(), await self.user(name)
        session = SessionRecord(
            token_hash=token_digest(token), user_id=name, csrf="c", created_at=now, last_seen_at=now,
            expires_at=now.replace(year=now.year + 1), address=address, generation=user.generation,
        )  # fmt: skip
        await self.stores.sessions.create(session)
        return session.id

    def acts(self) -> list[OperatorAction]:
        return self.log.acts


@pytest.fixture
async def world() -> World:
    return await World().fill()


def as_person(name: str) -> Principal:
    role = NAMES[name]
    return Principal(
        kind="person", id=name, name=f"{name}@example.com", role=role, accounts=("acme",), address="10.9.9.9"
    )


async def attempt(world: World, who: Principal, act: str, target: str) -> None:
    match act.split():
        case ["role", role]:
            await world.people.change(target, PersonChange(role=cast(PersonRole, role)), who)
        case ["disable"]:
            await world.people.change(target, PersonChange(is_active=False), who)
        case ["accounts"]:
            await world.people.change(target, PersonChange(accounts=("other",)), who)
        case ["remove"]:
            await world.people.remove(target, who)
        case ["reset"]:
            await world.people.reset_password(target, AccessOrder(), who)
        case ["create", role]:
            await world.people.create(PersonOrder(email="new@example.com", role=cast(PersonRole, role)), who)
        case _:
            raise AssertionError(act)


ALLOWED = [
    ("olga", "role viewer", "omar"), ("olga", "role owner", "ada"), ("olga", "disable", "omar"),
    ("olga", "remove", "omar"), ("olga", "remove", "ada"), ("olga", "reset", "ada"), ("olga", "create owner", "-"),
    ("olga", "accounts", "olga"), ("ada", "accounts", "ada"), ("ada", "role admin", "vi"), ("ada", "disable", "vi"),
    ("ada", "remove", "ana"), ("ada", "reset", "vi"), ("ada", "create admin", "-"), ("key", "create viewer", "-"),
    ("key", "role analyst", "vi"),
]  # fmt: skip
REFUSED = [
    # Nobody's own role, up or down; not even an owner's.
    ("vi", "role owner", "vi"), ("vi", "role admin", "vi"), ("ana", "role viewer", "ana"), ("ada", "role owner", "ada"),
    ("ada", "role viewer", "ada"), ("olga", "role viewer", "olga"), ("olga", "disable", "olga"),
    ("olga", "remove", "olga"), ("ada", "reset", "ada"),
    # Only owners make owners and touch admins and owners.
    ("ada", "role owner", "vi"), ("ada", "create owner", "-"), ("ada", "role viewer", "abe"), ("ada", "disable", "abe"),
    ("ada", "remove", "abe"), ("ada", "reset", "abe"), ("ada", "accounts", "abe"), ("ada", "remove", "olga"),
    ("ada", "reset", "olga"), ("ada", "disable", "omar"), ("key", "remove", "ada"), ("key", "role owner", "vi"),
    # Who is no admin acts on nobody.
    ("vi", "create viewer", "-"), ("ana", "remove", "vi"), ("ana", "disable", "vi"), ("vi", "reset", "ana"),
    ("vi", "accounts", "vi"),
]  # fmt: skip


@pytest.mark.parametrize(("who", "act", "target"), ALLOWED)
async def test_who_may_does_it_and_it_is_on_record(world: World, who: str, act: str, target: str) -> None:
    person = KEY if who == "key" else as_person(who)
    await attempt(world, person, act, target)
    (told,) = world.acts()
    assert (told.actor, told.address) == (person.name, person.address)
    assert told.target == ("new@example.com" if target == "-" else f"{target}@example.com")
    assert "refused" not in told.action


@pytest.mark.parametrize(("who", "act", "target"), REFUSED)
async def test_who_may_not_is_refused_changes_nothing_and_the_attempt_is_on_record(
    world: World, who: str, act: str, target: str
) -> None:
    before = await world.stores.users.list()
    with pytest.raises(ForbiddenError):
        await attempt(world, KEY if who == "key" else as_person(who), act, target)
    assert await world.stores.users.list() == before
    (told,) = world.acts()
    assert told.action == "user.refused"
    assert told.detail["wanted"] == act


async def test_a_role_that_was_taken_away_a_moment_ago_allows_nothing(world: World) -> None:
    await world.people.change("ada", PersonChange(role="viewer"), as_person("olga"))
    with pytest.raises(ForbiddenError):
        await world.people.remove("vi", as_person("ada"))
    await world.people.change("abe", PersonChange(is_active=False), as_person("olga"))
    for act in (
        world.people.remove("vi", as_person("abe")), world.accounts.create(AccountOrder(name="new"), as_person("abe")),
        world.sessions.end_all("vi", as_person("abe")),
    ):  # fmt: skip
        with pytest.raises(ForbiddenError):
            await act


async def test_the_last_owner_stays_and_that_nothing_came_of_it_is_on_record(world: World) -> None:
    await world.people.remove("omar", as_person("olga"))
    embedded = Principal(kind="embedded", id="", name="command", role="owner", accounts=())
    with pytest.raises(ConflictError, match="last active owner must stay"):
        await world.people.remove("olga", embedded)
    assert [told.action for told in world.acts()] == ["user.removed", "user.removed", "user.removed_in_vain"]


async def test_a_change_of_role_and_disabling_end_the_sessions_and_other_accounts_do_not(world: World) -> None:
    for change, same in (
        (PersonChange(role="analyst"), False), (PersonChange(accounts=("other",)), True),
        (PersonChange(is_active=False), False), (PersonChange(is_active=True), True),
    ):  # fmt: skip
        before = (await world.user("vi")).generation
        await world.people.change("vi", change, as_person("ada"))
        assert ((await world.user("vi")).generation == before) is same
    told = world.acts()
    assert [each.action for each in told] == [
        "user.role_changed", "user.accounts_changed", "user.disabled", "user.enabled",
    ]  # fmt: skip
    assert (told[0].before, told[0].after) == ({"role": "viewer"}, {"role": "analyst"})
    assert world.looks == 4


async def test_a_change_of_nothing_does_nothing(world: World) -> None:
    await world.people.change("vi", PersonChange(role="viewer", accounts=("acme",)), as_person("ada"))
    assert world.acts() == []


async def test_an_invitation_is_a_link_that_ends_and_no_password(world: World) -> None:
    order = PersonOrder(email=" New@Example.COM ", role="viewer", accounts=("acme",))
    given = await world.people.create(order, as_person("ada"))
    assert given.password is None
    assert given.link is not None
    assert given.link.startswith("/auth/invitation/")
    assert (given.person.email, given.person.state) == ("new@example.com", "invited")
    user = await world.user(given.person.id)
    assert user.password_hash == ""
    assert user.invitation_hash == token_digest(given.link.rpartition("/")[2])
    assert user.invited_until == given.link_ends_at
    assert given.link not in repr(given)


async def test_a_first_password_is_generated_and_must_be_changed(world: World) -> None:
    order = PersonOrder(email="new@example.com", role="viewer", first_access="password")
    given = await world.people.create(order, as_person("ada"))
    other = await world.people.reset_password("vi", AccessOrder(first_access="password"), as_person("ada"))
    assert given.password is not None
    assert given.password != other.password
    assert len(given.password) == 24
    user = await world.user(given.person.id)
    assert (user.must_change, user.password_hash) == (True, f"hash:{given.password}")
    assert (await world.user("vi")).generation == 2
    assert given.password not in repr(given)
    assert all(given.password not in repr(told) for told in world.acts())


@pytest.mark.parametrize("email", ["", "nobody", "a@", "@b", "a b@c", "a@b@c", "x" * 251 + "@b.c", "a\x00@b", "a\n@b"])
async def test_what_is_no_address_is_refused_by_its_field(world: World, email: str) -> None:
    with pytest.raises(ValidationError) as caught:
        await world.people.create(PersonOrder(email=email, role="viewer"), as_person("ada"))
    assert caught.value.field == "email"


async def test_who_does_not_exist_is_not_found(world: World) -> None:
    for act in ("role viewer", "remove", "reset"):
        with pytest.raises(NotFoundError):
            await attempt(world, as_person("ada"), act, "nobody")
        with pytest.raises(ForbiddenError):
            await attempt(world, as_person("vi"), act, "nobody")


# --- accounts ----------------------------------------------------------------------------------------------------


async def test_an_account_is_made_changed_and_counted_and_each_act_is_on_record(world: World) -> None:
    ada = as_person("ada")
    made = await world.accounts.create(AccountOrder(name=" Apex ", timezone="Europe/Berlin"), ada)
    change = AccountChange(name="Apex 2", is_active=False, keeps_content=True, redaction="secrets")
    await world.accounts.change(made.id, change, ada)
    found = {each.name: each for each in await world.accounts.accounts(ada)}
    assert (found["acme"].people, found["other"].people) == (6, 0)
    assert (found["Apex 2"].timezone, found["Apex 2"].is_active, found["Apex 2"].keeps_content) == (
        "Europe/Berlin", False, True,
    )  # fmt: skip
    told = world.acts()
    assert [each.action for each in told] == ["account.created", "account.changed"]
    assert told[1].before == {"name": "Apex", "isActive": True, "keepsContent": False, "redaction": "personal"}
    assert told[1].after == {"name": "Apex 2", "isActive": False, "keepsContent": True, "redaction": "secrets"}
    assert {each.account_id for each in told} == {made.id}


@pytest.mark.parametrize(
    ("name", "zone", "field"),
    [("", None, "name"), ("x" * 101, None, "name"), ("a\nb", None, "name"), ("new", "Mars/Olympus", "timezone"),
     ("new", "../etc/passwd", "timezone"), ("new", "", "timezone"), ("acme", None, "name")],
)  # fmt: skip
async def test_a_bad_account_is_refused_by_its_field(world: World, name: str, zone: str | None, field: str) -> None:
    with pytest.raises(ValidationError) as caught:
        await world.accounts.create(AccountOrder(name=name, timezone=zone), as_person("ada"))
    assert caught.value.field == field
    change = AccountChange(name=name, timezone=UNSET if zone is None else zone)
    with pytest.raises(ValidationError):
        await world.accounts.change("other", change, as_person("ada"))


async def test_only_owners_remove_accounts_with_their_keys_and_memberships(world: World) -> None:
    made = new_api_key(b"pepper", world.clock, account_id="acme", role="service", name="k")
    await world.stores.keys.create(made.record)
    for who in (as_person("ada"), as_person("vi"), KEY):
        with pytest.raises(ForbiddenError):
            await world.accounts.remove("acme", who)
    await world.accounts.remove("acme", as_person("olga"))
    assert [each.id for each in await world.accounts.accounts(as_person("ada"))] == ["other"]
    kept = await world.stores.keys.by_id(made.id)
    assert kept is not None
    assert kept.revoked_at is not None
    assert (await world.user("vi")).accounts == ()
    assert "acme (removed, acme)" in (await world.accounts.names(as_person("ada"))).values()
    with pytest.raises(NotFoundError):
        await world.accounts.change("acme", AccountChange(is_active=True), as_person("olga"))


# --- sessions ----------------------------------------------------------------------------------------------------


async def test_everybody_sees_and_ends_their_own_sessions_alone(world: World) -> None:
    mine, other = await world.sign_in("vi", "one"), await world.sign_in("vi", "two")
    theirs = await world.sign_in("ana", "three")
    vi = as_person("vi")
    assert {each.id for each in await world.sessions.own(vi)} == {mine, other}
    with pytest.raises(NotFoundError):
        await world.sessions.end_own(theirs, vi)
    refused: tuple[LLMError, ...] = ()
    for act in (world.sessions.everybody(vi), world.sessions.end(theirs, vi), world.sessions.end_all("ana", vi)):
        with pytest.raises(ForbiddenError) as caught:
            await act
        refused += (caught.value,)
    assert len(refused) == 3
    assert await world.sessions.end_others(mine, vi) == 1
    assert [each.id for each in await world.sessions.own(vi)] == [mine]
    await world.sessions.end_own(mine, vi)
    assert await world.sessions.own(vi) == []
    assert [each.action for each in world.acts()] == ["session.others_ended", "session.ended"]


async def test_admins_end_one_session_or_all_of_a_person(world: World) -> None:
    first = await world.sign_in("vi", "one", "10.0.0.7")
    await world.sign_in("vi", "two")
    await world.sign_in("vi", "three")
    ada = as_person("ada")
    await world.sessions.end(first, ada)
    assert len(await world.sessions.everybody(ada, "vi")) == 2
    assert await world.sessions.end_all("vi", ada) == 2
    assert await world.sessions.everybody(ada) == []
    told = world.acts()
    assert [(each.action, each.target) for each in told] == [
        ("session.ended", "vi@example.com"), ("session.all_ended", "vi@example.com"),
    ]  # fmt: skip
    assert told[0].detail == {"session": first, "address": "10.0.0.7"}
    assert world.looks == 2


async def test_a_session_that_fell_idle_is_not_listed(world: World) -> None:
    await world.sign_in("vi", "one")
    world.clock.advance(30 * 60 + 1)
    assert await world.sessions.everybody(as_person("ada")) == []


async def test_a_key_has_no_sessions(world: World) -> None:
    with pytest.raises(ForbiddenError):
        await world.sessions.own(structs.replace(KEY))
