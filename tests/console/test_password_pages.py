"""Choosing a password: by an invitation, in the place of a first one, in the place of one's own."""

import re
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from router_core.admin.action_trail import ActionTrail
from router_core.admin.people_views import AccessOrder, PersonChange, PersonOrder
from router_core.security.memory_action_log import MemoryActionLog
from router_core.security.memory_people import MemorySessionStore, MemoryUserStore
from router_core.security.memory_stores import MemoryAccountStore, MemoryApiKeyStore
from router_core.security.password_room import PasswordRoom
from router_core.security.sessions import SessionGate
from router_core.types import EMBEDDED, OperatorAction
from signalbox.sign_in.desk import Doors, SignInDesk
from signalbox.sign_in.routes import login_routes
from tests.support.access_world import AccessStores, PlainHasher, access_world
from tests.support.fake_clock import FakeClock

T = TypeVar("T")
EMAIL, OWN = "eve@example.com", "a few words of mine"


class World:
    """The pages over real desks and stores in memory, and two browsers."""

    def __init__(self) -> None:
        self.clock, accounts = FakeClock(), MemoryAccountStore()
        users = MemoryUserStore(accounts)
        stores = AccessStores(accounts, users, MemoryApiKeyStore(accounts), MemorySessionStore(users))
        self.gate = SessionGate(stores.sessions, self.clock)
        trail = ActionTrail(MemoryActionLog(), self.clock)
        desks = access_world(stores, trail, self.clock, self.gate.look_anew)
        self.users, self.people, self.acts = users, desks.people, list[OperatorAction]()
        doors = Doors(
            users=users, own=desks.own, passwords=PasswordRoom(PlainHasher()), sessions=self.gate,
            seen_from=desks.sessions.seen_from, note=self.acts.append,
        )  # fmt: skip
        self.app = Starlette(routes=login_routes(SignInDesk(lambda: doors, self.clock)))
        self.browser = self.open()

    def open(self) -> TestClient:
        return TestClient(self.app, follow_redirects=False, headers={"user-agent": "Firefox"})

    def run(self, act: Callable[[], Awaitable[T]]) -> T:
        """Do ``act`` on the loop that the pages run on."""
        assert self.browser.portal is not None
        return self.browser.portal.call(act)

    def may_use(self, token: str) -> bool:
        return self.run(lambda: self.gate.check(token, touch=True)) is not None

    def verbs(self) -> list[str]:
        return [each.action for each in self.acts]


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    with made.browser:
        yield made


def submit(browser: TestClient, path: str, **fields: str) -> httpx2.Response:
    page = browser.get(path)
    csrf = re.search(r'name="csrf" value="([0-9a-f]+)"', page.text)
    assert csrf is not None, page.text
    return browser.post(path.partition("?")[0], data={"csrf": csrf[1], **fields})


def invited(world: World) -> str:
    given = world.run(lambda: world.people.create(PersonOrder(email=EMAIL, role="viewer"), EMBEDDED))
    assert given.link is not None
    return given.link


def first_password(world: World) -> str:
    order = PersonOrder(email=EMAIL, role="viewer", first_access="password")
    given = world.run(lambda: world.people.create(order, EMBEDDED))
    assert given.password is not None
    return given.password


def sign_in(browser: TestClient, password: str) -> httpx2.Response:
    return submit(browser, "/auth/login?next=/live", email=EMAIL, password=password, next="/live")


def test_an_invitation_lets_its_holder_choose_a_password_once_and_signs_them_in(world: World) -> None:
    link = invited(world)
    answer = world.browser.get(link)
    assert (answer.status_code, answer.headers["location"]) == (303, "/auth/invitation")
    assert EMAIL in world.browser.get("/auth/invitation").text
    answer = submit(world.browser, "/auth/invitation", new=OWN, again=OWN)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "signalbox_session" in world.browser.cookies
    assert world.verbs() == ["user.invitation_accepted"]
    other = world.open()
    other.get(link)
    assert other.get("/auth/invitation").status_code == 410
    assert sign_in(other, OWN).status_code == 303


def test_the_token_of_an_invitation_is_on_no_page_and_goes_to_no_other_site(world: World) -> None:
    link = invited(world)
    token = link.rpartition("/")[2]
    answer = world.browser.get(link)
    assert answer.headers["referrer-policy"] == "no-referrer"
    cookie = answer.headers["set-cookie"].lower()
    assert {"httponly", "samesite=lax", "path=/auth/invitation"} <= {part.strip() for part in cookie.split(";")}
    assert token not in world.browser.get("/auth/invitation").text


@pytest.mark.parametrize("end", ["time", "newer", "disabled", "made up"])
def test_an_invitation_that_is_not_good_any_more_says_so(world: World, end: str) -> None:
    link = invited(world)
    user = world.run(lambda: world.users.by_email(EMAIL))
    assert user is not None
    match end:
        case "time":
            world.clock.advance(3 * 24 * 3600)
        case "newer":
            world.run(lambda: world.people.reset_password(user.id, AccessOrder(), EMBEDDED))
        case "disabled":
            world.run(lambda: world.people.change(user.id, PersonChange(is_active=False), EMBEDDED))
        case _:
            link = "/auth/invitation/made-up"
    world.browser.get(link)
    page = world.browser.get("/auth/invitation")
    assert page.status_code == 410
    assert "does not work any more" in page.text


def test_a_first_password_opens_nothing_but_the_page_to_choose_another(world: World) -> None:
    given = first_password(world)
    answer = sign_in(world.browser, given)
    assert answer.headers["location"] == "/auth/password?first=1&next=/live"
    first = world.browser.cookies["signalbox_session"]
    assert not world.may_use(first)
    assert world.browser.get("/auth/login").status_code == 200
    answer = submit(
        world.browser, "/auth/password?first=1&next=/live", password=given, new=OWN, again=OWN, next="/live"
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/live")
    second = world.browser.cookies["signalbox_session"]
    assert second != first
    assert world.may_use(second)
    assert world.verbs() == ["session.opened", "user.password_changed"]


def test_changing_ones_password_ends_every_other_session(world: World) -> None:
    world.browser.get(invited(world))
    submit(world.browser, "/auth/invitation", new=OWN, again=OWN)
    elsewhere = world.open()
    sign_in(elsewhere, OWN)
    there = elsewhere.cookies["signalbox_session"]
    assert world.may_use(there)
    fresh = "quite another phrase"
    assert submit(world.browser, "/auth/password", password=OWN, new=fresh, again=fresh).status_code == 303
    assert not world.may_use(there)
    here = world.browser.cookies["signalbox_session"]
    assert world.may_use(here)
    assert sign_in(world.open(), OWN).status_code == 401


@pytest.mark.parametrize(
    ("old", "new", "again", "status", "words"),
    [
        ("wrong", "another phrase", "another phrase", 401, "current password is not right"),
        (OWN, "another phrase", "another phrasf", 400, "not the same"),
        (OWN, "short", "short", 400, "at least 12 characters"),
        (OWN, "aaaaaaaaaaaaaa", "aaaaaaaaaaaaaa", 400, "repeat"),
        (OWN, EMAIL, EMAIL, 400, "is not the address"),
        (OWN, OWN, OWN, 400, "other than the one you have"),
    ],
)
def test_a_password_that_cannot_be_taken_is_explained_and_changes_nothing(
    world: World, old: str, new: str, again: str, status: int, words: str
) -> None:
    world.browser.get(invited(world))
    submit(world.browser, "/auth/invitation", new=OWN, again=OWN)
    answer = submit(world.browser, "/auth/password", password=old, new=new, again=again)
    assert answer.status_code == status
    assert words in answer.text
    assert sign_in(world.open(), OWN).status_code == 303


def test_guessing_the_current_password_is_slowed_down_as_signing_in_is(world: World) -> None:
    world.browser.get(invited(world))
    submit(world.browser, "/auth/invitation", new=OWN, again=OWN)
    for _ in range(5):
        assert submit(world.browser, "/auth/password", password="no", new="x" * 12, again="x" * 12).status_code == 401
    assert submit(world.browser, "/auth/password", password=OWN, new="x" * 12, again="x" * 12).status_code == 429
    assert sign_in(world.open(), OWN).status_code == 429


def test_the_pages_need_their_own_forms_and_a_session(world: World) -> None:
    assert world.browser.get("/auth/password").headers["location"] == "/auth/login"
    assert world.browser.post("/auth/password", data={"password": OWN}).headers["location"] == "/auth/login"
    world.browser.get(invited(world))
    assert world.browser.post("/auth/invitation", data={"new": OWN, "again": OWN}).status_code == 403
    submit(world.browser, "/auth/invitation", new=OWN, again=OWN)
    other = "another phrase"
    assert world.browser.post("/auth/password", data={"password": OWN, "new": other, "again": other}).status_code == 403
    assert sign_in(world.open(), OWN).status_code == 303
    assert world.browser.post("/auth/password", content=b"x" * 20_000).status_code == 413
