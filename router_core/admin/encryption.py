"""The facade of the keys that seal stored secrets: how every secret is, and rotation to a new data key."""

import asyncio
import logging
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, Literal

from msgspec import Struct

from router_core.admin.action_trail import ActionTrail
from router_core.admin.acts import act_of
from router_core.errors import LLMError
from router_core.security.permissions import require
from router_core.security.vault.faults import RotationRunningError, UnreadableSecretError
from router_core.security.vault.key_manager import version_of
from router_core.security.vault.rotation import KeyRotation, is_rotating
from router_core.security.vault.steps import VaultParts
from router_core.types import OperatorAction, Principal
from router_core.types.vault import KeyState, RotatedSecret, SealedPlace, SealedRow, SecretHealth

__all__ = ["KEY_AGE_LIMIT", "EncryptionDesk", "EncryptionView", "KeyView", "encryption_view"]

KEY_AGE_LIMIT: Final = timedelta(days=90)
"""How old the data key in use may be before people are asked to rotate."""
MOST_SHOWN: Final = 1_000
MOST_OPENED: Final = 1_000
"""How many secrets one look of a person opens at most."""
_PAGE: Final = 200

_log = logging.getLogger(__name__)


class KeyView(Struct, frozen=True, kw_only=True, rename="camel"):
    """A data key, and how many stored ``secrets`` are sealed under it."""

    version: int
    state: KeyState
    created_at: datetime
    promoted_at: datetime | None
    retired_at: datetime | None
    secrets: int


class EncryptionView(Struct, frozen=True, kw_only=True, rename="camel"):
    """How the keys stand. ``state`` is ``rotating`` also where a rotation was broken off; ``running`` says that the
    answering process is at it, ``last_error`` why it last broke off there.

    Of ``total`` secrets ``checked`` were opened just now, ``unreadable`` of these cannot be, and ``waiting`` are under
    an older key; ``secrets`` has 1,000 at most, those that cannot be read first. ``due``: the key in use is older than
    90 days.
    """

    state: Literal["settled", "rotating", "changing master key"]
    running: bool
    keys: tuple[KeyView, ...]
    total: int
    checked: int
    unreadable: int
    waiting: int
    secrets: tuple[SecretHealth, ...]
    key_age_days: int
    due: bool
    last_error: str | None = None


async def encryption_view(
    parts: VaultParts, *, most: int | None = None, running: bool = False, last_error: str | None = None
) -> EncryptionView:
    """Return how keys and secrets stand now, with ``most`` of the secrets opened, None for all of them.

    Raises :class:`OverloadedError` when the store fails.
    """
    await parts.vault.refresh()
    record = parts.vault.record
    newest = max(each.version for each in record.keys)
    health = await _health(parts, most)
    used = Counter(each.key_version for each in health)
    if len(health) == most:
        used = Counter(await parts.rows.counts())
    lost = [each for each in health if not each.readable]
    older = used.total() - used[newest] - sum(each.key_version != newest for each in lost)
    age = _age(parts)
    changing = len(record.slots) > 1
    return EncryptionView(
        state="changing master key" if changing else "rotating" if is_rotating(record) else "settled",
        running=running,
        keys=tuple(
            KeyView(
                version=each.version, state=each.state, created_at=each.created_at, promoted_at=each.promoted_at,
                retired_at=each.retired_at, secrets=used[each.version],
            )
            for each in record.keys
        ),
        total=used.total(),
        checked=len(health),
        unreadable=len(lost),
        waiting=max(older, 0),
        secrets=tuple(sorted(health, key=lambda each: each.readable)[:MOST_SHOWN]),
        key_age_days=age.days,
        due=age > KEY_AGE_LIMIT and bool(health),
        last_error=last_error,
    )  # fmt: skip


class EncryptionDesk:
    """What people see and do about keys. Raises :class:`ForbiddenError` for those whose role does not allow it."""

    def __init__(self, parts: VaultParts, trail: ActionTrail) -> None:
        self._parts = parts
        self._trail = trail
        self._running: asyncio.Task[None] | None = None
        self._last_error: str | None = None

    async def status(self, person: Principal) -> EncryptionView:
        """Return how keys and secrets stand. Raises :class:`OverloadedError` when the store fails."""
        require(person, "encryption.read")
        running = self._running is not None and not self._running.done()
        return await encryption_view(self._parts, most=MOST_OPENED, running=running, last_error=self._last_error)

    def notice(self) -> str | None:
        """Return what somebody should see to about the data key in use, None when it is young."""
        age = _age(self._parts)
        return f"In use for {age.days} days. Rotate it every {KEY_AGE_LIMIT.days}." if age > KEY_AGE_LIMIT else None

    async def rotate(self, person: Principal) -> EncryptionView:
        """Begin a rotation, or go on with one that was broken off; it is on record before it begins.

        Raises :class:`RotationRunningError` while another runs, here or elsewhere, :class:`MasterChangeOpenError`.
        """
        require(person, "encryption.rotate")
        if self._running is not None and not self._running.done():
            raise RotationRunningError("Another rotation of keys is running")
        begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._running = asyncio.create_task(self._rotate(person, begun), name="key rotation")
        await begun
        return await self.status(person)

    async def close(self) -> None:
        """Break off what runs; the next rotation goes on with it."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)

    async def _rotate(self, person: Principal, begun: "asyncio.Future[None]") -> None:
        self._last_error = None
        try:
            async with self._parts.store.hold():
                await self._trail.require(self._act(person, "encryption.rotation_begun"))
                begun.set_result(None)
                outcome = await KeyRotation(self._parts).run_held()
        except LLMError as error:
            if not begun.done():
                begun.set_exception(error)
                return
            self._last_error = error.message
            _log.warning("the rotation of keys was broken off: %s", error)
        else:
            self._trail.note(self._act(person, "encryption.rotated", _counted(outcome)))
        finally:
            begun.cancel()

    def _act(self, person: Principal, verb: str, counted: Mapping[str, int] | None = None) -> OperatorAction:
        return act_of(person, verb, "encryption", self._parts.clock, detail={**(counted or {})})


def _age(parts: VaultParts) -> timedelta:
    primary = next(each for each in parts.vault.record.keys if each.state == "primary")
    return parts.clock.utcnow() - (primary.promoted_at or primary.created_at)


async def _health(parts: VaultParts, most: int | None) -> list[SecretHealth]:
    found: list[SecretHealth] = []
    after: SealedPlace | None = None
    while page := await parts.rows.page(after, _PAGE if most is None else min(_PAGE, most - len(found))):
        found += [await _state_of(parts, row) for row in page]
        after = page[-1].place
    return found


async def _state_of(parts: VaultParts, row: SealedRow) -> SecretHealth:
    try:
        await parts.vault.read(row.place, row.sealed)
        readable = version_of(row.sealed) == row.version
    except UnreadableSecretError:
        readable = False
    place = row.place
    return SecretHealth(
        table=place.table, field=place.field, id=place.row_id, account_id=place.account_id, provider_id=row.owner,
        key_version=row.version, readable=readable,
    )  # fmt: skip


def _counted(outcome: list[RotatedSecret]) -> dict[str, int]:
    rotated = sum(each.status == "rotated" for each in outcome)
    return {"rotated": rotated, "unreadable": len(outcome) - rotated}
