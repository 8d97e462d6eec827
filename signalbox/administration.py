"""Accounts, people and keys: what the commands and the demo do to the store."""

import secrets
from typing import Final

from router_core.admin.names import plain_name
from router_core.clock import Clock, new_ulid
from router_core.errors import NotFoundError, ValidationError
from router_core.ports import AccountRecord, AccountStore, ApiKeyStore, UserRecord, UserStore
from router_core.security.api_keys import NewApiKey, new_api_key
from router_core.security.password_room import PasswordRoom
from router_core.types import KeyRole, PersonRole, Secret

__all__ = ["DEFAULT_ACCOUNT", "create_account", "create_user", "find_account", "generate_password", "issue_key"]

DEFAULT_ACCOUNT: Final = "default"
_MOST_EMAIL: Final = 254
_PASSWORD_BYTES: Final = 18


def generate_password() -> Secret:
    """Return a password of 24 characters that nobody has to remember."""
    return Secret(secrets.token_urlsafe(_PASSWORD_BYTES))


async def create_account(accounts: AccountStore, clock: Clock, name: str, timezone: str) -> AccountRecord:
    """Store a new account. Raises :class:`ValidationError` for a bad or taken name."""
    account = AccountRecord(
        id=new_ulid(clock).lower(), name=plain_name(name), timezone=timezone, is_active=True, created_at=clock.utcnow()
    )
    await accounts.create(account)
    return account


async def find_account(accounts: AccountStore, name: str) -> AccountRecord:
    """Return the account called ``name``. Raises :class:`NotFoundError`."""
    account = await accounts.by_name(name)
    if account is None:
        raise NotFoundError(f"There is no account called {name!r}")
    return account


async def create_user(
    users: UserStore,
    passwords: PasswordRoom,
    clock: Clock,
    email: str,
    password: Secret,
    role: PersonRole,
    accounts: tuple[str, ...],
) -> UserRecord:
    """Store a new person. Raises :class:`ValidationError` for a bad or taken address or an unusable password."""
    address = email.strip().lower()
    local, _, host = address.partition("@")
    if not local or not host or len(address) > _MOST_EMAIL or not address.isprintable() or " " in address:
        raise ValidationError("`email` must be an e-mail address", field="email")
    try:
        hashed = await passwords.hash(password)
    except ValueError as error:
        raise ValidationError(str(error), field="password") from None
    user = UserRecord(
        id=new_ulid(clock).lower(),
        email=address,
        password_hash=hashed,
        role=role,
        accounts=accounts,
        is_active=True,
        created_at=clock.utcnow(),
    )
    await users.create(user)
    return user


async def issue_key(
    keys: ApiKeyStore, pepper: bytes, clock: Clock, *, account_id: str, role: KeyRole, name: str
) -> NewApiKey:
    """Store a new API key and return it with its text, which is to be had only now."""
    made = new_api_key(pepper, clock, account_id=account_id, role=role, name=name)
    await keys.create(made.record)
    return made
