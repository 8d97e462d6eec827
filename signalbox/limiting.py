"""Where rate limits are kept: in Redis where there is one, else in this process."""

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from router_core.rate_limiting.memory_limiter import MemoryLimiter
from signalbox.ground import Ground
from signalbox.tasks import background

if TYPE_CHECKING:
    from router_core.rate_limiting.redis_rate_limiter import RedisLimiter

__all__ = ["open_limiter"]


def open_limiter(ground: Ground, stack: AsyncExitStack) -> "MemoryLimiter | RedisLimiter":
    """Return what keeps rate limits; ``stack`` ends what runs for it."""
    if ground.redis is None:
        return MemoryLimiter(ground.clock, ground.share)
    from router_core.rate_limiting.redis_rate_limiter import RedisLimiter  # loads the client, for who has a Redis

    limiter = RedisLimiter(ground.redis, ground.clock, ground.share)
    background(stack, limiter.run())
    return limiter
