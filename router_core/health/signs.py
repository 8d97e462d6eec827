"""What calls and checks have shown of one provider lately."""

from collections import deque
from datetime import datetime, timedelta

from msgspec import Struct

__all__ = ["CheckResult", "Signs"]

RECENT = timedelta(seconds=60)
MOST_SIGNS = 20
# One bad call among many good ones is no trouble yet: this share of the recent ones is.
FAILING_SHARE = 0.1
# Good and bad in turns are trouble, whichever came last.
FLAPPING_SHARE = 0.2
FLAPPING_LEAST = 2


class CheckResult(Struct, frozen=True, kw_only=True):
    """How an active check ended. ``good`` is None when it says nothing about the provider; latency in milliseconds."""

    at: datetime
    good: bool | None
    latency_ms: float | None = None
    error: str | None = None


class Signs:
    """The telling outcomes of one provider. ``since`` is when the newest run of equal ones began."""

    __slots__ = ("_recent", "check", "error", "good_traffic_at", "last_at", "last_good", "latency_ms", "since")

    def __init__(self) -> None:
        self._recent: deque[tuple[datetime, bool]] = deque(maxlen=MOST_SIGNS)
        self.last_good: bool | None = None
        self.last_at: datetime | None = None
        self.since: datetime | None = None
        self.latency_ms: float | None = None
        self.error: str | None = None
        self.check: CheckResult | None = None
        self.good_traffic_at: datetime | None = None

    def note_answer(self, at: datetime, latency_ms: float) -> None:
        """A call was answered well."""
        self.good_traffic_at = at
        self._note(at, good=True, latency_ms=latency_ms, error=None)

    def note_failure(self, at: datetime, error: str) -> None:
        """A call failed in a way that speaks against the provider."""
        self._note(at, good=False, latency_ms=None, error=error)

    def note_check(self, result: CheckResult) -> None:
        """An active check ended. One without a verdict only tells why nothing is known, while nothing is."""
        if result.good is None:
            if self.last_good is None:
                self.error = result.error
            return
        self.check = result
        self._note(result.at, good=result.good, latency_ms=result.latency_ms, error=result.error)

    @property
    def check_failed(self) -> bool:
        """Whether the last check failed and no call has been answered since."""
        check = self.check
        if check is None or check.good:
            return False
        return self.good_traffic_at is None or self.good_traffic_at <= check.at

    def is_failing(self, now: datetime) -> bool:
        """Say whether calls keep failing, or the newest one did."""
        recent = list(self._recent)
        lately = [good for at, good in recent if now - at <= RECENT] or [good for _, good in recent[-1:]]
        bad = lately.count(False)
        if self.last_good is False and bad >= FAILING_SHARE * len(lately):
            return True
        return bad >= FLAPPING_LEAST and bad >= FLAPPING_SHARE * len(lately)

    def failing_since(self, now: datetime) -> datetime | None:
        """Return when the first recent failure was."""
        bad = [at for at, good in list(self._recent) if not good]
        return next((at for at in bad if now - at <= RECENT), bad[-1] if bad else None)

    def _note(self, at: datetime, *, good: bool, latency_ms: float | None, error: str | None) -> None:
        self._recent.append((at, good))
        if good is not self.last_good:
            self.since = at
        self.last_good, self.last_at, self.error = good, at, error
        if latency_ms is not None and good:
            self.latency_ms = latency_ms
