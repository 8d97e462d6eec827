"""What rate limits need from outside: one place that keeps buckets, and one that keeps the limits themselves."""

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from router_core.types import Bucket, Limit, LimitScope

__all__ = ["BucketState", "Draw", "LimitAnswer", "LimitAsk", "LimitSettings", "RequestLimiter"]


class Draw(Struct, frozen=True):
    """So many units of one bucket."""

    bucket: Bucket
    amount: float


class LimitAsk(Struct, frozen=True):
    """What a request needs: every draw of ``must``, and all of the first of ``choices`` that fits; or nothing at all.

    ``lease`` names the request among those that hold concurrency.
    """

    lease: str
    must: tuple[Draw, ...]
    choices: tuple[tuple[Draw, ...], ...] = ((),)


class LimitAnswer(Struct, frozen=True):
    """What came of a :class:`LimitAsk`. ``chosen`` is the choice that was taken, None when nothing was.

    ``waits`` are the seconds until each draw of ``must`` fits, 0 for one that does; ``left`` what is in each of their
    buckets now. ``passed`` are the same seconds of the choices before the one that fits, of all when none does.
    """

    chosen: int | None
    waits: tuple[float, ...]
    left: tuple[float, ...]
    passed: tuple[tuple[float, ...], ...] = ()


class BucketState(Struct, frozen=True):
    """What is ``left`` in a bucket, and how many requests it refused in the last 10 to 15 minutes."""

    left: float
    throttled: int


class RequestLimiter(Protocol):
    """Keeps buckets. It never raises: what cannot be asked is decided without."""

    async def take(self, ask: LimitAsk) -> LimitAnswer:
        """Take everything that ``ask`` needs, or nothing."""
        ...

    def give(self, lease: str, draws: Sequence[Draw]) -> None:
        """Put ``draws`` back, take them for a negative amount, whatever is there; end ``lease`` where it is held."""
        ...

    async def look(self, buckets: Sequence[Bucket]) -> Sequence[BucketState]:
        """Return how ``buckets`` stand."""
        ...


class LimitSettings(Protocol):
    """Keeps limits, as part of the configuration."""

    async def put_limit(self, limit: Limit) -> int:
        """Set a limit, in the place of the one of that scope and target; return the new revision.

        Raises :class:`ValidationError` for a target that does not exist and a value that is not allowed.
        """
        ...

    async def check_limit(self, limit: Limit) -> None:
        """Change nothing; raise what :meth:`put_limit` would raise."""
        ...

    async def drop_limit(self, scope: LimitScope, target: str) -> int:
        """Remove a limit; return the new revision. Raises :class:`NotFoundError` when there is none such."""
        ...

    async def reset_limit(self, scope: LimitScope, target: str) -> int:
        """Have the buckets of a target begin anew, full, wherever they are kept; return the new revision."""
        ...
