"""Names that people give to accounts and keys."""

from typing import Final

from router_core.errors import ValidationError
from router_core.errors.sanitizer import redact

__all__ = ["plain_name"]

_MOST_NAME: Final = 100


def plain_name(name: str) -> str:
    """Return ``name`` as it is kept. Raises :class:`ValidationError`, for what looks like a secret too."""
    wanted = name.strip()
    if not 0 < len(wanted) <= _MOST_NAME or not wanted.isprintable():
        raise ValidationError(f"`name` must have 1 to {_MOST_NAME} printable characters", field="name")
    if redact(wanted) != wanted:
        raise ValidationError("`name` holds what looks like a secret", field="name")
    return wanted
