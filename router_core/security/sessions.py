"""Console sessions: a random token in an HttpOnly cookie, of which only the SHA-256 is stored."""

import hashlib
import logging
import secrets
from datetime import timedelta

from msgspec import Struct

from router_core.clock import Clock
from router_core.ports import SessionRecord, SessionStore, UserRecord
from router_core.security.fresh_cache import FreshCache
from router_core.types import Principal, Secret

__all__ = [
    "COOKIE_NAME",
    "IDLE_LIFE",
    "SECURE_COOKIE_NAME",
    "ConsoleSession",
    "OpenedSession",
    "SessionGate",
    "token_digest",
]

COOKIE_NAME = "signalbox_session"
SECURE_COOKIE_NAME = "__Host-signalbox_session"
IDLE_LIFE = timedelta(minutes=30)
ABSOLUTE_LIFE = timedelta(hours=12)
TOUCH_INTERVAL = timedelta(seconds=30)
TOKEN_BYTES = 32
MAX_TOKEN_CHARS = 128
MOST_BROWSER = 300

_log = logging.getLogger(__name__)


class OpenedSession(Struct, frozen=True):
    """A session just opened: the token for the cookie and the token for forms, each with 256 bits."""

    token: Secret
    csrf: str


class ConsoleSession(Struct, frozen=True):
    """A valid session: who it belongs to, and the token that its forms must carry.

    ``must_change`` says that it only serves to choose another password.
    """

    principal: Principal
    csrf: str
    must_change: bool = False


class SessionGate:
    """Opens, checks and closes sessions; ends them after 30 idle minutes and after 12 hours in any case.

    A session closed elsewhere, or a change of its person, is noticed after 5 seconds at most.
    """

    __slots__ = ("_clock", "_known", "_store")

    def __init__(self, store: SessionStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._known: FreshCache[bytes, tuple[SessionRecord, UserRecord]] = FreshCache(clock)

    async def open(self, user: UserRecord, address: str = "", browser: str = "") -> OpenedSession:
        """Start a session for ``user``, who signed in from ``address`` with what calls itself ``browser``."""
        token, csrf = secrets.token_urlsafe(TOKEN_BYTES), secrets.token_urlsafe(TOKEN_BYTES)
        now = self._clock.utcnow()
        record = SessionRecord(
            token_hash=token_digest(token),
            user_id=user.id,
            csrf=csrf,
            created_at=now,
            expires_at=now + ABSOLUTE_LIFE,
            last_seen_at=now,
            address=address,
            generation=user.generation,
            browser=_plain(browser),
        )
        await self._store.create(record)
        return OpenedSession(Secret(token), csrf)

    async def check(self, token: str, *, touch: bool) -> Principal | None:
        """Return whose session ``token`` opens, None when it opens none, or may only choose another password.

        ``touch`` says that the person did something, which keeps the session from falling idle.
        """
        session = await self.find(token, touch=touch)
        return None if session is None or session.must_change else session.principal

    async def find(self, token: str, *, touch: bool) -> ConsoleSession | None:
        """Return the valid session that ``token`` opens, whatever it may be used for."""
        if not 0 < len(token) <= MAX_TOKEN_CHARS:
            return None
        key = token_digest(token)
        found = self._known.get(key) or await self._known.refresh(key, lambda: self._store.find(key))
        if found is None or not self._is_valid(*found):
            return None
        record, user = found
        if touch and self._clock.utcnow() - record.last_seen_at >= TOUCH_INTERVAL:
            await self._touch(key)
        return ConsoleSession(_principal(user, record.address), record.csrf, user.must_change)

    async def close(self, token: str) -> None:
        """End the session; a token that opens none is ignored."""
        key = token_digest(token)
        await self._store.revoke(key, self._clock.utcnow())
        self._known.drop(key)

    def look_anew(self) -> None:
        """Ask the store at the next check of any session, so that a change made here is in force here at once."""
        self._known.clear()

    def _is_valid(self, record: SessionRecord, user: UserRecord) -> bool:
        now = self._clock.utcnow()
        in_time = now < record.expires_at and now - record.last_seen_at < IDLE_LIFE
        return in_time and record.revoked_at is None and user.is_active and record.generation == user.generation

    async def _touch(self, key: bytes) -> None:
        try:
            await self._store.touch(key, self._clock.utcnow())
        except Exception as error:  # noqa: BLE001 - a store that is down must not sign people out
            _log.debug("a session could not be touched: %s", type(error).__name__)
            return
        self._known.drop(key)


def token_digest(token: str) -> bytes:
    """Return what the store knows a token by."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


def _plain(browser: str) -> str:
    """Return what a browser says of itself as one short line."""
    return "".join(each if each.isprintable() else " " for each in browser[:MOST_BROWSER]).strip()


def _principal(user: UserRecord, address: str) -> Principal:
    return Principal(
        kind="person", id=user.id, name=user.email, role=user.role, accounts=user.accounts, address=address
    )
