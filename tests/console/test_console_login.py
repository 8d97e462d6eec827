"""Signing in and out."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from router_core.admin.own_access import OwnAccess
from router_core.clock import SystemClock
from router_core.errors import OverloadedError
from router_core.ports import UserRecord
from router_core.security.memory_people import MemoryUserStore
from router_core.security.memory_stores import MemoryAccountStore
from router_core.security.password_room import PasswordRoom
from router_core.security.sessions import ConsoleSession, OpenedSession
from router_core.types import OperatorAction, Principal, Secret
from signalbox.sign_in.cookies import form_token
from signalbox.sign_in.desk import Doors, SignInDesk
from signalbox.sign_in.forms import local_page
from signalbox.sign_in.routes import login_routes
from signalbox.sign_in.throttle import CAPACITY, FailureThrottle
from tests.console.console_fakes import OWNER
from tests.support.access_world import PlainHasher

EMAIL, PASSWORD = "ada@example.com", "correct horse"


class TickingClock(SystemClock):
    """A clock that moves only when told to."""

    __slots__ = ("at",)

    def __init__(self) -> None:
        super().__init__()
        self.at = 1000.0

    def now(self) -> float:
        return self.at


class OnePerson:
    """A user store with one person."""

    def __init__(self) -> None:
        self.is_active = True
        self.away = False

    async def create(self, user: UserRecord) -> None:
        raise AssertionError("nobody is created by signing in")

    async def list(self) -> list[UserRecord]:
        return []

    async def by_email(self, email: str) -> UserRecord | None:
        if self.away:
            raise OverloadedError("The store cannot be reached")
        if email != EMAIL:
            return None
        return UserRecord(
            id="u1",
            email=EMAIL,
            password_hash=f"hash:{PASSWORD}",
            role="owner",
            accounts=("acme",),
            is_active=self.is_active,
            created_at=datetime.now(UTC) - timedelta(days=1),
        )

    async def by_id(self, user_id: str) -> UserRecord | None:
        return await self.by_email(EMAIL) if user_id == "u1" else None


class Sessions:
    """Sessions in memory."""

    def __init__(self) -> None:
        self.open_tokens: set[str] = set()
        self.opened = 0

    async def open(self, user: UserRecord, address: str, browser: str) -> OpenedSession:
        self.opened += 1
        token = f"token-{self.opened}"
        self.open_tokens.add(token)
        return OpenedSession(Secret(token), "unused")

    async def check(self, token: str, *, touch: bool) -> Principal | None:
        return OWNER if token in self.open_tokens else None

    async def find(self, token: str, *, touch: bool) -> ConsoleSession | None:
        return ConsoleSession(OWNER, "unused") if token in self.open_tokens else None

    async def close(self, token: str) -> None:
        self.open_tokens.discard(token)


class World:
    """A client and everything behind the sign-in pages."""

    def __init__(self, base_url: str = "http://testserver") -> None:
        self.clock, self.hasher, self.people, self.sessions = TickingClock(), PlainHasher(), OnePerson(), Sessions()
        self.acts: list[OperatorAction] = []
        room = PasswordRoom(self.hasher)
        nobody = MemoryUserStore(MemoryAccountStore())
        own = OwnAccess(changes=nobody, passwords=room, look_anew=lambda: None, clock=self.clock)
        doors = Doors(
            users=self.people, own=own, passwords=room, sessions=self.sessions, seen_from=self._seen_from,
            note=self.acts.append,
        )  # fmt: skip
        self.known: set[str] = set()
        self.throttle = FailureThrottle(self.clock)
        app = Starlette(routes=login_routes(SignInDesk(lambda: doors, self.clock, self.throttle)))
        self.client = TestClient(app, follow_redirects=False, base_url=base_url)

    async def _seen_from(self, user_id: str, address: str) -> bool:
        return address in self.known

    def sign_in(self, email: str = EMAIL, password: str = PASSWORD, wanted: str = "/playground"):
        page = self.client.get("/auth/login", params={"next": wanted})
        csrf = re.search(r'name="csrf" value="([0-9a-f]+)"', page.text)
        assert csrf is not None
        form = {"email": email, "password": password, "csrf": csrf.group(1), "next": wanted}
        return self.client.post("/auth/login", data=form)


@pytest.fixture
def world() -> World:
    return World()


def test_the_right_password_opens_a_session_in_a_cookie_that_scripts_cannot_read(world: World) -> None:
    answer = world.sign_in(email="  Ada@Example.com ")
    assert (answer.status_code, answer.headers["location"]) == (303, "/playground")
    cookie = next(value for value in answer.headers.get_list("set-cookie") if value.startswith("signalbox_session="))
    assert {"httponly", "samesite=lax", "path=/"} <= {part.strip().lower() for part in cookie.split(";")}
    assert "secure" not in cookie.lower()


def test_over_https_the_cookie_is_secure_and_bound_to_the_host() -> None:
    answer = World("https://testserver").sign_in()
    cookie = next(value for value in answer.headers.get_list("set-cookie") if "token-" in value)
    assert cookie.startswith("__Host-signalbox_session=")
    assert "secure" in cookie.lower()


def test_unknown_person_wrong_password_and_disabled_person_look_the_same_and_cost_the_same(world: World) -> None:
    texts = []
    for email, password, active in (
        (EMAIL, "wrong", True),
        ("x@example.com", PASSWORD, True),
        (EMAIL, PASSWORD, False),
    ):
        world.people.is_active = active
        answer = world.sign_in(email=email, password=password)
        assert answer.status_code == 401
        texts.append(re.sub(r'value="[^"]*"', "", answer.text))
    assert len(set(texts)) == 1
    assert world.hasher.checks == 3
    assert not world.sessions.open_tokens


def test_what_was_typed_comes_back_as_text_only_and_never_the_password(world: World) -> None:
    answer = world.sign_in(email='"><script>alert(1)</script>', password="hunter2hunter2")
    assert "<script>" not in answer.text
    assert "&lt;script&gt;" in answer.text
    assert "hunter2" not in answer.text


def test_a_form_without_its_token_signs_nobody_in(world: World) -> None:
    world.client.get("/auth/login")
    form = {"email": EMAIL, "password": PASSWORD}
    assert world.client.post("/auth/login", data=form).status_code == 403
    assert world.client.post("/auth/login", data={**form, "csrf": form_token("another cookie")}).status_code == 403
    assert not world.sessions.open_tokens


def test_while_the_store_is_away_the_form_comes_back_and_says_so(world: World) -> None:
    world.people.away = True
    answer = world.sign_in()
    assert answer.status_code == 503
    assert "The store does not answer" in answer.text
    assert 'name="password"' in answer.text
    world.people.away = False
    assert world.sign_in().status_code == 303


def test_five_failures_in_fifteen_minutes_are_followed_by_a_wait_that_is_named_and_ends(world: World) -> None:
    for email in (EMAIL, "nobody@example.com"):
        for _ in range(5):
            assert world.sign_in(email=email, password="wrong").status_code == 401
        checks = world.hasher.checks
        answer = world.sign_in(email=email)
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "900")
        assert "Try again in 15 minutes" in answer.text
        assert world.hasher.checks == checks
    world.clock.at += 899
    assert world.sign_in().status_code == 429
    world.clock.at += 1
    assert world.sign_in().status_code == 303


def test_a_person_who_is_attacked_from_everywhere_still_gets_in_from_where_they_are_known(world: World) -> None:
    desk_address = "testclient"
    for number in range(60):
        world.throttle.begin(EMAIL, f"10.0.{number}.1")
    assert world.sign_in().status_code == 429
    world.known.add(desk_address)
    assert world.sign_in().status_code == 303
    world.client.cookies.clear()
    for number in range(40):
        world.throttle.begin(f"{number}@example.com", desk_address)
    assert world.sign_in(email="other@example.com").status_code == 429
    assert world.sign_in().status_code == 303


def test_the_hash_in_the_store_is_no_password(world: World) -> None:
    assert world.sign_in(password=f"hash:{PASSWORD}").status_code == 401


def test_a_throttle_remembers_a_bounded_number_and_counts_an_ipv6_network_as_one_place() -> None:
    throttle = FailureThrottle(TickingClock())
    for _ in range(5):
        throttle.begin("a@example.com", "2001:db8:1:2::1")
    assert throttle.wait("a@example.com", "2001:db8:1:2:ffff::9") == 900
    assert throttle.wait("a@example.com", "2001:db8:1:3::1") == 0
    assert throttle.wait("a@example.com", "::ffff:10.0.0.1") == 0
    for number in range(CAPACITY):
        throttle.begin(f"{number}@example.com", f"10.{number // 250}.{number % 250}.1")
    assert throttle.wait("a@example.com", "2001:db8:1:2::1") == 0


def test_one_who_signs_in_takes_their_own_failures_back_and_nobody_elses() -> None:
    throttle = FailureThrottle(TickingClock())
    for _ in range(4):
        throttle.begin("a@example.com", "10.0.0.1")
    for number in range(25):
        throttle.begin(f"{number}@example.com", "10.0.0.1")
    throttle.begin("a@example.com", "10.0.0.1")
    throttle.passed("a@example.com", "10.0.0.1")
    assert throttle.wait("a@example.com", "10.0.0.1") == 0
    assert throttle.crowd_wait("b@example.com", "10.0.0.1") == 0
    throttle.begin("b@example.com", "10.0.0.1")
    assert throttle.crowd_wait("b@example.com", "10.0.0.1") == 900


def test_someone_who_is_signed_in_is_sent_on(world: World) -> None:
    world.sign_in()
    answer = world.client.get("/auth/login", params={"next": "/playground"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/playground")


def test_signing_in_again_ends_the_session_before(world: World) -> None:
    page = world.client.get("/auth/login")
    csrf = re.search(r'name="csrf" value="([0-9a-f]+)"', page.text)
    assert csrf is not None
    world.sessions.open_tokens.add("old")
    seed = world.client.cookies["signalbox_form"]
    form = {"email": EMAIL, "password": PASSWORD, "csrf": csrf.group(1)}
    world.client.post("/auth/login", data=form, headers={"cookie": f"signalbox_session=old; signalbox_form={seed}"})
    assert world.sessions.open_tokens == {"token-1"}


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "/auth/logout",
        "/a\r\nb",
        "",
        None,
    ],
)
def test_only_pages_of_this_console_are_gone_on_to(wanted: str | None) -> None:
    assert local_page(wanted) == "/"


def test_a_page_with_its_query_is_gone_on_to() -> None:
    assert local_page("/playground?playground_by=Model") == "/playground?playground_by=Model"


def test_signing_out_needs_the_forms_token_and_ends_the_session(world: World) -> None:
    world.sign_in()
    assert world.client.post("/auth/logout").status_code == 403
    assert world.sessions.open_tokens == {"token-1"}
    answer = world.client.post("/auth/logout", data={"csrf": form_token("token-1")})
    assert (answer.status_code, answer.headers["location"]) == (303, "/auth/login?signed_out")
    assert not world.sessions.open_tokens
    assert "signalbox_session" not in world.client.cookies


def test_opening_the_sign_out_address_only_asks(world: World) -> None:
    assert world.client.get("/auth/logout").headers["location"] == "/auth/login"
    world.sign_in()
    answer = world.client.get("/auth/logout")
    assert form_token("token-1") in answer.text
    assert world.sessions.open_tokens == {"token-1"}


def test_an_oversized_form_is_refused(world: World) -> None:
    assert world.client.post("/auth/login", content=b"a=" + b"x" * 20_000).status_code == 413


def test_pages_are_never_kept_by_caches_and_carry_no_script(world: World) -> None:
    answer = world.client.get("/auth/login")
    assert answer.headers["cache-control"] == "no-store"
    assert "<script" not in answer.text
    assert not re.search(r"https?://", answer.text)


def test_who_came_in_who_was_refused_and_who_left_is_on_record_with_the_address(world: World) -> None:
    world.sign_in(password="wrong")
    world.sign_in()
    page = world.client.get("/auth/logout")
    csrf = re.search(r'name="csrf" value="([0-9a-f]+)"', page.text)
    assert csrf is not None
    world.client.post("/auth/logout", data={"csrf": csrf.group(1)})
    assert [(each.action, each.address) for each in world.acts] == [
        ("session.refused", "testclient"), ("session.opened", "testclient"), ("session.closed", "testclient"),
    ]  # fmt: skip
    refused, opened, closed = world.acts
    assert (refused.target, refused.actor, refused.role) == (EMAIL, "", None)
    assert (opened.target, opened.actor, opened.actor_id, opened.role) == (EMAIL, EMAIL, "u1", "owner")
    assert (closed.actor, closed.role) == (OWNER.name, OWNER.role)


def test_what_strangers_type_is_not_on_record(world: World) -> None:
    world.sign_in(email="my password by mistake")
    assert world.acts == []
