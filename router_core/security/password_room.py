"""Where passwords are hashed: off the event loop, a few at a time, so that a flood of them cannot starve anything."""

import asyncio
import secrets
from collections.abc import Callable
from typing import Final, TypeVar

from router_core.errors import OverloadedError
from router_core.ports import PasswordHasher
from router_core.types import Secret

__all__ = ["PasswordRoom"]

# Each hash takes tens of milliseconds and 19 MiB on purpose.
PARALLEL: Final = 2
MOST_WAITING: Final = 64
RETRY_AFTER_MS: Final = 2_000

T = TypeVar("T")


class PasswordRoom:
    """Hashes and verifies; who finds too many waiting already is refused at once. It belongs to one event loop."""

    __slots__ = ("_decoy", "_hasher", "_slots", "_waiting")

    def __init__(self, hasher: PasswordHasher) -> None:
        self._hasher = hasher
        self._slots = asyncio.Semaphore(PARALLEL)
        self._waiting = 0
        self._decoy = ""

    async def hash(self, password: Secret) -> str:
        """Return a salted hash. Raises ``ValueError`` for what cannot be one, :class:`OverloadedError` for a flood."""
        return await self._turn(lambda: self._hasher.hash(password))

    async def verify(self, password: Secret, password_hash: str) -> bool:
        """Say whether ``password`` made ``password_hash``; an empty one fits nothing, and costs as much to check.

        Raises :class:`OverloadedError` for a flood.
        """
        return await self._turn(lambda: self._check(password, password_hash))

    def _check(self, password: Secret, password_hash: str) -> bool:
        if not self._decoy:
            self._decoy = self._hasher.hash(Secret(secrets.token_urlsafe(24)))
        return self._hasher.verify(password, password_hash or self._decoy) and bool(password_hash)

    async def _turn(self, work: Callable[[], T]) -> T:
        if self._waiting >= MOST_WAITING:
            raise OverloadedError("Too many passwords are being checked now", retry_after_ms=RETRY_AFTER_MS)
        self._waiting += 1
        try:
            async with self._slots:
                return await asyncio.to_thread(work)
        finally:
            self._waiting -= 1
