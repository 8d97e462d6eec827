"""What people see of people, accounts and sessions, and what they ask for."""

from datetime import datetime
from typing import Literal

from msgspec import UNSET, Struct, UnsetType

from router_core.ports import AccountRecord, SessionRecord, UserRecord
from router_core.types import PersonRole, Redaction

__all__ = [
    "AccessOrder",
    "AccountChange",
    "AccountOrder",
    "AccountView",
    "FirstAccess",
    "Handover",
    "PersonChange",
    "PersonOrder",
    "PersonView",
    "SessionView",
    "account_view",
    "person_view",
    "session_view",
]

FirstAccess = Literal["link", "password"]
PersonState = Literal["active", "disabled", "invited", "first_password"]


class PersonView(Struct, frozen=True, kw_only=True, rename="camel"):
    """A person. ``accounts`` are ids, the default first; ``invited_until`` is the end of an invitation still open.

    ``first_password`` is the state of who has not yet changed the password that was handed over.
    """

    id: str
    email: str
    role: PersonRole
    accounts: tuple[str, ...]
    is_active: bool
    state: PersonState
    created_at: datetime
    invited_until: datetime | None = None


class PersonOrder(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A new person; ``first_access`` is an invitation link, or a generated password to be changed at first sign-in."""

    email: str
    role: PersonRole
    accounts: tuple[str, ...] = ()
    first_access: FirstAccess = "link"


class PersonChange(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True, omit_defaults=True):
    """What changes of a person; what is left out stays."""

    role: PersonRole | UnsetType = UNSET
    accounts: tuple[str, ...] | UnsetType = UNSET
    is_active: bool | UnsetType = UNSET


class AccessOrder(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """How a person gets in again: with a link to choose a password, or with a generated one."""

    first_access: FirstAccess = "link"


class Handover(Struct, frozen=True, kw_only=True, rename="camel"):
    """What is handed to a person, to be had only now: a generated password, or the path of a link that ends."""

    person: PersonView
    password: str | None = None
    link: str | None = None
    link_ends_at: datetime | None = None

    def __repr__(self) -> str:
        return f"Handover(person={self.person!r}, ***)"


class AccountView(Struct, frozen=True, kw_only=True, rename="camel"):
    """An account; ``people`` belong to it, ``keys`` are those of its keys that are not revoked."""

    id: str
    name: str
    timezone: str
    is_active: bool
    keeps_content: bool
    redaction: Redaction
    created_at: datetime
    people: int = 0
    keys: int = 0


class AccountOrder(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A new account, in the calendar of the installation unless it names its own time zone."""

    name: str
    timezone: str | None = None


class AccountChange(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True, omit_defaults=True):
    """What changes of an account; what is left out stays. One that is not active serves no key within 5 s.

    ``redaction`` is what is taken out of stored text: ``"secrets"`` alone, or ``"personal"`` data as well.
    """

    name: str | UnsetType = UNSET
    timezone: str | UnsetType = UNSET
    is_active: bool | UnsetType = UNSET
    keeps_content: bool | UnsetType = UNSET
    redaction: Redaction | UnsetType = UNSET


class SessionView(Struct, frozen=True, kw_only=True, rename="camel"):
    """A signed-in browser; ``id`` names it and opens nothing."""

    id: str
    person_id: str
    email: str
    role: PersonRole
    address: str
    browser: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime


def person_view(user: UserRecord, now: datetime) -> PersonView:
    """Return what is shown of ``user``."""
    invited = user.invited_until if user.invited_until is not None and user.invited_until > now else None
    state: PersonState = "active"
    if not user.is_active:
        state = "disabled"
    elif invited is not None or not user.password_hash:
        state = "invited"
    elif user.must_change:
        state = "first_password"
    return PersonView(
        id=user.id, email=user.email, role=user.role, accounts=user.accounts, is_active=user.is_active, state=state,
        created_at=user.created_at, invited_until=invited,
    )  # fmt: skip


def account_view(account: AccountRecord, people: int = 0, keys: int = 0) -> AccountView:
    """Return what is shown of ``account``."""
    return AccountView(
        id=account.id, name=account.name, timezone=account.timezone, is_active=account.is_active,
        keeps_content=account.keeps_content, redaction=account.redaction, created_at=account.created_at,
        people=people, keys=keys,
    )  # fmt: skip


def session_view(session: SessionRecord, user: UserRecord) -> SessionView:
    """Return what is shown of a session."""
    return SessionView(
        id=session.id, person_id=user.id, email=user.email, role=user.role, address=session.address,
        browser=session.browser, created_at=session.created_at, last_seen_at=session.last_seen_at,
        expires_at=session.expires_at,
    )  # fmt: skip
