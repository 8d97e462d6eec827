"""What a circuit breaker promises, as simply as it can be said: no clock, no leases as objects, whole lists."""

from dataclasses import dataclass

from router_core.resilience.breaker_policy import BreakerPolicy

__all__ = ["BreakerModel", "Ticket"]

BUCKETS = 10


@dataclass
class Ticket:
    """Leave for one call: the era in which it was given, its number as a probe, and when that was."""

    era: int
    probe: int = 0
    at: float = 0.0
    closed: bool = False


class BreakerModel:
    """Every method takes the time ``now`` in seconds."""

    def __init__(self, policy: BreakerPolicy) -> None:
        self.policy = policy
        self.state, self.era, self.failures, self.successes = "CLOSED", 0, 0, 0
        self.reopen, self.probe, self.probes, self.lease_end = 0.0, 0, 0, 0.0
        self.force: str | None = None
        self.force_end: float | None = None
        self.hearsay = False
        self.counted: list[tuple[int, bool, bool]] = []

    def enter(self, state: str, now: float, failures: int = 0) -> None:
        self.state, self.era, self.failures, self.successes = state, self.era + 1, failures, 0
        self.probe, self.hearsay, self.counted = 0, False, []
        self.reopen = now + self.policy.cooldown

    def look(self, now: float) -> None:
        """A force whose time is over ends."""
        if self.force is not None and self.force_end is not None and now >= self.force_end:
            after = "HALF_OPEN" if self.force == "OPEN" else "CLOSED"
            self.force = self.force_end = None
            self.enter(after, now)

    def wait(self, now: float) -> float:
        self.look(now)
        if self.force is not None:
            end = now + self.policy.cooldown if self.force_end is None else self.force_end
            return end - now if self.force == "OPEN" else 0.0
        if self.state == "OPEN":
            return max(0.0, self.reopen - now)
        return max(0.0, self.lease_end - now) if self.state == "HALF_OPEN" and self.probe else 0.0

    def admit(self, now: float) -> Ticket | None:
        if self.wait(now) > 0:
            return None
        if self.state == "OPEN":
            self.enter("HALF_OPEN", now)
        if self.state == "CLOSED":
            return Ticket(self.era)
        self.probes += 1
        self.probe, self.lease_end = self.probes, now + self.policy.probe_lease
        return Ticket(self.era, self.probe, now)

    def close(self, ticket: Ticket, verdict: str, seconds: float, now: float) -> None:
        if ticket.closed or ticket.era != self.era or ticket.probe != (self.probe if ticket.probe else 0):
            ticket.closed = True
            return
        ticket.closed = True
        if ticket.probe:
            self.probe = 0
        if verdict == "success":
            self.failures = 0
            if self.state == "HALF_OPEN":
                self.successes += 1
                if self.successes == self.policy.success_threshold:
                    self.enter("CLOSED", now)
            else:
                self.count(now, failed=False, slow=seconds >= (self.policy.slow_call or 1e9))
        if verdict == "failure":
            self.failures += 1
            tripped = self.state == "HALF_OPEN" or self.failures >= self.policy.failure_threshold
            if tripped and self.force is None:
                self.enter("OPEN", now, self.failures)
            else:
                self.count(now, failed=True, slow=False)

    def count(self, now: float, *, failed: bool, slow: bool) -> None:
        if self.force is not None or (self.policy.failure_rate is None and self.policy.slow_call is None):
            return
        tick = int(now // (self.policy.window / BUCKETS))
        self.counted = [each for each in self.counted if each[0] > tick - BUCKETS] + [(tick, failed, slow)]
        calls = len(self.counted)
        bad = sum(each[1] for each in self.counted)
        late = sum(each[2] for each in self.counted)
        by_rate = self.policy.failure_rate is not None and bad >= self.policy.failure_rate * calls
        by_time = self.policy.slow_call is not None and late >= self.policy.slow_rate * calls
        if calls >= self.policy.minimum_calls and (by_rate or by_time):
            self.enter("OPEN", now, self.failures)

    def reset(self, now: float) -> None:
        self.force = self.force_end = None
        self.enter("CLOSED", now)

    def hold(self, phase: str, seconds: float | None, now: float) -> None:
        self.force, self.force_end = phase, None if seconds is None else now + seconds
        self.enter(phase, now)

    def hear_open(self, rest: float, now: float) -> None:
        """Another process saw its calls fail, and will probe in ``rest`` seconds."""
        self.look(now)
        if self.force is None and self.state == "CLOSED" and rest > 0:
            self.enter("OPEN", now)
            self.reopen, self.hearsay = now + min(rest, self.policy.cooldown), True

    def hear_closed(self, now: float) -> None:
        """Another process's probes were answered."""
        self.look(now)
        if self.force is None and self.state == "OPEN" and self.hearsay:
            self.enter("CLOSED", now)
