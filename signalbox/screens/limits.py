"""What the view of rate limits may ask for."""

from collections.abc import Sequence
from typing import Protocol

from router_core.admin.limit_desk import LimitOrder, LimitReset, LimitView
from router_core.rate_limiting.memory_limiter import LimiterStats
from router_core.types import LimitScope, Principal

__all__ = ["LimitBackend"]


class LimitBackend(Protocol):
    """Rate limits; :class:`LimitDesk` does it."""

    async def limits(self, person: Principal) -> Sequence[LimitView]:
        """Return every limit that ``person`` may see, and how it stands."""
        ...

    async def report(self, person: Principal) -> LimiterStats:
        """Return what the limiter of the answering process did."""
        ...

    async def set_limit(self, scope: LimitScope, target: str, order: LimitOrder, person: Principal) -> LimitView:
        """Set a limit. Raises :class:`ValidationError` that names the field."""
        ...

    async def drop_limit(self, scope: LimitScope, target: str, person: Principal) -> LimitView:
        """Remove a limit. Raises :class:`NotFoundError` when there is none such."""
        ...

    async def reset_limit(self, scope: LimitScope, target: str, person: Principal) -> LimitReset:
        """Make the buckets of one target full."""
        ...
