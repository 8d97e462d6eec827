"""What the console knows of rate limits in tests."""

from collections.abc import Sequence

from msgspec import structs

from router_core.admin.limit_desk import BucketView, LimitOrder, LimitReset, LimitView
from router_core.errors import LLMError
from router_core.rate_limiting.memory_limiter import LimiterStats
from router_core.security.permissions import require
from router_core.types import Limit, LimitScope, Principal

__all__ = ["LimitDouble", "limit_view"]

IDLE = LimiterStats(kind="memory", admitted=0, refused=0, local=0, share=1, buckets=0, under_way=0)


def limit_view(scope: LimitScope, target: str, left: float = 50, throttled: int = 0, *, own: bool = False) -> LimitView:
    """Return a limit of ten requests a second and fifty at once."""
    bucket = BucketView(unit="requests", capacity=50, left=left, throttled=throttled)
    limit = Limit(scope=scope, target=target, requests_per_second=10, burst=50)
    return LimitView(limit=limit, own=own, buckets=(bucket,))


class LimitDouble:
    """The rate limits of a console backend; ``error`` is raised by every act."""

    def __init__(self) -> None:
        self.views: list[LimitView] = [limit_view("account", "acme")]
        self.stats = IDLE
        self.acts: list[tuple[str, LimitScope, str]] = []
        self.orders: list[LimitOrder] = []
        self.error: LLMError | None = None

    async def limits(self, person: Principal) -> Sequence[LimitView]:
        require(person, "limits.read")
        return self.views

    async def report(self, person: Principal) -> LimiterStats:
        require(person, "limits.read")
        return self.stats

    async def set_limit(self, scope: LimitScope, target: str, order: LimitOrder, person: Principal) -> LimitView:
        self.orders.append(order)
        self._act("set", scope, target, person)
        view = limit_view(scope, target, own=True)
        return structs.replace(view, limit=Limit(scope=scope, target=target, **structs.asdict(order)))

    async def drop_limit(self, scope: LimitScope, target: str, person: Principal) -> LimitView:
        self._act("drop", scope, target, person)
        return limit_view(scope, target)

    async def reset_limit(self, scope: LimitScope, target: str, person: Principal) -> LimitReset:
        self._act("reset", scope, target, person)
        return LimitReset(scope=scope, target=target)

    def _act(self, verb: str, scope: LimitScope, target: str, person: Principal) -> None:
        require(person, "limits.edit")
        if self.error is not None:
            raise self.error
        self.acts.append((verb, scope, target))
