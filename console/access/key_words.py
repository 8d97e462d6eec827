"""What the view of API keys says of each."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from console.format import ago, literal, moment, money, span
from console.status import StatusMark
from router_core.admin.key_views import KeyNotice, KeyState, KeyView

__all__ = ["LIFE_SPANS", "NOTICE_WORDS", "STATES", "dates", "end_of", "limits", "woken_sentence"]

STATES: Final[Mapping[KeyState, StatusMark]] = {
    "active": StatusMark("active", ":material/check_circle:", "green"),
    "ending": StatusMark("in its grace", ":material/hourglass_bottom:", "orange"),
    "expired": StatusMark("over", ":material/event_busy:", "gray"),
    "revoked": StatusMark("revoked", ":material/block:", "gray"),
}
NOTICE_WORDS: Final[Mapping[KeyNotice, StatusMark]] = {
    "woken": StatusMark("used again after long rest", ":material/notification_important:", "orange"),
    "expiring": StatusMark("ends soon", ":material/schedule:", "orange"),
    "old": StatusMark("older than 90 days", ":material/history:", "blue"),
}
LIFE_SPANS: Final[Mapping[str, timedelta | None]] = {
    "30 days": timedelta(days=30), "90 days": timedelta(days=90), "1 year": timedelta(days=365), "Never": None,
}  # fmt: skip


def end_of(life: str, now: datetime) -> datetime | None:
    """Return when a key ends that is made ``now`` for one of :data:`LIFE_SPANS`."""
    length = LIFE_SPANS[life]
    return None if length is None else now + length


def limits(key: KeyView, *, most: int = 4) -> str:
    """Return as Markdown what ``key`` is limited to, and its budgets; empty where it is not."""
    scopes = key.scopes
    named = (("models", scopes.models), ("use cases", scopes.use_cases), ("paths", scopes.routes))
    told = [f"{what} {_few(names, most)}" for what, names in named if names is not None]
    told += [f"{literal(money(each.limit))} {each.period}" for each in key.budgets if each.limit is not None]
    return " · ".join(told)


def dates(key: KeyView, zone: ZoneInfo, now: datetime) -> str:
    """Return when ``key`` was made, used and is over."""
    used = "never used" if key.last_used_at is None else f"last used {_since(key.last_used_at, now)}"
    return f"made {moment(key.created_at, zone, now)} · {used} · {_end(key, zone, now)}"


def woken_sentence(key: KeyView, zone: ZoneInfo, now: datetime) -> str:
    """Return as Markdown that ``key`` was used again after a long rest."""
    used, since = key.woken_at or now, key.idle_since or key.created_at
    return (
        f"**{literal(key.name)}** of {literal(key.account)} was used again ({moment(used, zone, now)}) after "
        f"{(used - since).days} days of rest. Whoever has it should be able to say why; else revoke it."
    )


def _end(key: KeyView, zone: ZoneInfo, now: datetime) -> str:
    if key.revoked_at is not None:
        return f"revoked {moment(key.revoked_at, zone, now)}"
    if key.expires_at is None:
        return "does not end"
    at = moment(key.expires_at, zone, now)
    if key.state == "expired":
        return f"ended {at}"
    left = span((key.expires_at - now).total_seconds())
    return f"works {left} longer, until {at}" if key.state == "ending" else f"ends {at}, in {left}"


def _since(at: datetime, now: datetime) -> str:
    seconds = (now - at).total_seconds()
    return "within the last minute" if seconds < 120 else ago(seconds)


def _few(names: tuple[str, ...], most: int) -> str:
    shown = ", ".join(literal(each) for each in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
