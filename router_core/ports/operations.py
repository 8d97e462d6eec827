"""What operators' work leaves behind; asynchronous, like the other stores."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from router_core.types import (
    NOBODY,
    Authorship,
    BreakerTransition,
    OperatorAction,
    UseCasePolicy,
)

__all__ = ["ActionLog", "BreakerLog", "CachePurges", "ContentSwitch", "HealthHistory", "HealthSlot", "UseCaseStore"]


class BreakerLog(Protocol):
    """Keeps what breakers did, for every process to read: their history, and what operators forced."""

    async def append(self, transitions: Sequence[BreakerTransition]) -> None:
        """Store ``transitions``; those whose id is known already are left as they are."""
        ...

    async def after(self, position: int, limit: int) -> tuple[Sequence[BreakerTransition], int]:
        """Return at most ``limit`` transitions behind ``position``, oldest first, and the position of the last one."""
        ...

    async def recent(self, since: datetime, limit: int) -> Sequence[BreakerTransition]:
        """Return at most ``limit`` transitions since ``since``, newest first."""
        ...

    async def forces(self) -> tuple[Sequence[BreakerTransition], int]:
        """Return the newest force of each upstream that was neither reset nor ended, and the newest position."""
        ...


class ActionLog(Protocol):
    """Keeps what operators did."""

    async def append(self, action: OperatorAction) -> None:
        """Store ``action``."""
        ...

    async def recent(self, limit: int, about: Sequence[str] = ()) -> Sequence[OperatorAction]:
        """Return at most ``limit`` actions, newest first: all, or those ``about`` what their verbs begin with, such as
        ``breaker`` in ``breaker.reset``.
        """
        ...


class HealthSlot(Struct, frozen=True, kw_only=True):
    """Half an hour of a provider: ``good`` and ``bad`` signs seen since ``start`` (UTC)."""

    provider: str
    start: datetime
    good: int
    bad: int


class HealthHistory(Protocol):
    """Keeps the uptime of providers beyond the life of a process; several processes add to the same slots."""

    async def add(self, slots: Sequence[HealthSlot]) -> None:
        """Add the signs of ``slots`` to what is kept."""
        ...

    async def since(self, start: datetime) -> Sequence[HealthSlot]:
        """Return the slots that start at ``start`` or later, oldest first."""
        ...


class ContentSwitch(Protocol):
    """Says whose prompts and answers the audit log may hold, and with what in it; part of the configuration."""

    async def keep_content(self, account_id: str, *, keeps: bool) -> int:
        """Allow or forbid it for an account; return the new revision. Raises :class:`ValidationError` for none such."""
        ...

    async def keep_personal(self, account_id: str, *, keeps: bool) -> int:
        """Say whether personal data stays in what is stored of an account; return the new revision.

        Raises :class:`ValidationError` for no such account.
        """
        ...


class CachePurges(Protocol):
    """Counts how often each part of the cache of answers was purged, for every process to follow."""

    async def purge(self, account_id: str | None, use_case: str | None) -> int:
        """Put what is kept of an account and a use case, None for any, out of reach; return the new revision."""
        ...


class UseCaseStore(Protocol):
    """Keeps how use cases want to be served; part of the configuration."""

    async def put_policy(
        self, use_case: str, policy: UseCasePolicy | None, by: Authorship = NOBODY, base: int | None = None
    ) -> int:
        """Set the policy of ``use_case``, or with None go back to the default; return the new revision.

        Raises :class:`ConflictError` when a version newer than ``base`` is in force; None guards nothing.
        """
        ...
