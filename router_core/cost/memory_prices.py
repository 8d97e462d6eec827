"""The in-memory twins of the stored prices and of the record that is rated again."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime

from router_core.clock import Clock
from router_core.cost.listing import additions, is_newer
from router_core.cost.price_checks import checked_price
from router_core.ports import ChargedRequest
from router_core.ports.keeping import refuse
from router_core.types import Price, PriceBook

__all__ = ["MemoryPriceStore", "MemoryRecordReader"]


class MemoryPriceStore:
    """Keeps versions of prices; a :class:`PriceStore`. It knows no accounts or providers: everything named exists."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._book = PriceBook()
        self._release = ""
        self._revision = 1

    def book(self) -> PriceBook:
        """Return all versions."""
        return self._book

    async def put_prices(self, prices: Sequence[Price]) -> int:
        """Add versions, all or none; return the new revision. Raises :class:`ValidationError`."""
        return self._add(self._checked(prices))

    async def check_prices(self, prices: Sequence[Price]) -> None:
        """Change nothing; raise what :meth:`put_prices` would raise."""
        self._checked(prices)

    async def list_prices(self, listed: Sequence[Price], release: str) -> int:
        """Bring the book up to the catalogue's ``release``; return how many versions were added."""
        if not is_newer(release, self._release):
            return 0
        self._release = release
        added = additions(self._book, listed, self._clock.utcnow())
        if added:
            self._add(added)
        return len(added)

    def _checked(self, prices: Sequence[Price]) -> list[Price]:
        kept = [checked_price(each) for each in prices]
        held = {each.id for each in self._book.versions}
        refuse(len({each.id for each in kept} - held) < len(kept), "id", "is already taken")
        return kept

    def _add(self, prices: Sequence[Price]) -> int:
        self._revision += 1
        self._book = PriceBook((*self._book.versions, *prices))
        return self._revision


class MemoryRecordReader:
    """Hands out the requests that it was made with; a :class:`RecordReader`."""

    def __init__(self, requests: Sequence[ChargedRequest] = ()) -> None:
        self._requests = tuple(requests)

    async def charged(
        self, since: datetime, until: datetime, accounts: Sequence[str] | None
    ) -> AsyncIterator[Sequence[ChargedRequest]]:
        """Yield those that ended in the range, of ``accounts`` or of everybody."""
        found = [each for each in self._requests if since <= each.at < until]
        yield [each for each in found if accounts is None or each.account_id in accounts]
