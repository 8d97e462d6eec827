"""Has it in the store when keys of providers were last used, without any request waiting for that."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from router_core.clock import Clock
from router_core.errors import LLMError
from router_core.ports import KeyUseLog

__all__ = ["NOTE_INTERVAL_S", "KeyUseNotes"]

NOTE_INTERVAL_S: Final = 60.0


class KeyUseNotes:
    """Brings what ``used`` tells to ``log`` once a minute; :meth:`run` is its task."""

    def __init__(self, used: Callable[[], Mapping[str, datetime]], log: KeyUseLog, clock: Clock) -> None:
        self._used = used
        self._log = log
        self._clock = clock
        self._noted: Mapping[str, datetime] = {}

    async def run(self) -> None:
        """Bring news until cancelled."""
        while True:
            await self._clock.sleep(NOTE_INTERVAL_S)
            await self.note()

    async def note(self) -> None:
        """Bring what is new; what the store does not take now is brought with the next news."""
        used = dict(self._used())
        news = {key_id: at for key_id, at in used.items() if self._noted.get(key_id) != at}
        if not news:
            return
        try:
            await self._log.note_used(news)
        except LLMError:
            return
        self._noted = used
