"""Opens the link to Redis, when there is one."""

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Final

from router_core.clock import Clock
from router_core.health.dependencies import DependencyRegister
from router_core.types import DependencyState
from signalbox.faults import DependencyFault, UsageFault
from signalbox.settings import Settings
from signalbox.tasks import background

if TYPE_CHECKING:
    from router_core.redis_link import RedisLink

__all__ = ["open_link"]

_TRIES: Final = 20
_BETWEEN_TRIES_S: Final = 0.25
_WORKS: Final = "Requests go on; budgets are exact; each process limits rates by itself, at its share of the rate."
_LOST: Final = "The shared cache answers nothing, and changes of the configuration take up to a second longer."


async def open_link(
    settings: Settings, clock: Clock, stack: AsyncExitStack, register: DependencyRegister, *, must_answer: bool
) -> "RedisLink | None":
    """Return the link to ``REDIS_URL``, None without one; ``stack`` closes it.

    Raises :class:`UsageFault` for a URL that cannot be used, :class:`DependencyFault` for a Redis that ``must_answer``
    and does not within five to seven seconds.
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
    register.add(lambda: _state_of(link))
    if must_answer:
        await _answered(link, clock)
    return link


def _state_of(link: "RedisLink") -> DependencyState:
    state = link.state()
    return DependencyState(
        name="redis", title="Redis", state="up" if state.up else "down", since=state.since, failures=state.failures,
        outages=state.outages, last_error=state.last_error, works=_WORKS, lost=_LOST,
    )  # fmt: skip


async def _answered(link: "RedisLink", clock: Clock) -> None:
    reason = await link.missing()
    for _ in range(_TRIES):
        if reason is None:
            return
        await clock.sleep(_BETWEEN_TRIES_S)
        reason = await link.missing()
    if reason is not None:
        raise DependencyFault(f"Redis at REDIS_URL does not answer: {reason}")
