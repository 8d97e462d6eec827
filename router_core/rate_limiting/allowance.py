"""What one request has taken out of limits: for itself when it is admitted, and from the provider of each call."""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

from router_core.errors import RateLimitExceededError
from router_core.ports import Draw, LimitAsk, RequestLimiter
from router_core.rate_limiting.wording import bucket_words, refusal_words
from router_core.types import Bucket, Candidate, LimitBook, Usage, provider_limit

__all__ = ["Allowance", "Expected", "ProviderShare", "candidate_draws", "draws_of", "provider_refusal", "refused_by"]

NOTHING: Final[tuple[Draw, ...]] = ()


class Expected(NamedTuple):
    """The tokens that a request will probably read and write; a candidate that allows fewer writes no more."""

    read: int
    written: int

    def together(self, most: int) -> int:
        """Return both, where ``most`` may be written."""
        return self.read + min(self.written, most)


class ProviderShare:
    """What one call has taken out of its provider's limits; closed exactly once, later closes change nothing."""

    __slots__ = ("_allowance", "_closed", "_draws", "_lease", "_limiter")

    def __init__(self, allowance: "Allowance", limiter: RequestLimiter, lease: str, draws: Sequence[Draw]) -> None:
        self._allowance = allowance
        self._limiter = limiter
        self._lease = lease
        self._draws = draws
        self._closed = False

    def settle(self, usage: Usage | None) -> None:
        """The call is over; ``usage`` is what it used, None for nothing."""
        used = 0 if usage is None else usage.total_tokens
        if not self._closed:
            self._allowance.note_used(used)
            self._give(_trued_up(self._draws, used))

    def release(self) -> None:
        """The call was not made."""
        if not self._closed:
            self._give(self._draws)

    def _give(self, draws: Sequence[Draw]) -> None:
        self._closed = True
        if draws:
            self._limiter.give(self._lease, draws)


class Allowance:
    """The limits of one request under way. Use it as a context manager: what it holds ends with the block."""

    __slots__ = ("_book", "_calls", "_closed", "_draws", "_expected", "_lease", "_limiter", "_ready", "_used")

    def __init__(
        self, limiter: RequestLimiter, book: LimitBook, lease: str, draws: Sequence[Draw], expected: Expected
    ) -> None:
        self._book = book
        self._limiter = limiter
        self._lease = lease
        self._draws = draws
        self._expected = expected
        self._ready: tuple[Candidate, ProviderShare] | None = None
        self._calls = 0
        self._used = 0
        self._closed = False

    def __enter__(self) -> "Allowance":
        return self

    def __exit__(self, *_: object) -> None:
        if self._ready is not None:
            self._ready[1].release()
            self._ready = None
        self._closed = True
        draws = _trued_up(self._draws, self._used)
        if draws:
            self._limiter.give(self._lease, draws)

    def note_used(self, tokens: int) -> None:
        """A call used ``tokens``: while the request is under way, or after it where the call went on for others."""
        self._used += tokens
        if self._closed and tokens:
            owed = [Draw(each.bucket, -float(tokens)) for each in self._draws if each.bucket.unit == "tokens"]
            if owed:
                self._limiter.give(self._lease, owed)

    def reads(self, tokens: int) -> None:
        """The calls from here on will probably read ``tokens``."""
        self._expected = self._expected._replace(read=tokens)

    def prepare(self, candidate: Candidate, draws: Sequence[Draw]) -> None:
        """What the first call, to ``candidate``, needs was taken with everything else."""
        self._ready = (candidate, ProviderShare(self, self._limiter, self._lease, draws))

    async def share(self, candidate: Candidate) -> ProviderShare:
        """Take what a call to ``candidate`` needs of its provider's limits.

        Raises :class:`RateLimitExceededError` when it is not there.
        """
        ready, self._ready = self._ready, None
        if ready is not None:
            if ready[0] is candidate:
                return ready[1]
            ready[1].release()
        draws = candidate_draws(self._book, candidate, self._expected)
        self._calls += 1
        lease = f"{self._lease}:{self._calls}"
        if draws:
            answer = await self._limiter.take(LimitAsk(lease, draws))
            if answer.chosen is None:
                raise refused_by([each.bucket for each in draws], answer.waits)
        return ProviderShare(self, self._limiter, lease, draws)


def candidate_draws(book: LimitBook, candidate: Candidate, expected: Expected) -> tuple[Draw, ...]:
    """Return what a call to ``candidate`` takes out of its provider's limits, before anybody knows what it uses."""
    row = candidate.provider
    if row.limits.requests_per_second is None and row.limits.tokens_per_minute is None:
        return NOTHING
    return draws_of(book.buckets_of(provider_limit(row.name, row.limits)), expected.together(candidate.max_tokens))


def draws_of(buckets: Sequence[Bucket], tokens: int) -> tuple[Draw, ...]:
    """Return what a request of ``tokens`` takes out of ``buckets``."""
    return tuple([Draw(each, float(tokens) if each.unit == "tokens" else 1.0) for each in buckets])


def refused_by(buckets: Sequence[Bucket], waits: Sequence[float]) -> RateLimitExceededError:
    """Return the error for ``waits`` of ``buckets``, of which at least one is above 0: in the words of the longest."""
    wait, bucket = max(zip(waits, buckets, strict=True), key=lambda each: each[0])
    if bucket.scope == "provider":
        return provider_refusal(bucket, wait)
    return RateLimitExceededError(refusal_words(bucket), retry_after_ms=millis(wait))


def provider_refusal(bucket: Bucket, wait: float) -> RateLimitExceededError:
    """Return the error for a request whose every candidate is at its own limit."""
    words = f"Every provider is at its own limit. Maximum {bucket_words(bucket)}."
    return RateLimitExceededError(words, retry_after_ms=millis(wait))


def millis(seconds: float) -> int:
    """Return whole milliseconds, not less than ``seconds``."""
    return math.ceil(seconds * 1000)


def _trued_up(draws: Sequence[Draw], used: int) -> tuple[Draw, ...]:
    """Return what is to be put back of ``draws`` once it is known that ``used`` tokens were."""
    return tuple(
        [
            each if each.bucket.unit == "concurrency" else Draw(each.bucket, each.amount - used)
            for each in draws
            if each.bucket.unit != "requests"
        ]
    )
