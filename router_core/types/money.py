"""Money is an integer count of nano-dollars (1 USD = 1,000,000,000); floats never touch it."""

import re
from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation

from router_core.errors import ValidationError

__all__ = ["NANO_PER_USD", "NanoUSD", "dollars", "format_usd", "parse_usd", "read_dollars"]

NanoUSD = int
NANO_PER_USD = 1_000_000_000
_MIN_DECIMALS = 6
_READ_DECIMALS = 2
_MAX_DECIMALS = 9
_MAX_DIGITS_BEFORE_POINT = 12
_WRITTEN_OUT = re.compile(rf"[0-9]{{1,{_MAX_DIGITS_BEFORE_POINT}}}(?:\.[0-9]{{1,{_MAX_DECIMALS}}})?")
_NANO = Decimal("1e-9")
_EXACT = Context(prec=_MAX_DIGITS_BEFORE_POINT + 1 + _MAX_DECIMALS, rounding=ROUND_HALF_EVEN)


def format_usd(nano: NanoUSD) -> str:
    """Return dollars with 6 to 9 decimals, exact: ``450_000`` becomes ``"0.000450"``."""
    sign = "-" if nano < 0 else ""
    whole, fraction = divmod(abs(nano), NANO_PER_USD)
    digits = f"{fraction:0{_MAX_DECIMALS}d}".rstrip("0").ljust(_MIN_DECIMALS, "0")
    return f"{sign}{whole}.{digits}"


def dollars(amount: NanoUSD) -> str:
    """Return an amount as ``$95.50``: two decimals, more where they are needed to be exact."""
    sign, amount = ("-", -amount) if amount < 0 else ("", amount)
    whole, rest = divmod(amount, NANO_PER_USD)
    return f"{sign}${whole:,}.{f'{rest:09d}'.rstrip('0').ljust(_READ_DECIMALS, '0')}"


def parse_usd(text: str) -> NanoUSD:
    """Return the nano-dollars of a decimal dollar amount, rounded half-even beyond nine decimals.

    Raises ``ValueError`` when ``text`` is no finite decimal number below a trillion dollars.
    """
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise ValueError("not a decimal amount") from None
    if not amount.is_finite():
        raise ValueError("not a finite amount")
    if amount.adjusted() >= _MAX_DIGITS_BEFORE_POINT:
        raise ValueError("amount too large")
    return int(amount.quantize(_NANO, context=_EXACT).scaleb(_MAX_DECIMALS))


def read_dollars(text: str, field: str, what: str = "an amount of dollars") -> NanoUSD:
    """Return the nano-dollars of exact decimal text. Raises :class:`ValidationError` that names ``field``."""
    if _WRITTEN_OUT.fullmatch(text) is None:
        raise ValidationError(
            f"`{field}` must be {what} such as 12.50, below a trillion, with at most nine decimals, not below 0",
            field=field,
        )
    return parse_usd(text)
