"""What a person may enter as a provider's key."""

import re
from typing import Final

from router_core.errors import ValidationError
from router_core.types import Secret

__all__ = ["MOST_KEY_CHARS", "checked_key"]

LEAST_KEY_CHARS: Final = 4
MOST_KEY_CHARS: Final = 512
_MASK: Final = re.compile(r"\.\.\.|\u2026|\*\*\*|\u2022")
_WORD: Final = re.compile(r"[!-~]+")
_OWN: Final = "sbx_"


def checked_key(given: Secret) -> Secret:
    """Return ``given`` without blanks and line breaks around it. Raises :class:`ValidationError` about ``key``."""
    text = given.reveal().strip()
    if not text:
        raise ValidationError("`key` must not be empty", field="key")
    if len(text) > MOST_KEY_CHARS or len(text) < LEAST_KEY_CHARS:
        raise ValidationError(f"`key` must have {LEAST_KEY_CHARS} to {MOST_KEY_CHARS} characters", field="key")
    if _MASK.search(text):
        raise ValidationError("`key` is a mask of a key; enter the key itself", field="key")
    if not _WORD.fullmatch(text):
        raise ValidationError("`key` must be one word of plain letters, digits and signs", field="key")
    if text.startswith(_OWN):
        raise ValidationError("`key` is an API key of Signalbox, not one of a provider", field="key")
    return Secret(text)
