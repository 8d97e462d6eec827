"""What becomes of API keys after they were made: asynchronous here; ``db`` runs each method as one transaction."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol

from router_core.ports.stores import ApiKeyRecord

__all__ = ["LONG_REST", "ApiKeyLives", "rested_since"]

LONG_REST: Final = timedelta(days=30)


class ApiKeyLives(Protocol):
    """Changes API keys."""

    async def change(self, key_id: str, name: str, expires_at: datetime | None) -> bool:
        """Give a key that is not revoked another name and end; return whether there is one."""
        ...

    async def roll(self, key_id: str, successor: ApiKeyRecord, ends_at: datetime) -> bool:
        """Store ``successor`` and have the key end at ``ends_at``, or earlier where it does anyway.

        Return False, with nothing done, when there is no such key that works and was not rolled before.
        Raises :class:`ValidationError` where the successor cannot be stored.
        """
        ...

    async def note_uses(self, uses: Mapping[str, datetime]) -> Sequence[ApiKeyRecord]:
        """Note when keys were last used, never turning the time back; unknown keys are passed over.

        Return the keys that had rested for 30 days or more, as they are now: each such rest is told to one caller
        alone, however many processes note the key's uses.
        """
        ...


def rested_since(key: ApiKeyRecord, used_at: datetime) -> datetime | None:
    """Return since when ``key`` had rested when it is used at ``used_at``, None where that was less than 30 days."""
    before = key.last_used_at or key.created_at
    return before if used_at - before >= LONG_REST else None
