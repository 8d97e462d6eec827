"""What requests of the past would have cost by the price book as it is known now."""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from router_core.ports import ChargedRequest
from router_core.types import NanoUSD, Tariff

__all__ = ["RatedGroup", "RatedSum", "Rerating"]


class RatedGroup(Struct, frozen=True, order=True):
    """Whose requests to which model at which provider are added up; empty text stands for none."""

    account_id: str
    provider: str
    model: str


class RatedSum(Struct, frozen=True, kw_only=True):
    """Requests of a group. Nano-dollars: they were ``charged`` so much and would cost ``rated`` now.

    ``unrated`` ones are in neither: no price holds for them, or it is not known any more what each of their calls used.
    ``unrated_charged`` is what they were charged.
    """

    requests: int = 0
    charged: NanoUSD = 0
    rated: NanoUSD = 0
    unrated: int = 0
    unrated_charged: NanoUSD = 0


class Rerating:
    """Rates requests again, by the book of ``tariff``, and adds them up."""

    __slots__ = ("_names", "_sums", "_tariff")

    def __init__(self, tariff: Tariff) -> None:
        self._tariff = tariff
        self._names = {each.id: each.model for each in tariff.book.versions}
        self._sums: dict[RatedGroup, list[int]] = {}

    @property
    def sums(self) -> Mapping[RatedGroup, RatedSum]:
        """What was added up so far."""
        names = RatedSum.__struct_fields__
        return {group: RatedSum(**dict(zip(names, found, strict=True))) for group, found in sorted(self._sums.items())}

    def add(self, requests: Iterable[ChargedRequest]) -> None:
        """Rate ``requests`` at the prices of their time."""
        for each in requests:
            found = self._sums.setdefault(RatedGroup(each.account_id, each.provider, each.model), [0, 0, 0, 0, 0])
            cost = self.cost(each)
            if cost is None:
                found[3] += 1
                found[4] += each.cost or 0
            else:
                found[0] += 1
                found[1] += each.cost or 0
                found[2] += cost

    def cost(self, request: ChargedRequest) -> NanoUSD | None:
        """Return what ``request`` would cost, None when that cannot be said."""
        if request.unknown:
            return None
        tariff = self._tariff.of(request.account_id, request.at)
        if request.attempts == 1:
            price = tariff.price(request.model, request.provider, self._names.get(request.price, ""))
            return None if price is None else price.cost(request.usage)
        if len(request.calls) != request.attempts:
            return None
        total = 0
        for call in request.calls:
            if call.usage is None and call.cost_nano != 0:
                return None
            if call.usage is not None:
                price = tariff.price(call.model, call.provider, self._names.get(call.price, ""))
                if price is None:
                    return None
                total += price.cost(call.usage)
        return total
