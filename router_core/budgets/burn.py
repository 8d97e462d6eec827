"""How fast money goes: what was spent within the last hours, in slots of five minutes. Pure arithmetic.

After the chapter on alerting of Google's SRE workbook: a fast burn is worth waking somebody for, a slow one worth a
look today. Slots are those in which requests ended, not in which they came on record, so that an outage of the store
is not taken for a burst. Only slots that lie wholly within a window count, so what is found was spent within it.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Final

import msgspec
from msgspec import Struct

from router_core.types import AlertKind, BudgetPeriod, NanoUSD

__all__ = [
    "RULES",
    "SLOT",
    "Burn",
    "BurnRule",
    "Marks",
    "burns",
    "pack_marks",
    "slot_of",
    "spend_marked",
    "unpack_marks",
]

SLOT: Final = timedelta(minutes=5)
LONGEST: Final = timedelta(hours=6)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

MONTHLY_FAST_PERCENT, MONTHLY_FAST_WINDOW = 2, timedelta(hours=1)
MONTHLY_SLOW_PERCENT, MONTHLY_SLOW_WINDOW = 5, timedelta(hours=6)
DAILY_FAST_PERCENT, DAILY_FAST_WINDOW = 25, timedelta(hours=1)
DAILY_SLOW_PERCENT, DAILY_SLOW_WINDOW = 50, timedelta(hours=3)

# What was spent in each slot, by the slot's number since 1970; nano-dollars.
Marks = Mapping[int, NanoUSD]
_PACK: Final = msgspec.msgpack.Encoder().encode
_UNPACK: Final = msgspec.msgpack.Decoder(dict[int, int]).decode


class BurnRule(Struct, frozen=True):
    """An alert when ``percent`` of the limit goes within ``window``."""

    kind: AlertKind
    percent: int
    window: timedelta


class Burn(Struct, frozen=True):
    """A rule that is met: ``spent`` nano-dollars within its window."""

    rule: BurnRule
    spent: NanoUSD


RULES: Final[Mapping[BudgetPeriod, tuple[BurnRule, ...]]] = MappingProxyType(
    {
        "monthly": (
            BurnRule("burn_fast", MONTHLY_FAST_PERCENT, MONTHLY_FAST_WINDOW),
            BurnRule("burn_slow", MONTHLY_SLOW_PERCENT, MONTHLY_SLOW_WINDOW),
        ),
        "daily": (
            BurnRule("burn_fast", DAILY_FAST_PERCENT, DAILY_FAST_WINDOW),
            BurnRule("burn_slow", DAILY_SLOW_PERCENT, DAILY_SLOW_WINDOW),
        ),
    }
)


def slot_of(moment: datetime) -> int:
    """Return the number of the slot in which ``moment`` lies."""
    return (moment - _EPOCH) // SLOT


def spend_marked(marks: Marks, spends: Iterable[tuple[datetime, NanoUSD]], now: datetime) -> dict[int, NanoUSD]:
    """Return ``marks`` with ``spends`` in their slots, without what is too old to matter at ``now``.

    What comes from a clock that is ahead counts as spent now.
    """
    running = slot_of(now)
    oldest = slot_of(now - LONGEST)
    kept = {slot: amount for slot, amount in marks.items() if oldest < slot <= running}
    for moment, amount in spends:
        slot = min(slot_of(moment), running)
        if slot > oldest and amount:
            kept[slot] = kept.get(slot, 0) + amount
    return kept


def burns(period: BudgetPeriod, marks: Marks, spent: NanoUSD, limit: NanoUSD, now: datetime) -> list[Burn]:
    """Return the rules that are met; none once the limit is spent, for then there is nothing left to burn."""
    if spent >= limit:
        return []
    found = []
    for rule in RULES[period]:
        gone = _within(marks, rule.window, now)
        if 100 * gone >= rule.percent * limit:
            found.append(Burn(rule, gone))
    return found


def pack_marks(marks: Marks) -> bytes:
    """Return ``marks`` as a store keeps them."""
    return _PACK(dict(sorted(marks.items())))


def unpack_marks(packed: bytes) -> Marks:
    """Return what :func:`pack_marks` made."""
    return _UNPACK(packed) if packed else {}


def _within(marks: Marks, window: timedelta, now: datetime) -> NanoUSD:
    oldest = slot_of(now - window)
    return sum(amount for slot, amount in marks.items() if slot > oldest)
