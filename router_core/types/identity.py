"""Who is asking."""

from typing import Literal

from msgspec import Struct

__all__ = ["EMBEDDED", "EVERY_ACCOUNT", "KeyRole", "PersonRole", "Principal", "Role"]

PersonRole = Literal["owner", "admin", "operator", "prompt_engineer", "analyst", "viewer"]
KeyRole = Literal["service", "admin"]
Role = Literal["owner", "admin", "operator", "prompt_engineer", "analyst", "viewer", "service"]


# Who acts for every account and sees every account, not their own alone.
EVERY_ACCOUNT: frozenset[Role] = frozenset({"owner", "admin"})


class Principal(Struct, frozen=True, kw_only=True):
    """The authenticated caller. ``accounts`` are the accounts it may act for, its own first."""

    kind: Literal["key", "person", "embedded"]
    id: str
    name: str
    role: Role
    accounts: tuple[str, ...]

    @property
    def account_id(self) -> str | None:
        """The account that is charged unless the request names another."""
        return self.accounts[0] if self.accounts else None


EMBEDDED = Principal(kind="embedded", id="embedded", name="embedded", role="owner", accounts=())
