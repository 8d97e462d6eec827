"""What strategies are told of the moment, by whoever knows it."""

from collections.abc import Callable
from datetime import UTC, datetime

from msgspec import Struct

from router_core.types import Load, Pace, PriceBook, ProviderConfig, Tariff

__all__ = ["TYPICAL_OUTPUT", "Signals"]

TYPICAL_OUTPUT = 300
_NO_PRICES = Tariff(PriceBook(), lambda _: None, None, datetime(1970, 1, 1, tzinfo=UTC))


class Signals(Struct, frozen=True, kw_only=True):
    """Of which each is asked only where a strategy wants it; by default nothing is known and nothing is left to chance.

    ``chance`` returns a number in [0, 1), None for no chance: then the likeliest comes first. ``pace`` is that of first
    tokens, None before enough came lately; ``load`` the calls in flight; ``tariff`` what an account pays;
    ``expected_output`` the tokens that answers of a use case have. ``streamed`` says that the request is a stream: its
    first token will tell something about a pace.
    """

    chance: Callable[[], float | None] = lambda: None
    pace: Callable[[ProviderConfig], Pace | None] = lambda _: None
    load: Callable[[ProviderConfig], Load | None] = lambda _: None
    tariff: Callable[[str | None], Tariff] = lambda _: _NO_PRICES
    streamed: bool = False
    expected_output: Callable[[str], int] = lambda _: TYPICAL_OUTPUT
