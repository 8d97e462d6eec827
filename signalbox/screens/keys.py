"""What the view of API keys may ask for.

Every method raises :class:`ForbiddenError` when ``person`` lacks the right.
"""

from collections.abc import Sequence
from typing import Protocol

from router_core.admin.key_views import KeyChange, KeyChoices, KeyOrder, KeyView, MadeKey, RollOrder
from router_core.types import Principal

__all__ = ["KeyBackend"]


class KeyBackend(Protocol):
    """API keys; :class:`KeyDesk` does it."""

    async def list(self, person: Principal, account_id: str | None = None) -> Sequence[KeyView]:
        """Return the keys of an account, or all, newest first, never their secrets."""
        ...

    async def choices(self, person: Principal) -> KeyChoices:
        """Return for whom keys can be made, and what they can be limited to."""
        ...

    async def make(self, order: KeyOrder, person: Principal) -> MadeKey:
        """Make a key, whose text is in the answer. Raises :class:`ValidationError` that names the field."""
        ...

    async def change(self, key_id: str, change: KeyChange, person: Principal) -> KeyView:
        """Give a key another name or end. Raises :class:`NotFoundError` and :class:`ValidationError`."""
        ...

    async def revoke(self, key_id: str, person: Principal) -> KeyView:
        """End a key. Raises :class:`NotFoundError`."""
        ...

    async def roll(self, key_id: str, order: RollOrder, person: Principal) -> MadeKey:
        """Make a key in the place of one that ends with its grace. Raises :class:`ConflictError` for the second."""
        ...
