"""What models used and what names spent, read for bills, savings and outlooks."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, Protocol

from msgspec import Struct

from router_core.ports.spending import SpendHour
from router_core.types import NanoUSD, Usage

__all__ = ["MarkedHour", "ModelHour", "UsageBy", "UsageReader"]

# The whole installation is one name, the empty one.
UsageBy = Literal["provider", "model", "use_case", "account", "key", "installation"]


class ModelHour(Struct, frozen=True, kw_only=True):
    """What one model used in the UTC hour that begins at ``hour``; ``cost`` in nano-dollars.

    Of the ``requests``, ``errors`` were refused or failed and ``cached`` answered by our own cache; ``unpriced`` are
    those that ``cost`` lacks.
    """

    hour: datetime
    model: str
    requests: int
    errors: int
    cached: int
    usage: Usage
    cost: NanoUSD
    unpriced: int


class MarkedHour(Struct, frozen=True, kw_only=True):
    """Requests of one model and UTC hour that are to be told apart.

    ``estimated`` counts those whose figures are not all the provider's own. ``cached_usage`` is what the requests that
    our cache answered have on record; no provider was paid for it.
    """

    hour: datetime
    model: str
    estimated: int
    cached_usage: Usage


class UsageReader(Protocol):
    """Reads usage out of the record; ``accounts`` is None for everybody."""

    async def model_hours(
        self, since: datetime, until: datetime, accounts: Sequence[str] | None
    ) -> Sequence[ModelHour]:
        """Return each hour that begins in the range, by model, oldest first; no model is the empty name."""
        ...

    async def marked_hours(
        self, since: datetime, until: datetime, accounts: Sequence[str] | None
    ) -> Sequence[MarkedHour]:
        """Return the hours of the range with estimated or cached requests, out of the audit log, oldest first."""
        ...

    async def dearest(
        self, by: UsageBy, since: datetime, until: datetime, accounts: Sequence[str] | None, limit: int
    ) -> Sequence[str]:
        """Return the names that used anything in the range, most spending first, at most ``limit`` of them."""
        ...

    async def hours_of(
        self, by: UsageBy, names: Sequence[str], since: datetime, until: datetime, accounts: Sequence[str] | None
    ) -> Sequence[SpendHour]:
        """Return each hour that begins in the range, of ``names`` alone, oldest first."""
        ...
