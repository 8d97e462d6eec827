"""What every store and its twin agree on: what they refuse, and how long they keep what piles up."""

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from msgspec import Struct, structs

from router_core.clock import Clock
from router_core.errors import ConflictError, ValidationError
from router_core.ports.stores import AccountRecord, UserRecord
from router_core.types import Budget, Limit, TopUp

__all__ = [
    "SLOTS_KEPT",
    "TRANSITIONS_KEPT",
    "SweepPace",
    "as_kept",
    "refuse",
    "refuse_headless",
    "refuse_limit",
    "refuse_provider_key",
    "refuse_rate",
    "refuse_topup",
    "removed_name",
]

TRANSITIONS_KEPT = timedelta(days=90)
SLOTS_KEPT = timedelta(days=40)
SWEEP_INTERVAL_S = 3600.0
# A billion dollars: sums of such limits still fit a database's integers.
LARGEST_LIMIT = 10**18
# A million dollars: a thousand of them on top of the largest limit still fit.
LARGEST_TOPUP = 10**15
LARGEST_RATE, MOST_AT_ONCE = 1_000_000.0, 1_000_000
# A request a day.
SMALLEST_RATE = 1 / 86_400
HEAVIEST_KEY = 10_000
MOST_TOKENS = 2_000_000_000
# Enough of an id to tell namesakes apart.
_ID_TAIL = 8
MOST_THRESHOLDS, HIGHEST_THRESHOLD = 10, 1_000

R = TypeVar("R", bound=Struct)


def as_kept(record: R) -> R:
    """Return ``record`` as a database would give it back: times in UTC, and nothing that one of them cannot hold.

    Raises :class:`ValidationError` for a NUL character, a lone surrogate and a number that is not finite.
    """
    times = {}
    for field, value in structs.asdict(record).items():
        if isinstance(value, datetime):
            times[field] = value.astimezone(UTC)
        _check_value(value)
    return structs.replace(record, **times)


def removed_name(account: AccountRecord) -> str:
    """Return what an account that is removed is called from then on, so that its name is free again."""
    return f"{account.name} (removed, {account.id[-_ID_TAIL:]})"


def refuse_headless(before: Iterable[UserRecord], after: Iterable[UserRecord]) -> None:
    """Raise :class:`ConflictError` when nobody active would be owner any more, or nobody owner or admin."""
    old, new = list(before), list(after)
    for roles, words in ((("owner",), "owner"), (("owner", "admin"), "owner or admin")):
        if _is_led(old, roles) and not _is_led(new, roles):
            raise ConflictError(f"The last active {words} must stay; make another one first")


def _is_led(users: Iterable[UserRecord], roles: Sequence[str]) -> bool:
    return any(user.is_active and user.role in roles for user in users)


def refuse(wrong: bool, field: str, reason: str) -> None:
    """Raise :class:`ValidationError` about ``field`` when something is ``wrong``."""
    if wrong:
        raise ValidationError(f"`{field}` {reason}", field=field)


def refuse_limit(budget: Budget) -> None:
    """Raise :class:`ValidationError` for a budget whose limit or thresholds cannot be kept, whomever it is of."""
    limit, thresholds = budget.limit, budget.thresholds
    refuse(limit is not None and not 0 <= limit <= LARGEST_LIMIT, "limit", "may be a billion dollars at most")
    refuse(len(thresholds) > MOST_THRESHOLDS, "thresholds", f"may be {MOST_THRESHOLDS} at most")
    refuse(
        any(not 0 < each <= HIGHEST_THRESHOLD for each in thresholds),
        "thresholds",
        f"must lie within 1 and {HIGHEST_THRESHOLD}",
    )


def refuse_topup(topup: TopUp) -> None:
    """Raise :class:`ValidationError` for a top-up whose amount cannot be kept, whomever it is for."""
    refuse(not 0 < topup.amount <= LARGEST_TOPUP, "amount", "must be above 0, at most a million dollars")


def refuse_rate(limit: Limit) -> None:
    """Raise :class:`ValidationError` for a rate limit that limits nothing, or whose figures cannot be kept."""
    rate, burst, tokens, places = limit.requests_per_second, limit.burst, limit.tokens_per_minute, limit.concurrency
    name = "requestsPerSecond"
    refuse(limit.scope == "provider", "scope", "must be another: a provider's limits are in its own row")
    refuse(rate is None and tokens is None and places is None, name, "or another figure is needed")
    refuse(rate is not None and not SMALLEST_RATE <= rate <= LARGEST_RATE, name, "must be from one a day to a million")
    refuse(burst is not None and not 1 <= burst <= MOST_AT_ONCE, "burst", "must be from 1 to a million")
    refuse(burst is not None and rate is None, "burst", "goes with requests a second")
    refuse(tokens is not None and not 1 <= tokens <= MOST_TOKENS, "tokensPerMinute", "must be from 1 to two billion")
    refuse(places is not None and not 1 <= places <= MOST_AT_ONCE, "concurrency", "must be from 1 to a million")


def refuse_provider_key(weight: int | None) -> None:
    """Raise :class:`ValidationError` for a provider's key with a weight that cannot be kept; None changes none."""
    refuse(weight is not None and not 1 <= weight <= HEAVIEST_KEY, "weight", f"must be from 1 to {HEAVIEST_KEY:,}")


class SweepPace:
    """Says when old rows may be looked for again: at most once an hour in each process, the first time at once."""

    __slots__ = ("_clock", "_next")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._next = clock.now()

    def due(self) -> bool:
        """Say whether it is time, and take it that the sweep is made."""
        now = self._clock.now()
        if now < self._next:
            return False
        self._next = now + SWEEP_INTERVAL_S
        return True


def _check_value(value: Any) -> None:
    if isinstance(value, str):
        _check_text(value)
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise ValidationError("numbers must be finite")
    elif isinstance(value, Mapping):
        for key, each in value.items():
            _check_value(key)
            _check_value(each)
    elif isinstance(value, tuple | list):
        for each in value:
            _check_value(each)


def _check_text(text: str) -> None:
    if "\x00" in text:
        raise ValidationError("text must not contain a NUL character")
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        raise ValidationError("text must be valid Unicode")
