"""Opens the link to Redis, when there is one."""

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Final

from router_core.clock import Clock
from signalbox.faults import DependencyFault, UsageFault
from signalbox.settings import Settings
from signalbox.tasks import background

if TYPE_CHECKING:
    from router_core.redis_link import RedisLink

__all__ = ["open_link"]

_TRIES: Final = 20
_BETWEEN_TRIES_S: Final = 0.25


async def open_link(
    settings: Settings, clock: Clock, stack: AsyncExitStack, *, must_answer: bool
) -> "RedisLink | None":
    """Return the link to ``REDIS_URL``, None without one; ``stack`` closes it.

    Raises :class:`UsageFault` for a URL that cannot be used, :class:`DependencyFault` for a Redis that ``must_answer``
    and does not within five seconds.
    """
    if settings.redis_url is None:
        return None
    from router_core.redis_link import LinkPolicy, RedisLink, connect  # the client is loaded by those who have a Redis

    policy = LinkPolicy()
    try:
        redis = connect(settings.redis_url, policy)
    except ValueError:
        raise UsageFault("REDIS_URL: not a URL that Redis can be reached at") from None
    link = RedisLink(redis, clock, policy)
    stack.push_async_callback(link.close)
    background(stack, link.run())
    if must_answer:
        await _answered(link, clock)
    return link


async def _answered(link: "RedisLink", clock: Clock) -> None:
    from router_core.redis_link import LinkDownError

    for _ in range(_TRIES):
        try:
            await link.call(lambda redis: redis.ping())
        except LinkDownError:
            await clock.sleep(_BETWEEN_TRIES_S)
        else:
            return
    raise DependencyFault(f"Redis at REDIS_URL does not answer: {link.state().last_error}")
