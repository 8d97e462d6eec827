"""How much of itself a provider row grants."""

import math

from msgspec import Struct

__all__ = ["ProviderLimits"]

MOST_AT_ONCE = 1_000_000
MOST_A_SECOND = 1_000_000.0
MOST_TOKENS = 10**12


class ProviderLimits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Limits of one row, None where there is none: calls at once in each process, requests a second with the burst that
    may come at once, and tokens a minute, read and written together.

    Raises ``ValueError`` for figures that make no sense.
    """

    max_concurrency: int | None = None
    requests_per_second: float | None = None
    burst: int | None = None
    tokens_per_minute: int | None = None

    def __post_init__(self) -> None:
        for name, most in (
            ("max_concurrency", MOST_AT_ONCE),
            ("burst", MOST_AT_ONCE),
            ("tokens_per_minute", MOST_TOKENS),
        ):
            value = getattr(self, name)
            if value is not None and not 1 <= value <= most:
                raise ValueError(f"{name} must be within 1 and {most}")
        rate = self.requests_per_second
        if rate is not None and not (math.isfinite(rate) and 0 < rate <= MOST_A_SECOND):
            raise ValueError(f"requests_per_second must be above 0 and at most {MOST_A_SECOND:g}")
        if self.burst is not None and rate is None:
            raise ValueError("burst needs requests_per_second")
