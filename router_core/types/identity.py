"""Who is asking."""

from typing import Literal

from msgspec import Struct

__all__ = ["EMBEDDED", "EVERY_ACCOUNT", "UNLIMITED", "KeyRole", "KeyScopes", "PersonRole", "Principal", "Role"]

PersonRole = Literal["owner", "admin", "operator", "prompt_engineer", "analyst", "viewer"]
KeyRole = Literal["service", "admin"]
Role = Literal["owner", "admin", "operator", "prompt_engineer", "analyst", "viewer", "service"]


# Who acts for every account and sees every account, not their own alone.
EVERY_ACCOUNT: frozenset[Role] = frozenset({"owner", "admin"})


class KeyScopes(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What an API key may reach of what its role may; None stands for all.

    ``routes`` are paths as the API's own table has them, such as ``/api/admin/limits/{account}``.
    """

    routes: tuple[str, ...] | None = None
    use_cases: tuple[str, ...] | None = None
    models: tuple[str, ...] | None = None

    def within(self, other: "KeyScopes") -> bool:
        """Say whether everything that this reaches is reached by ``other``."""
        mine = (self.routes, self.use_cases, self.models)
        theirs = (other.routes, other.use_cases, other.models)
        return all(
            whole is None or (part is not None and set(part) <= set(whole))
            for part, whole in zip(mine, theirs, strict=True)
        )


UNLIMITED = KeyScopes()


class Principal(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The authenticated caller. ``accounts`` are the accounts it may act for, its own first.

    ``scopes`` limit an API key further than its role does. ``address`` is where it acts from, "" where nobody asked.
    """

    kind: Literal["key", "person", "embedded"]
    id: str
    name: str
    role: Role
    accounts: tuple[str, ...]
    scopes: KeyScopes = UNLIMITED
    address: str = ""

    @property
    def account_id(self) -> str | None:
        """The account that is charged unless the request names another."""
        return self.accounts[0] if self.accounts else None


EMBEDDED = Principal(kind="embedded", id="embedded", name="embedded", role="owner", accounts=())
