"""How often, and after which waits, one call is made."""

from typing import Protocol

from msgspec import Struct, structs

from router_core.client.answers import AnswerFacts
from router_core.client.errors import LLMRouterError, timed_out

__all__ = ["Attempts", "ClientClock", "ClientRetryPolicy"]

DEFAULT_RETRIES = 2
FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 8.0
SPREAD = 0.25


class ClientClock(Protocol):
    """Time and chance, as seen by a client."""

    def now(self) -> float:
        """Return monotonic seconds."""
        ...

    def random(self) -> float:
        """Return a number in [0, 1)."""
        ...


class ClientRetryPolicy(Struct, frozen=True, kw_only=True):
    """How a client asks again: ``retries`` times at most, with waits in seconds that double from ``first_wait``.

    Raises ``ValueError`` for figures below zero.
    """

    retries: int = DEFAULT_RETRIES
    first_wait: float = FIRST_WAIT_S
    longest_wait: float = LONGEST_WAIT_S

    def __post_init__(self) -> None:
        if min(self.retries, self.first_wait, self.longest_wait) < 0:
            raise ValueError("retries and waits must not be below zero")

    def wait(self, number: int, chance: float) -> float:
        """Return the seconds to wait after attempt ``number``, counted from one: the usual time, 25 % around it."""
        usual = min(self.longest_wait, self.first_wait * 2.0 ** (number - 1))
        return usual * (1 - SPREAD + 2 * SPREAD * chance)


class Attempts:
    """The attempts at one call, which all together may take ``timeout`` seconds."""

    def __init__(self, policy: ClientRetryPolicy, timeout: float, clock: ClientClock) -> None:
        self._policy = policy
        self._clock = clock
        self._timeout = timeout
        self._end = clock.now() + timeout
        self.number = 0

    def begin(self) -> float:
        """Count an attempt and return the seconds that it has."""
        self.number += 1
        return self.left()

    def left(self) -> float:
        """Return the seconds that are left. Raises :class:`LLMRouterTimeoutError` when there are none."""
        left = self._end - self._clock.now()
        if left <= 0:
            raise timed_out(self._timeout)
        return left

    def wait_after(self, error: LLMRouterError) -> float:
        """Return the seconds to wait before the call is made again; raises ``error`` where it must not be.

        What the router asks for is never undercut; more than the time left is not waited for.
        """
        error.facts = _counted(error, self.number)
        if not error.retryable or self.number > self._policy.retries:
            raise error
        wait = self._policy.wait(self.number, self._clock.random())
        if error.retry_after is not None:
            # A little more than asked, so that all who were turned away do not come back at the same moment.
            wait = error.retry_after + SPREAD * wait
        if wait >= self._end - self._clock.now():
            raise error
        return wait


def _counted(error: LLMRouterError, number: int) -> AnswerFacts:
    return structs.replace(error.facts, attempts=number)
