"""What a price may be; every store of prices and its twin refuse the same."""

from datetime import UTC, datetime
from itertools import pairwise

from router_core.ports.keeping import as_kept, refuse
from router_core.types import Price

__all__ = ["LARGEST_RATE", "checked_price"]

# A million dollars for a million tokens: sums of a request at such rates still fit a database's integers.
LARGEST_RATE = 10**15
MOST_TIERS = 8
MOST_TOKENS = 999_999_999
LONGEST_NAME = 200
FIRST, LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


def checked_price(price: Price) -> Price:
    """Return ``price`` as it is kept. Raises :class:`ValidationError` that names the field."""
    refuse(not (0 < len(price.model) <= LONGEST_NAME and price.model.isprintable()), "model", "is not allowed")
    refuse(price.model != price.model.strip(), "model", "must not begin or end with a blank")
    refuse(not FIRST <= price.starts < LAST, "starts", "must lie between 1970 and 2100")
    refuse(price.kind == "listed" and bool(price.provider or price.account_id), "kind", "is not allowed here")
    above = [each.above for each in price.tiers]
    refuse(len(above) > MOST_TIERS, "tiers", f"may be {MOST_TIERS} at most")
    refuse(len(price.source) > LONGEST_NAME, "source", f"may have {LONGEST_NAME} characters at most")
    refuse(any(each > MOST_TOKENS for each in above), "above", f"may be {MOST_TOKENS} at most")
    refuse(bool(above) and above[0] != 0, "tiers", "must begin above 0 tokens")
    refuse(any(one >= other for one, other in pairwise(above)), "tiers", "must be in order")
    for tier in price.tiers:
        for name in tier.rates.__struct_fields__:
            refuse(not 0 <= getattr(tier.rates, name) <= LARGEST_RATE, name, "is not allowed")
    return as_kept(price)
