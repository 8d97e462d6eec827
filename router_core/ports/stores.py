"""The store: asynchronous here; ``db`` runs each method as one transaction in a thread."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Protocol

from msgspec import Struct

from router_core.types import (
    NOBODY,
    UNLIMITED,
    Authorship,
    Flags,
    KeyRole,
    KeyScopes,
    PersonRole,
    ProviderConfig,
    Redaction,
    Secret,
    Snapshot,
)

__all__ = [
    "AccountRecord",
    "AccountStore",
    "ApiKeyRecord",
    "ApiKeyStore",
    "ConfigStore",
    "PasswordHasher",
    "SessionRecord",
    "SessionStore",
    "UserRecord",
    "UserStore",
    "session_name",
]

SESSION_NAME_BYTES: Final = 10


class ConfigStore(Protocol):
    """Reads and writes provider rows."""

    async def revision(self) -> int:
        """Return the revision that the store is at; cheap."""
        ...

    async def load(self) -> Snapshot:
        """Return everything at one revision."""
        ...

    async def put_provider(self, provider: ProviderConfig, by: Authorship = NOBODY) -> int:
        """Add or change a provider; return the new revision.

        Raises :class:`ConflictError` for a stale version.
        """
        ...

    async def set_flags(self, flags: Flags, by: Authorship = NOBODY) -> int:
        """Set all feature switches; return the new revision."""
        ...


class AccountRecord(Struct, frozen=True, kw_only=True):
    """A tenant. ``timezone`` is an IANA name; ``keeps_content`` lets the audit log hold prompts and answers.

    ``redaction`` says what is taken out of stored text: secrets always, and ``"personal"`` data such as addresses.
    One that was removed is only there to be named: it is in no list, serves nobody, and its name is free again.
    """

    id: str
    name: str
    timezone: str
    is_active: bool
    created_at: datetime
    keeps_content: bool = False
    redaction: Redaction = "personal"
    removed_at: datetime | None = None


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
    """A person. ``email`` is stored lower-case; ``accounts`` starts with the default.

    ``password_hash`` is argon2id, empty for who has no password; ``must_change`` says that it only serves to choose
    another. Sessions of an earlier ``generation`` are over; every change counts ``version`` up.
    ``invitation_hash`` is the SHA-256 of a token that lets its holder choose the password until ``invited_until``.
    ``openid`` is who they are at a sign-in provider: its issuer, a blank and its subject; nobody shares it.
    """

    id: str
    email: str
    password_hash: str
    role: PersonRole
    accounts: tuple[str, ...]
    is_active: bool
    created_at: datetime
    must_change: bool = False
    generation: int = 1
    version: int = 1
    invitation_hash: bytes | None = None
    invited_until: datetime | None = None
    openid: str | None = None


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

    async def by_id(self, user_id: str) -> UserRecord | None:
        """Return the user with that id."""
        ...


class ApiKeyRecord(Struct, frozen=True, kw_only=True):
    """An API key. ``id`` is its public part; ``secret_hash`` is an HMAC of the secret part, never the secret.

    ``last_used_at`` is right to the minute. ``replaced_by`` is the key that a roll made in its place. ``woken_at`` is
    when it was last used after 30 days or more of rest, which had lasted since ``idle_since``.
    """

    id: str
    account_id: str
    role: KeyRole
    name: str
    secret_hash: bytes
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None
    scopes: KeyScopes = UNLIMITED
    replaced_by: str | None = None
    woken_at: datetime | None = None
    idle_since: datetime | None = None


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
    """A console session. ``token_hash`` is the SHA-256 of the cookie's token; the token itself is never stored.

    ``generation`` is its person's at sign-in, ``browser`` what the browser called itself.
    """

    token_hash: bytes
    user_id: str
    csrf: str
    created_at: datetime
    expires_at: datetime
    last_seen_at: datetime
    revoked_at: datetime | None = None
    address: str = ""
    generation: int = 1
    browser: str = ""

    @property
    def id(self) -> str:
        """What people name it by: the head of the hash, 80 bits, with which nobody can sign in."""
        return session_name(self.token_hash)


def session_name(token_hash: bytes) -> str:
    """Return what people name the session with that hash by."""
    return token_hash[:SESSION_NAME_BYTES].hex()


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
