"""What was spent, by the hour."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, Protocol

from msgspec import Struct

from router_core.types import NanoUSD

__all__ = ["SpendBy", "SpendHour", "SpendReader"]

SpendBy = Literal["account", "key", "use_case", "provider", "model"]


class SpendHour(Struct, frozen=True, kw_only=True):
    """What one name of a kind used in the UTC hour that begins at ``hour``; ``cost`` in nano-dollars.

    ``unpriced`` counts requests of models without a price, which ``cost`` lacks.
    """

    hour: datetime
    name: str
    requests: int
    tokens: int
    cost: NanoUSD
    unpriced: int


class SpendReader(Protocol):
    """Reads spending out of the record."""

    async def hourly(
        self, by: SpendBy, since: datetime, until: datetime, accounts: Sequence[str] | None
    ) -> Sequence[SpendHour]:
        """Return each hour that begins in the range, of ``accounts`` or of everybody, oldest first.

        The name is empty where there is none.
        """
        ...
