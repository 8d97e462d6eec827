"""Amounts of money as people type them."""

from router_core.errors import ValidationError
from router_core.types import NanoUSD, parse_usd

__all__ = ["read_dollars"]

MOST_DECIMALS = 9


def read_dollars(text: str, field: str) -> NanoUSD:
    """Return the nano-dollars of exact decimal text. Raises :class:`ValidationError` that names ``field``."""
    try:
        amount = parse_usd(text)
    except ValueError as error:
        raise ValidationError(f"{field} must be an amount of dollars: {error}", field=field) from None
    if amount < 0 or len(text.partition(".")[2]) > MOST_DECIMALS:
        raise ValidationError(f"{field} must be dollars of at most nine decimals, not below 0", field=field)
    return amount
