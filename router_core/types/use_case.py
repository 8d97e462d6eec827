"""How a use case wants to be served when things go wrong."""

import re
from typing import Literal

from msgspec import Struct

__all__ = ["MidStream", "UseCasePolicy", "is_use_case_name"]

MidStream = Literal["fail", "resume"]
MAX_WAIT_S = 3600.0
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


def is_use_case_name(text: str) -> bool:
    """Say whether ``text`` can name a use case."""
    return _NAME.fullmatch(text) is not None


class UseCasePolicy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """Waits in seconds, None for the process's own; ``min_tokens_per_s`` 0 for no minimum rate.

    ``mid_stream`` says what happens when a stream breaks off after its first token: an honest error, or the rest from
    the next candidate. ``refusal_fails_over`` asks the next candidate when a provider refuses the content. ``hedge``
    asks the next candidate too when the first token is late: after ``hedge_after_ms``, or when that is None after the
    95th percentile of what was observed. Raises ``ValueError`` for figures that make no sense.
    """

    connect_s: float | None = None
    first_token_s: float | None = None
    idle_s: float | None = None
    min_tokens_per_s: float = 0.0
    mid_stream: MidStream = "fail"
    refusal_fails_over: bool = False
    hedge: bool = False
    hedge_after_ms: int | None = None

    def __post_init__(self) -> None:
        for name in ("connect_s", "first_token_s", "idle_s"):
            value = getattr(self, name)
            if value is not None and not 0 < value <= MAX_WAIT_S:
                raise ValueError(f"{name} must be above 0 and at most {MAX_WAIT_S:g} seconds")
        if not 0 <= self.min_tokens_per_s <= 1_000:
            raise ValueError("min_tokens_per_s must be within 0 and 1000")
        if self.hedge_after_ms is not None and not 1 <= self.hedge_after_ms <= 60_000:
            raise ValueError("hedge_after_ms must be within 1 and 60000")
