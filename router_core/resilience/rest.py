"""A rest: the time that a provider asked us to leave it alone. Not a failure, and nothing is counted."""

from router_core.clock import Clock
from router_core.errors import InvalidAPIKeyError, ProviderError, QuotaExceededError, RateLimitError

__all__ = ["Rest", "rest_error"]


class Rest:
    """The current rest of one credential, or of one model family under it. ``error`` is what asked for it."""

    __slots__ = ("_clock", "_until", "error")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until = 0.0
        self.error: ProviderError | None = None

    def begin(self, seconds: float, error: ProviderError) -> None:
        """Rest for ``seconds``; a longer rest under way stays as it is."""
        until = self._clock.now() + seconds
        if until > self._until:
            self._until = until
            self.error = error

    def end(self) -> None:
        """Call again from now on."""
        self._until = 0.0
        self.error = None

    def wait_ms(self) -> int:
        """Return the milliseconds that the rest still takes, 0 when there is none."""
        if self.error is None:
            return 0
        left = self._until - self._clock.now()
        if left <= 0:
            self.end()
            return 0
        return int(left * 1000 + 0.999)

    def in_words(self) -> str:
        """Return why the rest was asked for."""
        match self.error:
            case QuotaExceededError():
                return "quota spent"
            case RateLimitError():
                return "rate limited"
            case InvalidAPIKeyError():
                return "key refused"
            case _:
                return ""


def rest_error(rest: Rest) -> ProviderError:
    """Return the error for a request that finds only ``rest``: what asked for it, with the wait that is left."""
    asked = rest.error
    if asked is None:
        raise ValueError("nothing asked for a rest")
    return type(asked)(
        asked.message, provider=asked.provider, upstream_status=asked.upstream_status, retry_after_ms=rest.wait_ms()
    )
