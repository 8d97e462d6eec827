"""What the desk of API keys takes and gives."""

from datetime import datetime
from typing import Literal

from msgspec import UNSET, Struct, UnsetType

from router_core.types import UNLIMITED, BudgetPeriod, KeyRole, KeyScopes, NanoUSD, Role

__all__ = [
    "KeyBudget",
    "KeyChange",
    "KeyChoices",
    "KeyNotice",
    "KeyOrder",
    "KeyState",
    "KeyView",
    "MadeKey",
    "NamedAccount",
    "RollOrder",
]

# ``ending``: it works until the grace of its roll is over. The others say it themselves.
KeyState = Literal["active", "ending", "expired", "revoked"]
# Older than 90 days; used again within a week after 30 days of rest or more; about to end within a week.
KeyNotice = Literal["old", "woken", "expiring"]
DEFAULT_GRACE_S = 86_400


class KeyOrder(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A key to be made for an account; ``expires_at`` None is for ever, and an empty name is made up."""

    account_id: str
    role: KeyRole = "service"
    name: str = ""
    expires_at: datetime | None = None
    scopes: KeyScopes = UNLIMITED


class KeyChange(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Another name or end for a key; what is not named stays."""

    name: str | UnsetType = UNSET
    expires_at: datetime | UnsetType | None = UNSET


class RollOrder(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A new key in the place of one that goes on for ``grace_s`` seconds, at most 30 days."""

    grace_s: int = DEFAULT_GRACE_S


class MadeKey(Struct, frozen=True, kw_only=True, rename="camel"):
    """A key just made and its whole text, which is shown this once.

    ``replaces`` is the key that was rolled, and ``replaced_until`` when that ends.
    """

    id: str
    key: str
    replaces: str | None = None
    replaced_until: datetime | None = None

    def __repr__(self) -> str:
        return f"MadeKey(id={self.id!r}, key=***)"


class KeyBudget(Struct, frozen=True, kw_only=True, rename="camel"):
    """What a key may spend in every period, in nano-dollars; None is no limit."""

    period: BudgetPeriod
    limit: NanoUSD | None


class KeyView(Struct, frozen=True, kw_only=True, rename="camel"):
    """A key without its secret. ``prefix`` is what its text begins with, ``last_used_at`` is right to the minute."""

    id: str
    prefix: str
    account_id: str
    account: str
    role: Role
    name: str
    state: KeyState
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime | None
    revoked_at: datetime | None
    replaced_by: str | None
    scopes: KeyScopes
    budgets: tuple[KeyBudget, ...]
    notices: tuple[KeyNotice, ...]
    woken_at: datetime | None
    idle_since: datetime | None


class NamedAccount(Struct, frozen=True, kw_only=True):
    """An account that a key can be made for."""

    id: str
    name: str


class KeyChoices(Struct, frozen=True, kw_only=True, rename="camel"):
    """For whom keys can be made, and what they can be limited to."""

    accounts: tuple[NamedAccount, ...]
    routes: tuple[str, ...]
    use_cases: tuple[str, ...]
    models: tuple[str, ...]
