"""Writes down what the path of requests only remembers of API keys: when they were used, and who tried bad ones."""

import logging
from typing import Final

from router_core.admin.action_trail import ActionTrail
from router_core.admin.own_acts import key_woken_act, keys_refused_act
from router_core.clock import Clock
from router_core.errors import LLMError
from router_core.ports import ApiKeyLives
from router_core.security.api_keys import KeyAuthenticator

__all__ = ["KeyKeeper"]

EVERY_S: Final = 30.0

_log = logging.getLogger(__name__)


class KeyKeeper:
    """Brings uses of keys to the store every 30 s, and to the audit log which keys were used again after a long rest
    and how many bad ones came from which address. It belongs to one event loop.
    """

    __slots__ = ("_clock", "_keys", "_lives", "_trail")

    def __init__(self, keys: KeyAuthenticator, lives: ApiKeyLives, trail: ActionTrail, clock: Clock) -> None:
        self._keys = keys
        self._lives = lives
        self._trail = trail
        self._clock = clock

    async def run(self) -> None:
        """Write down what there is, until cancelled."""
        while True:
            await self._clock.sleep(EVERY_S)
            await self.write()

    async def write(self) -> None:
        """Write down what there is now; what the store does not take waits for the next time."""
        for told in self._keys.throttle.take():
            self._trail.note(keys_refused_act(told, self._clock))
        uses = self._keys.uses.take()
        if not uses:
            return
        try:
            woken = await self._lives.note_uses(uses)
        except LLMError as error:
            self._keys.uses.give_back(uses)
            _log.warning("uses of %d API keys wait, the store does not take them: %s", len(uses), error)
            return
        for key in woken:
            self._trail.note(key_woken_act(key, self._clock))
