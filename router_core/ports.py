"""Everything the core needs from outside, on one page: Protocols of at most four methods.

Each port has an in-memory twin in product code, so the router runs without a database, and one conformance suite
(``tests/contract``) runs on the twin and on the real thing.
"""

from collections.abc import AsyncGenerator, Sequence
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from router_core.types import (
    Flags,
    LLMRequest,
    LLMResponse,
    NanoUSD,
    PersonRole,
    Plan,
    Principal,
    ProviderAnswer,
    ProviderCall,
    ProviderConfig,
    ProviderKind,
    ProviderPart,
    RequestEvent,
    Role,
    Secret,
    Snapshot,
    Usage,
)

__all__ = [
    "AccountRecord",
    "AccountStore",
    "AdapterSource",
    "ApiKeyRecord",
    "ApiKeyStore",
    "BudgetGuard",
    "ConfigSource",
    "ConfigStore",
    "EventSource",
    "HealthReader",
    "KeySource",
    "PasswordHasher",
    "PriceSource",
    "ProviderAdapter",
    "ProviderHealth",
    "Recorder",
    "Reservation",
    "ResponseCache",
    "SessionRecord",
    "SessionStore",
    "UserRecord",
    "UserStore",
]


# --- on the request path -------------------------------------------------------------------------------------------


class ConfigSource(Protocol):
    """Hands out the configuration in force."""

    def snapshot(self) -> Snapshot:
        """Return the current immutable snapshot; never touches the store."""
        ...


class ProviderAdapter(Protocol):
    """Speaks one vendor's protocol. Raises :class:`ProviderError` subclasses, and nothing else, for their faults."""

    async def complete(self, call: ProviderCall) -> ProviderAnswer:
        """Return the whole answer."""
        ...

    def stream(self, call: ProviderCall) -> AsyncGenerator[ProviderPart, None]:
        """Yield the answer in parts, :class:`AnswerEnd` last; closing the generator closes the connection."""
        ...

    async def close(self) -> None:
        """Close the connections that are not in use."""
        ...


class AdapterSource(Protocol):
    """Finds the adapter of a provider kind; the first call of a kind may load its SDK, off the event loop."""

    async def adapter(self, kind: ProviderKind) -> ProviderAdapter:
        """Return the adapter for ``kind``."""
        ...


class KeySource(Protocol):
    """Finds provider keys, in the order environment, then sealed key of the row."""

    def key_for(self, provider: ProviderConfig) -> Secret | None:
        """Return the key to use for ``provider``, or None when there is none."""
        ...


class PriceSource(Protocol):
    """Knows what tokens cost."""

    def cost(self, model: str, usage: Usage) -> NanoUSD | None:
        """Return the exact cost of ``usage``, or None for a model without a price."""
        ...


class ResponseCache(Protocol):
    """Keeps answers for identical requests. A fault in it is a miss, never an error."""

    async def look(self, request: LLMRequest, principal: Principal, plan: Plan) -> LLMResponse | None:
        """Return a kept answer."""
        ...

    async def keep(self, request: LLMRequest, principal: Principal, plan: Plan, response: LLMResponse) -> None:
        """Keep a whole, successful answer."""
        ...


class Reservation(Protocol):
    """Money held for one request; closed exactly once, later closes do nothing."""

    def settle(self, actual: NanoUSD | None) -> None:
        """Post what was really spent."""
        ...

    def release(self) -> None:
        """Give the whole amount back."""
        ...


class BudgetGuard(Protocol):
    """Holds an upper bound of a request's cost before it is made."""

    async def reserve(self, account_id: str | None, bound: NanoUSD | None) -> Reservation:
        """Hold ``bound`` nano-dollars. Raises :class:`PaymentRequiredError` when they are not there."""
        ...


class Recorder(Protocol):
    """Receives each finished request exactly once."""

    def record(self, event: RequestEvent) -> None:
        """Take ``event``; returns at once and never raises."""
        ...


# --- read by the API and the console -------------------------------------------------------------------------------


class ProviderHealth(Struct, frozen=True, kw_only=True):
    """The last known state of a provider. ``healthy`` is None while nothing is known; latency in milliseconds."""

    provider: str
    healthy: bool | None
    latency_ms: float | None
    last_check: datetime | None
    error: str | None
    breaker: str


class HealthReader(Protocol):
    """Tells the last known state of every active provider; never calls one."""

    def board(self) -> Sequence[ProviderHealth]:
        """Return one row for each active provider."""
        ...


class EventSource(Protocol):
    """Reads back what was recorded."""

    def recent(self, limit: int, accounts: Sequence[str] | None) -> Sequence[RequestEvent]:
        """Return the newest events first; ``accounts`` None means all."""
        ...


# --- the store (asynchronous here; ``db`` runs each method as one transaction in a thread) --------------------------


class ConfigStore(Protocol):
    """Reads and writes provider rows."""

    async def revision(self) -> int:
        """Return the revision that the store is at; cheap."""
        ...

    async def load(self) -> Snapshot:
        """Return everything at one revision."""
        ...

    async def put_provider(self, provider: ProviderConfig) -> int:
        """Add or change a provider; return the new revision. Raises :class:`ValidationError` for a stale version."""
        ...

    async def set_flags(self, flags: Flags) -> int:
        """Set all feature switches; return the new revision."""
        ...


class AccountRecord(Struct, frozen=True, kw_only=True):
    """A tenant. ``timezone`` is an IANA name."""

    id: str
    name: str
    timezone: str
    is_active: bool
    created_at: datetime


class AccountStore(Protocol):
    """Keeps accounts."""

    async def create(self, account: AccountRecord) -> None:
        """Store a new account. Raises :class:`ValidationError` when its name is taken."""
        ...

    async def list(self) -> Sequence[AccountRecord]:
        """Return all accounts by name."""
        ...

    async def by_name(self, name: str) -> AccountRecord | None:
        """Return the account called ``name``."""
        ...

    async def by_id(self, account_id: str) -> AccountRecord | None:
        """Return the account with that id."""
        ...


class UserRecord(Struct, frozen=True, kw_only=True):
    """A person. ``email`` is stored lower-case; ``password_hash`` is argon2id; ``accounts`` starts with the default."""

    id: str
    email: str
    password_hash: str
    role: PersonRole
    accounts: tuple[str, ...]
    is_active: bool
    created_at: datetime


class UserStore(Protocol):
    """Keeps people."""

    async def create(self, user: UserRecord) -> None:
        """Store a new user. Raises :class:`ValidationError` when the e-mail address is taken."""
        ...

    async def list(self) -> Sequence[UserRecord]:
        """Return all users by e-mail address."""
        ...

    async def by_email(self, email: str) -> UserRecord | None:
        """Return the user with that address, whatever its case."""
        ...

    async def set_active(self, user_id: str, *, active: bool) -> bool:
        """Enable or disable a user; return whether there is one."""
        ...


class ApiKeyRecord(Struct, frozen=True, kw_only=True):
    """An API key. ``id`` is its public part; ``secret_hash`` is an HMAC of the secret part, never the secret."""

    id: str
    account_id: str
    role: Role
    name: str
    secret_hash: bytes
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None


class ApiKeyStore(Protocol):
    """Keeps API keys."""

    async def create(self, key: ApiKeyRecord) -> None:
        """Store a new key."""
        ...

    async def list(self, account_id: str | None = None) -> Sequence[ApiKeyRecord]:
        """Return the keys of an account, or all, newest first."""
        ...

    async def by_id(self, key_id: str) -> ApiKeyRecord | None:
        """Return the key with that public part."""
        ...

    async def revoke(self, key_id: str, at: datetime) -> bool:
        """Revoke a key; return whether there is one."""
        ...


class SessionRecord(Struct, frozen=True, kw_only=True):
    """A console session. ``token_hash`` is the SHA-256 of the cookie's token; the token itself is never stored."""

    token_hash: bytes
    user_id: str
    csrf: str
    created_at: datetime
    expires_at: datetime
    last_seen_at: datetime
    revoked_at: datetime | None = None
    address: str = ""


class SessionStore(Protocol):
    """Keeps console sessions."""

    async def create(self, session: SessionRecord) -> None:
        """Store a new session."""
        ...

    async def find(self, token_hash: bytes) -> tuple[SessionRecord, UserRecord] | None:
        """Return a session with its user."""
        ...

    async def touch(self, token_hash: bytes, at: datetime) -> None:
        """Note that the person acted at ``at``."""
        ...

    async def revoke(self, token_hash: bytes, at: datetime) -> None:
        """End a session; unknown tokens are ignored."""
        ...


class PasswordHasher(Protocol):
    """Hashes passwords; slow on purpose, so it is called off the event loop."""

    def hash(self, password: Secret) -> str:
        """Return a salted hash that carries its parameters."""
        ...

    def verify(self, password: Secret, password_hash: str) -> bool:
        """Say whether ``password`` made ``password_hash``, in time that does not depend on the answer."""
        ...
