"""What an API key may be: known names, an end that lies ahead, and never more than whoever makes it."""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from router_core.errors import ForbiddenError, ValidationError
from router_core.ports import ApiKeyRecord
from router_core.types import KeyScopes

__all__ = ["check_end", "checked_scopes", "require_reach"]

MOST_NAMED: Final = 200
_WIDER: Final = "A key cannot reach more, or last longer, than the key that makes it"


def check_end(expires_at: datetime | None, now: datetime) -> None:
    """Raise :class:`ValidationError` for an end without a time zone, or one that is over."""
    if expires_at is None:
        return
    if expires_at.tzinfo is None:
        raise ValidationError("`expiresAt` needs a time zone", field="expiresAt")
    if expires_at <= now:
        raise ValidationError("`expiresAt` must lie ahead", field="expiresAt")


def checked_scopes(
    scopes: KeyScopes, routes: Collection[str], use_cases: Collection[str], models: Collection[str]
) -> KeyScopes:
    """Return ``scopes`` with each name once, in order.

    Raises :class:`ValidationError` for what does not exist, and :class:`ForbiddenError` for a wildcard: it would
    reach what nobody has looked at.
    """
    return KeyScopes(
        routes=_checked(scopes.routes, routes, "routes"),
        use_cases=_checked(scopes.use_cases, use_cases, "useCases"),
        models=_checked(scopes.models, models, "models"),
    )


def require_reach(scopes: KeyScopes, expires_at: datetime | None, maker: ApiKeyRecord | None) -> None:
    """Raise :class:`ForbiddenError` for what reaches more, or lasts longer, than ``maker``; None is a person."""
    if maker is None:
        return
    outlasts = maker.expires_at is not None and (expires_at is None or expires_at > maker.expires_at)
    if outlasts or not scopes.within(maker.scopes):
        raise ForbiddenError(_WIDER)


def _checked(names: tuple[str, ...] | None, known: Collection[str], field: str) -> tuple[str, ...] | None:
    if names is None:
        return None
    where = f"scopes.{field}"
    if not 0 < len(names) <= MOST_NAMED:
        raise ValidationError(f"`{where}` must name 1 to {MOST_NAMED}, or be null for all", field=where)
    if any("*" in each and each not in known for each in names):
        raise ForbiddenError("A key cannot reach what is not named one by one")
    if not set(names) <= set(known):
        raise ValidationError(f"`{where}` names what does not exist", field=where)
    return tuple(sorted(set(names)))
