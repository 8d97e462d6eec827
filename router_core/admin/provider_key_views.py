"""What people are shown of a provider's keys: masks, states and times, never a key."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Literal

from msgspec import Struct

from router_core.resilience.upstream import Upstream
from router_core.types import ProviderConfig, ProviderKey, UsableKey
from router_core.types.key_place import is_at_home

__all__ = ["OLD_AFTER", "KeyState", "KeyView", "StandingKeys", "StoredKeyView", "key_view", "stored_key_view"]

OLD_AFTER: Final = timedelta(days=90)
KeyState = Literal["ready", "resting", "refused", "disabled", "elsewhere", "unreadable"]

# The keys that may go to a row's host, each with where its calls are judged, None in a process that calls nobody.
StandingKeys = Sequence[tuple[UsableKey, Upstream | None]]


class KeyView(Struct, frozen=True, kw_only=True):
    """Where a row's key comes from, and how it may be shown: ``sk-12...cdef``; never the key.

    ``stored`` counts the row's stored keys, ``notices`` say what somebody should see to.
    """

    source: Literal["environment", "stored", "none"]
    mask: str = ""
    stored: int = 0
    notices: tuple[str, ...] = ()


class StoredKeyView(Struct, frozen=True, kw_only=True, rename="camel"):
    """A stored key of a provider. ``state`` and ``resting_ms`` are those in the answering process.

    ``elsewhere``: it was entered for another host or account than the row names now. ``is_old``: it was entered more
    than 90 days ago.
    """

    id: str
    label: str
    mask: str
    weight: int
    is_active: bool
    state: KeyState
    resting_ms: int
    is_old: bool
    entered_at: datetime
    created_by: str
    created_at: datetime
    changed_by: str
    changed_at: datetime
    last_used_at: datetime | None


def stored_key_view(
    key: ProviderKey, row: ProviderConfig, standing: StandingKeys, used_at: datetime | None, now: datetime
) -> StoredKeyView:
    """Return what is shown of ``key``, of which the store says that it was last ``used_at``."""
    found = next((each for each in standing if each[0].id == key.id), None)
    here = None if found is None else found[0].used_at
    upstream = None if found is None else found[1]
    rest = None if upstream is None else upstream.resting()
    return StoredKeyView(
        id=key.id, label=key.label, mask=key.secret.mask, weight=key.weight, is_active=key.is_active,
        state=_state(key, row, found is not None, upstream), resting_ms=0 if rest is None else rest.wait_ms(),
        is_old=now - key.secret.entered_at > OLD_AFTER, entered_at=key.secret.entered_at, created_by=key.created_by,
        created_at=key.created_at, changed_by=key.changed_by, changed_at=key.changed_at,
        last_used_at=max(filter(None, (here, used_at)), default=None),
    )  # fmt: skip


def key_view(row: ProviderConfig, held: Sequence[ProviderKey], standing: StandingKeys, now: datetime) -> KeyView:
    """Return where the key of ``row`` comes from, and what is to be said about those that it has."""
    views = [stored_key_view(key, row, standing, None, now) for key in held]
    notices = tuple(text for view in views if (text := _notice(view, now)))
    if not standing:
        return KeyView(source="none", stored=len(held), notices=notices)
    first, upstream = standing[0]
    if not first.id and upstream is not None and upstream.refused_at is not None:
        notices = (f"The key {first.mask} of the environment was refused.", *notices)
    return KeyView(source="stored" if first.id else "environment", mask=first.mask, stored=len(held), notices=notices)


def _state(key: ProviderKey, row: ProviderConfig, is_usable: bool, upstream: Upstream | None) -> KeyState:
    if not key.is_active:
        return "disabled"
    if not is_at_home(key, row):
        return "elsewhere"
    if not is_usable:
        return "unreadable"
    if upstream is None:
        return "ready"
    if upstream.refused_at is not None:
        return "refused"
    return "ready" if upstream.resting() is None else "resting"


_SAID: Final[Mapping[KeyState, str]] = {
    "refused": "was refused.",
    "elsewhere": "was entered for another host or account. Enter it again, or delete it.",
    "unreadable": "cannot be read: it was changed outside, or what opens it is gone. Enter it again.",
}


def _notice(view: StoredKeyView, now: datetime) -> str | None:
    """Return what somebody should see to about a key, None when nothing is amiss."""
    name = f"The key {view.mask}" + (f" ({view.label})" if view.label else "")
    if view.state in _SAID:
        return f"{name} {_SAID[view.state]}"
    if view.is_old and view.is_active:
        return f"{name} is {(now - view.entered_at).days} days old. Replace keys after {OLD_AFTER.days} days."
    return None
