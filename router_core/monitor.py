"""Watches one thing that this process stands on: counts what fails, says once that it went and once that it came."""

import logging
from datetime import datetime
from typing import Final

from router_core.clock import Clock
from router_core.errors import LLMError, sanitize_message
from router_core.types import DependencyState, DependencyWord

__all__ = ["DependencyMonitor"]

_MOST_ERROR: Final = 200
_log = logging.getLogger(__name__)


class DependencyMonitor:
    """Keeps a :class:`DependencyState` out of what callers say happened.

    It is down after ``patience`` failures in a row, so that one that passes is counted and raises no alarm. It belongs
    to one event loop; :meth:`state` may be called from another thread.
    """

    def __init__(
        self, name: str, title: str, clock: Clock, *, works: str = "", lost: str = "", patience: int = 1
    ) -> None:
        self.name = name
        self._title = title
        self._clock = clock
        self._works = works
        self._lost = lost
        self._patience = patience
        self._word: DependencyWord = "up"
        self._since: datetime = clock.utcnow()
        self._in_a_row = self._failures = self._outages = 0
        self._last_error: str | None = None

    @property
    def word(self) -> DependencyWord:
        """How it is doing now."""
        return self._word

    def failed(self, error: Exception) -> None:
        """Take note of a failure in a row of them."""
        self._note(error)
        self._in_a_row += 1
        if self._in_a_row >= self._patience and self._word != "down":
            self._outages += 1
            trace = None if isinstance(error, LLMError | OSError) else error
            _log.warning("%s is down: %s", self._title, self._last_error, exc_info=trace)
            self._turn("down")

    def late(self, error: Exception | None = None) -> None:
        """Take note that it answers late, or refused one thing while it does others."""
        if error is not None:
            self._note(error)
        if self._word == "up":
            _log.warning("%s is slow: %s", self._title, self._last_error or "it answers late")
            self._turn("slow")

    def worked(self, *, late: bool = False) -> None:
        """Take note that it did what it was asked to; ``late`` says that it took too long."""
        self._in_a_row = 0
        if self._word == "down":
            _log.info("%s is back", self._title)
            self._turn("up")
        if late:
            self.late()
        elif self._word == "slow":
            self._turn("up")

    def state(self) -> DependencyState:
        """Return how it is doing."""
        return DependencyState(
            name=self.name,
            title=self._title,
            state=self._word,
            since=self._since,
            failures=self._failures,
            outages=self._outages,
            last_error=self._last_error,
            works=self._works,
            lost=self._lost,
        )

    def _note(self, error: Exception) -> None:
        self._failures += 1
        self._last_error = sanitize_message(str(error) or type(error).__name__)[:_MOST_ERROR]

    def _turn(self, word: DependencyWord) -> None:
        self._word = word
        self._since = self._clock.utcnow()
