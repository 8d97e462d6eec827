"""Keys, sessions, passwords and permissions, with a clock of their own."""

import asyncio
from datetime import datetime

import pytest
from msgspec import structs

from router_core.errors import ForbiddenError, OverloadedError, UnauthorizedError
from router_core.ports import AccountRecord, ApiKeyRecord, SessionRecord, UserRecord
from router_core.security.api_keys import KeyAuthenticator, new_api_key
from router_core.security.fresh_cache import FreshCache
from router_core.security.passwords import Argon2Passwords
from router_core.security.permissions import require
from router_core.security.sessions import SessionGate
from router_core.types import Principal, Role, Secret
from tests.support.fake_clock import FakeClock
from tests.support.key_text import key_id

PEPPER = b"pepper-for-tests-0123456789"


class Store:
    """Account, key and session store in one: counts reads, and fails on demand."""

    def __init__(self) -> None:
        self.account = _account(active=True)
        self.key: ApiKeyRecord | None = None
        self.session: tuple[SessionRecord, UserRecord] | None = None
        self.reads = 0
        self.touches = 0
        self.down = False

    def _read(self) -> None:
        self.reads += 1
        if self.down:
            raise ConnectionError("store is down")


class Accounts(Store):
    async def by_id(self, account_id: str) -> AccountRecord | None:
        self._read()
        return self.account if account_id == self.account.id else None


class Keys:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def by_id(self, key_id: str) -> ApiKeyRecord | None:
        self._store._read()
        key = self._store.key
        return key if key is not None and key.id == key_id else None


class Sessions:
    def __init__(self, user: UserRecord) -> None:
        self.user = user
        self.kept: SessionRecord | None = None
        self.touches = 0

    async def create(self, session: SessionRecord) -> None:
        self.kept = session

    async def find(self, token_hash: bytes) -> tuple[SessionRecord, UserRecord] | None:
        return None if self.kept is None or self.kept.token_hash != token_hash else (self.kept, self.user)

    async def touch(self, token_hash: bytes, at: datetime) -> None:
        self.touches += 1
        if self.kept is not None:
            self.kept = structs.replace(self.kept, last_seen_at=at)


def _user() -> UserRecord:
    return UserRecord(
        id="u", email="a@b.c", password_hash="x", role="viewer", accounts=("acme",), is_active=True,
        created_at=FakeClock().utcnow(),
    )  # fmt: skip


def _account(*, active: bool) -> AccountRecord:
    return AccountRecord(id="acme", name="acme", timezone="UTC", is_active=active, created_at=FakeClock().utcnow())


def _ready() -> tuple[FakeClock, Accounts, KeyAuthenticator, str]:
    clock, store = FakeClock(), Accounts()
    made = new_api_key(PEPPER, clock, account_id="acme", role="service", name="k")
    store.key = made.record
    gate = KeyAuthenticator(Keys(store), store, PEPPER, clock)  # type: ignore[arg-type]
    return clock, store, gate, made.key.reveal()


async def test_a_key_seen_a_moment_ago_needs_no_store() -> None:
    _, store, gate, key = _ready()
    for _ in range(100):
        assert (await gate.authenticate(key)).accounts == ("acme",)
    assert store.reads == 2, "the key once and its account once"


async def test_an_account_is_read_once_while_its_answer_is_fresh_and_never_the_others() -> None:
    _, store, gate, _ = _ready()
    for _ in range(100):
        assert await gate.account_exists("acme")
    assert store.reads == 1
    assert not await gate.account_exists("nobody")
    assert await gate.account_exists("acme")
    assert store.reads == 2


async def test_a_revoked_key_is_refused_within_five_seconds() -> None:
    clock, store, gate, key = _ready()
    await gate.authenticate(key)
    store.key = None
    clock.advance(5)
    with pytest.raises(UnauthorizedError):
        await gate.authenticate(key)


async def test_a_disabled_account_is_refused_within_five_seconds() -> None:
    clock, store, gate, key = _ready()
    await gate.authenticate(key)
    store.account = _account(active=False)
    clock.advance(5)
    with pytest.raises(UnauthorizedError):
        await gate.authenticate(key)


async def test_known_keys_outlive_an_outage_of_the_store_and_unknown_ones_get_503() -> None:
    clock, store, gate, key = _ready()
    await gate.authenticate(key)
    store.down = True
    clock.advance(60)
    assert (await gate.authenticate(key)).id == key_id(key)
    with pytest.raises(OverloadedError):
        await gate.authenticate(key[:-1] + ("A" if key[-1] != "A" else "B"))


class HangingKeys(Keys):
    """A store that takes its time while :attr:`answers` is not set."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.answers = asyncio.Event()
        self.answers.set()

    async def by_id(self, key_id: str) -> ApiKeyRecord | None:
        await self.answers.wait()
        return await super().by_id(key_id)


async def test_a_key_in_use_is_asked_for_ahead_so_that_nobody_waits_for_a_store_that_hangs() -> None:
    clock, store, _, key = _ready()
    keys = HangingKeys(store)
    gate = KeyAuthenticator(keys, store, PEPPER, clock)  # type: ignore[arg-type]
    await gate.authenticate(key)
    keys.answers.clear()
    clock.advance(3.5)
    for _ in range(50):
        async with asyncio.timeout(1):
            await gate.authenticate(key)
    store.down = True
    keys.answers.set()
    await asyncio.sleep(0)
    reads = store.reads
    clock.advance(2.0)
    await gate.authenticate(key)
    assert store.reads - reads <= 1


async def test_a_look_that_was_under_way_does_not_bring_back_what_was_dropped() -> None:
    clock = FakeClock()
    cache: FreshCache[str, str] = FreshCache(clock)
    answers = asyncio.Event()

    async def look() -> str:
        await answers.wait()
        return "open"

    looking = asyncio.create_task(cache.refresh("session", look))
    await asyncio.sleep(0)
    cache.drop("session")
    answers.set()
    assert await looking == "open"
    assert cache.get("session") is None


async def test_the_stored_hash_is_no_key() -> None:
    _, store, gate, _ = _ready()
    assert store.key is not None
    with pytest.raises(UnauthorizedError):
        await gate.authenticate(f"sbx_{store.key.id}_{store.key.secret_hash.hex()}")


async def test_a_session_ends_when_idle_and_is_touched_every_thirty_seconds_at_most() -> None:
    clock = FakeClock()
    store = Sessions(_user())
    gate = SessionGate(store, clock)  # type: ignore[arg-type]
    token = (await gate.open(store.user, "127.0.0.1")).token.reveal()
    clock.advance(29)
    assert await gate.check(token, touch=True) is not None
    assert store.touches == 0
    clock.advance(1)
    assert await gate.check(token, touch=True) is not None
    assert store.touches == 1
    clock.advance(1800)
    assert await gate.check(token, touch=False) is None


async def test_only_acts_keep_a_session_alive_not_a_page_that_looks_on_and_none_outlives_twelve_hours() -> None:
    user, clock = _user(), FakeClock()
    gate = SessionGate(Sessions(user), clock)  # type: ignore[arg-type]
    watched = (await gate.open(user)).token.reveal()
    for _ in range(60):
        assert await gate.check(watched, touch=False) is not None
        clock.advance(29.9)
    clock.advance(6.1)
    assert await gate.check(watched, touch=False) is None
    used = (await gate.open(user)).token.reveal()
    for _ in range(47):
        clock.advance(15 * 60)
        assert await gate.check(used, touch=True) is not None
    clock.advance(15 * 60)
    assert await gate.check(used, touch=True) is None


async def test_a_session_of_an_earlier_generation_is_over_within_five_seconds() -> None:
    user, clock = _user(), FakeClock()
    store = Sessions(user)
    gate = SessionGate(store, clock)  # type: ignore[arg-type]
    token = (await gate.open(user)).token.reveal()
    assert await gate.check(token, touch=False) is not None
    store.user = structs.replace(user, generation=2)
    clock.advance(5)
    assert await gate.check(token, touch=False) is None


async def test_a_change_made_here_is_in_force_here_at_once() -> None:
    user, clock = _user(), FakeClock()
    store = Sessions(user)
    gate = SessionGate(store, clock)  # type: ignore[arg-type]
    token = (await gate.open(user)).token.reveal()
    assert await gate.check(token, touch=False) is not None
    store.user = structs.replace(user, is_active=False)
    gate.look_anew()
    assert await gate.check(token, touch=False) is None


async def test_who_must_change_their_password_has_a_session_that_opens_nothing() -> None:
    user = structs.replace(_user(), must_change=True)
    gate = SessionGate(Sessions(user), FakeClock())  # type: ignore[arg-type]
    token = (await gate.open(user, browser="Fire\nfox\x00" + "x" * 500)).token.reveal()
    assert await gate.check(token, touch=True) is None
    found = await gate.find(token, touch=False)
    assert found is not None
    assert found.must_change


async def test_what_a_browser_calls_itself_is_kept_as_one_short_line() -> None:
    store = Sessions(_user())
    await SessionGate(store, FakeClock()).open(store.user, browser="Fire\nfox\x1b[0m " + "x" * 500)  # type: ignore[arg-type]
    assert store.kept is not None
    assert store.kept.browser.startswith("Fire fox [0m x")
    assert len(store.kept.browser) == 300


def test_a_password_verifies_only_itself() -> None:
    hasher = Argon2Passwords()
    stored = hasher.hash(Secret("correct horse"))
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert hasher.verify(Secret("correct horse"), stored)
    assert not hasher.verify(Secret("wrong horse"), stored)
    assert not hasher.verify(Secret(stored), stored)


@pytest.mark.parametrize(
    ("role", "permission"), [("viewer", "audit.read"), ("admin", "accounts.delete"), ("owner", "?")]
)
def test_what_is_not_granted_is_denied(role: Role, permission: str) -> None:
    with pytest.raises(ForbiddenError):
        require(Principal(kind="person", id="u", name="u", role=role, accounts=()), permission)
