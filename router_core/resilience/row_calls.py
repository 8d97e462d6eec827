"""How many calls are in flight for each provider row, whichever of its keys they carry."""

from router_core.types import ProviderConfig

__all__ = ["RowCalls"]


class RowCalls:
    """Counts by the row's id, so that a row keeps its calls when it is changed; it belongs to one event loop."""

    __slots__ = ("_counts",)

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def in_flight(self, provider: ProviderConfig) -> int:
        """Return the calls in flight for ``provider``."""
        return self._counts.get(provider.id, 0)

    def has_room(self, provider: ProviderConfig) -> bool:
        """Say whether the row's own limit allows one more call."""
        most = provider.limits.max_concurrency
        return most is None or self._counts.get(provider.id, 0) < most

    def add(self, provider: ProviderConfig) -> None:
        """One more call is in flight."""
        self._counts[provider.id] = self._counts.get(provider.id, 0) + 1

    def remove(self, provider: ProviderConfig) -> None:
        """One call less is in flight."""
        left = self._counts[provider.id] - 1
        if left:
            self._counts[provider.id] = left
        else:
            del self._counts[provider.id]
