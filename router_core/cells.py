"""Cells of tables that people open in a spreadsheet."""

from typing import Final

__all__ = ["plain_cell", "safe_cell"]

# A spreadsheet takes text that begins so for a formula.
_FORMULA: Final = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_CONTROL: Final = ("\t", "\r", "\n", "\0")
_UNSEEN: Final = "\u200b\ufeff"


def safe_cell(text: str) -> str:
    """Return ``text`` so that no spreadsheet takes it for a formula."""
    return f"'{text}" if _looks_like_one(text) else text


def plain_cell(text: str) -> str:
    """Return what :func:`safe_cell` was given."""
    return text[1:] if text.startswith("'") and _looks_like_one(text[1:]) else text


def _looks_like_one(text: str) -> bool:
    """Say whether ``text`` is a formula, or one behind such marks as :func:`safe_cell` makes."""
    bare = text.lstrip("'")
    seen = bare.lstrip()
    while seen[:1] and seen[0] in _UNSEEN:
        seen = seen.lstrip(_UNSEEN).lstrip()
    return bare.startswith(_CONTROL) or seen.startswith(_FORMULA)
