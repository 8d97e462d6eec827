"""What the price book needs from outside: a store of its versions, and the requests that a report rates again."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from router_core.types import Attempt, NanoUSD, Price, Usage

__all__ = ["ChargedRequest", "PriceStore", "RecordReader"]


class PriceStore(Protocol):
    """Keeps every version of every price, as part of the configuration; nothing is ever changed or removed."""

    async def put_prices(self, prices: Sequence[Price]) -> int:
        """Add versions, all or none; return the new revision.

        Raises :class:`ValidationError` for a value that is not allowed, and an account or provider that does not exist.
        """
        ...

    async def check_prices(self, prices: Sequence[Price]) -> None:
        """Change nothing; raise what :meth:`put_prices` would raise."""
        ...

    async def list_prices(self, listed: Sequence[Price], release: str) -> int:
        """Bring the book up to the catalogue's ``release``, unless it has seen that or a newer one.

        Returns how many versions were added.
        """
        ...


class ChargedRequest(Struct, frozen=True, kw_only=True):
    """What is on record of a request that was charged; it came ``at``. ``cost`` in nano-dollars, None without a price.

    ``price`` is the version it was charged by,
    and ``calls`` are its calls where there was more than one and the trace is still kept, else empty;
    ``attempts`` counts them.
    """

    at: datetime
    account_id: str
    provider: str
    model: str
    usage: Usage
    cost: NanoUSD | None
    attempts: int
    unknown: bool
    price: str = ""
    calls: tuple[Attempt, ...] = ()


class RecordReader(Protocol):
    """Reads requests that called a provider out of the record."""

    def charged(
        self, since: datetime, until: datetime, accounts: Sequence[str] | None
    ) -> AsyncIterator[Sequence[ChargedRequest]]:
        """Yield those that ended in the range, of ``accounts`` or of everybody, a few thousand at a time."""
        ...
