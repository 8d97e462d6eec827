"""Tells other processes at once that the configuration changed; the store is the truth, and looked at anyway."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final

from redis.exceptions import RedisError

from router_core.clock import Clock
from router_core.redis_link import LinkDownError

if TYPE_CHECKING:
    from router_core.redis_link import RedisLink

__all__ = ["CHANNEL", "RevisionPush"]

CHANNEL: Final = "signalbox:config:revision"
SILENCE_S: Final = 10.0
RETRY_S: Final = 1.0
_log = logging.getLogger(__name__)


class RevisionPush:
    """Publishes revisions on the shared link, and calls ``look`` when somebody else did.

    A message says only that there is something to look at: one that is lost, doubled or made up does no harm.
    """

    def __init__(self, link: "RedisLink", look: Callable[[], Awaitable[object]], clock: Clock) -> None:
        self._link = link
        self._look = look
        self._clock = clock

    async def publish(self, revision: int) -> None:
        """Tell the others, if Redis can; never raises for what Redis does."""
        try:
            await self._link.call(lambda redis: redis.publish(CHANNEL, str(revision)))
        except LinkDownError:
            _log.debug("revision %d was not announced; others see it at their next look at the store", revision)

    async def run(self) -> None:
        """Listen until cancelled, through outages of Redis and of the store."""
        while True:
            try:
                await self._listen()
            except (RedisError, OSError, TimeoutError) as error:
                _log.debug("not listening for revisions: %s", type(error).__name__)
            await self._clock.sleep(RETRY_S)

    async def _listen(self) -> None:
        """Listen on one connection for as long as it lives. Raises what Redis raises."""
        async with self._link.redis.pubsub() as subscription:
            async with asyncio.timeout(SILENCE_S):
                await subscription.subscribe(CHANNEL)
            asked = False
            while True:
                message = await subscription.get_message(timeout=SILENCE_S)
                if message is not None:
                    asked = False
                    await self._take(message)
                elif asked:
                    raise TimeoutError
                else:
                    # A connection may be dead without a word; who lives answers.
                    asked = True
                    await subscription.ping()

    async def _take(self, message: dict[str, Any]) -> None:
        # A subscription that begins, or begins again, may have missed something.
        if message["type"] not in ("message", "subscribe"):
            return
        try:
            await self._look()
        except Exception as error:  # noqa: BLE001 - the next look at the store tells what is wrong with it
            _log.debug("the store could not be looked at: %s", type(error).__name__)
