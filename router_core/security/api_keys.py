"""API keys: ``sbx_<public id>_<secret>``, of which only a peppered HMAC of the secret is ever stored."""

import hashlib
import hmac
import re
import secrets
from datetime import datetime

from msgspec import Struct

from router_core.clock import Clock
from router_core.errors import UnauthorizedError
from router_core.ports import AccountStore, ApiKeyRecord, ApiKeyStore
from router_core.security.account_book import AccountBook
from router_core.security.fresh_cache import FreshCache
from router_core.security.key_throttle import KeyThrottle
from router_core.security.key_uses import KeyUses
from router_core.types import UNLIMITED, KeyRole, KeyScopes, Principal, Secret

__all__ = ["KeyAuthenticator", "NewApiKey", "hash_secret", "new_api_key"]

SECRET_BYTES = 32
ID_BYTES = 8
MIN_PEPPER_BYTES = 16
_BLAKE_KEY_BYTES = 64
# What is longer is refused before anything is hashed.
MAX_KEY_BYTES = 512
_KEY_SHAPE = re.compile(rb"sbx_([0-9a-z]{8,64})_([A-Za-z0-9_-]{43,128})")
# Compared with when there is no such key, so that an unknown id costs what a wrong secret costs.
_NO_HASH = bytes(32)


class NewApiKey(Struct, frozen=True):
    """A key just made: its public id, its whole text, to be shown once, and the record to store."""

    id: str
    key: Secret
    record: ApiKeyRecord


def hash_secret(pepper: bytes, secret: bytes) -> bytes:
    """Return what is stored of a key's secret part."""
    return hmac.digest(pepper, secret, "sha256")


def new_api_key(
    pepper: bytes,
    clock: Clock,
    *,
    account_id: str,
    role: KeyRole,
    name: str,
    expires_at: datetime | None = None,
    scopes: KeyScopes = UNLIMITED,
) -> NewApiKey:
    """Make a key with a 256-bit secret for ``account_id``."""
    key_id, secret = secrets.token_hex(ID_BYTES), secrets.token_urlsafe(SECRET_BYTES)
    record = ApiKeyRecord(
        id=key_id,
        account_id=account_id,
        role=role,
        name=name,
        secret_hash=hash_secret(pepper, secret.encode()),
        created_at=clock.utcnow(),
        expires_at=expires_at,
        scopes=scopes,
    )
    return NewApiKey(key_id, Secret(f"sbx_{key_id}_{secret}"), record)


class KeyAuthenticator:
    """Tells whose key a request carries. Keys seen a moment ago cost one keyed hash and one dictionary look-up.

    Revoking a key or disabling its account is noticed after 5 seconds at most. A short pepper raises ``ValueError``.
    ``uses`` is told of each use of a key, ``throttle`` of each bad one; keys that are known pass the throttle.
    """

    __slots__ = ("_accounts", "_clock", "_known", "_pepper", "_store", "throttle", "uses")

    def __init__(
        self,
        store: ApiKeyStore,
        accounts: AccountStore,
        pepper: bytes,
        clock: Clock,
        throttle: KeyThrottle | None = None,
    ) -> None:
        if len(pepper) < MIN_PEPPER_BYTES:
            raise ValueError(f"the pepper needs at least {MIN_PEPPER_BYTES} bytes")
        self._store = store
        self._accounts = AccountBook(accounts, clock)
        self._pepper = pepper
        self._clock = clock
        self._known: FreshCache[bytes, _Known] = FreshCache(clock)
        self.uses = KeyUses(clock)
        self.throttle = throttle or KeyThrottle(clock)

    async def authenticate(self, presented: str | bytes, address: str = "") -> Principal:
        """Return the owner of the key ``presented`` from ``address``.

        Raises :class:`UnauthorizedError`, the same for every reason, when it is no valid key of an active account, and
        :class:`RateLimitExceededError` after too many such from one address.
        """
        key = presented.encode("utf-8", "replace") if isinstance(presented, str) else presented
        if len(key) > MAX_KEY_BYTES:
            raise self._refused(address)
        # The digest covers the whole key: two keys that only begin alike never share an entry.
        digest = hashlib.blake2b(key, key=self._pepper[:_BLAKE_KEY_BYTES], digest_size=32).digest()
        known, named = self._known.get(digest), _Named()
        if known is None:
            if not self._known.holds(digest):
                self.throttle.admit(address)
            known = await self._known.refresh(digest, lambda: self._look_up(key, named))
        if known is None or self._has_ended(known.expires_at):
            raise self._refused(address, named.id if known is None else known.principal.id)
        # Asked at each request, not when the key is looked up: the two delays must not add up.
        if not await self._accounts.is_active(known.account_id):
            raise self._refused(address, known.principal.id)
        self.uses.note(known.principal.id)
        return known.principal

    def forget(self, key_id: str) -> None:
        """Ask the store again about that key, and about all keys that are being looked up."""
        self._known.drop_where(lambda known: known.principal.id == key_id)

    async def account_exists(self, account_id: str) -> bool:
        """Say whether there is an active account with that id; noticed after 5 seconds at most."""
        return await self._accounts.is_active(account_id)

    async def _look_up(self, key: bytes, named: "_Named") -> "_Known | None":
        shape = _KEY_SHAPE.fullmatch(key)
        if shape is None:
            return None
        record = await self._store.by_id(shape[1].decode())
        stored = _NO_HASH if record is None else record.secret_hash
        matches = hmac.compare_digest(hash_secret(self._pepper, shape[2]), stored)
        if record is None:
            return None
        named.id = record.id
        if not matches or record.revoked_at is not None or self._has_ended(record.expires_at):
            return None
        return _Known(_principal(record), record.account_id, record.expires_at)

    def _has_ended(self, expires_at: datetime | None) -> bool:
        return expires_at is not None and expires_at <= self._clock.utcnow()

    def _refused(self, address: str, key_id: str | None = None) -> UnauthorizedError:
        """Return the error of a bad key. Raises :class:`RateLimitExceededError` when there were too many."""
        self.throttle.refused(address, key_id)
        return UnauthorizedError("A valid API key is required")


class _Named(Struct):
    """Which key of the store was meant, whether or not it may be used."""

    id: str | None = None


class _Known(Struct, frozen=True):
    principal: Principal
    account_id: str
    expires_at: datetime | None


def _principal(record: ApiKeyRecord) -> Principal:
    return Principal(
        kind="key", id=record.id, name=record.name, role=record.role, accounts=(record.account_id,),
        scopes=record.scopes,
    )  # fmt: skip
