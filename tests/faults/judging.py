"""What must hold while a provider fails, judged from the clients' side and from what the simulators saw."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.faults.fault_kinds import FaultKind
from tests.faults.stage import PRIMARY, Held, Waits
from tests.faults.traffic import Seen

__all__ = ["FAILURE_SHARE", "FLOOR", "Figures", "Finding", "Phase", "judge", "percentile"]

FAILURE_SHARE = 0.001
REPEAT_SHARE, FLOOR, WINDOW_S = 0.2, 3, 10.0
MOST_CALLS = 3
SLACK_S = 0.4
RECOVERY_SLACK_S = 4.0


@dataclass(frozen=True)
class Phase:
    """What happened while one fault was in force, and after it: requests, vendors' calls, things held.

    ``earlier`` is how many requests at most went before it and still lie in the retry budget's window.
    """

    fault: FaultKind
    earlier: int
    baseline: Sequence[Seen]
    during: Sequence[Seen]
    after: Sequence[Seen]
    calls: Mapping[tuple[str, str], int]
    recovered_s: float | None
    held_before: Held
    held_after: Held


@dataclass(frozen=True)
class Finding:
    """One rule: what was found, what is allowed, whether it holds."""

    rule: str
    found: str
    limit: str
    holds: bool


@dataclass(frozen=True)
class Figures:
    """One line of the report."""

    fault: str
    requests: int
    failed: int
    cut: int
    failovers: int
    added_plain_ms: float
    added_stream_ms: float
    repeats: int
    most_calls: int
    recovered_s: float | None
    findings: Sequence[Finding]
    reasons: Sequence[str]

    @property
    def holds(self) -> bool:
        """Whether every rule holds."""
        return all(each.holds for each in self.findings)


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that ``share`` of ``values`` do not exceed; 0 without values."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(share * len(ranked)))] if ranked else 0.0


def judge(phase: Phase, waits: Waits) -> Figures:
    """Return the figures of ``phase`` and which rules hold."""
    both = [*phase.during, *phase.after]
    failed = [each for each in both if each.verdict == "failed"]
    cut = [each for each in both if each.verdict == "honest_cut"]
    added = {streamed: _added(phase, streamed=streamed) for streamed in (False, True)}
    repeats = _repeats(phase)
    most = _most_calls(phase)
    findings = [
        _failures(phase, both, failed, cut),
        *(_lateness(phase, waits, added[streamed], streamed=streamed) for streamed in (False, True)),
        _repeat_rule(phase, repeats),
        Finding("calls per request", str(most), f"<= {MOST_CALLS}", most <= MOST_CALLS),
        _recovery(phase, waits),
        *_leaks(phase),
    ]
    failovers = sum(len({call["provider"] for call in each.attempts}) > 1 for each in phase.during)
    if phase.fault.healthy:
        allowed = int(FAILURE_SHARE * len(phase.during))
        findings.append(Finding("failed over without need", str(failovers), f"<= {allowed}", failovers <= allowed))
    return Figures(
        fault=phase.fault.name,
        requests=len(phase.during),
        failed=len(failed),
        cut=len(cut),
        failovers=failovers,
        added_plain_ms=added[False] * 1000,
        added_stream_ms=added[True] * 1000,
        repeats=repeats,
        most_calls=most,
        recovered_s=phase.recovered_s,
        findings=findings,
        reasons=sorted({f"{each.tag}: {each.why}" for each in [*failed, *cut]})[:5],
    )


def _failures(phase: Phase, both: Sequence[Seen], failed: Sequence[Seen], cut: Sequence[Seen]) -> Finding:
    wrong = len(failed) + (0 if phase.fault.cuts else len(cut))
    allowed = int(FAILURE_SHARE * len(both))
    return Finding("client-visible failures", f"{wrong} of {len(both)}", f"<= {allowed}", wrong <= allowed)


def _lateness(phase: Phase, waits: Waits, added: float, *, streamed: bool) -> Finding:
    """A stream that hangs is noticed by its first token; a plain call by its share of the whole time."""
    limit = SLACK_S + (waits.attempt(streamed=streamed) if phase.fault.hangs else 0.0)
    kind = "streams" if streamed else "plain calls"
    return Finding(f"p99 added, {kind}", f"{added * 1000:.0f} ms", f"<= {limit * 1000:.0f} ms", added <= limit)


def _added(phase: Phase, *, streamed: bool) -> float:
    before, during = (
        [each.seconds for each in seen if each.streamed == streamed and each.verdict == "served"]
        for seen in (phase.baseline, phase.during)
    )
    return percentile(during, 0.99) - percentile(before, 0.99)


def _repeats(phase: Phase) -> int:
    """Count calls to a vendor beyond a request's first one; a killed vendor sees none, so there the trace counts."""
    seen = sum(number - 1 for number in phase.calls.values())
    both = [*phase.during, *phase.after]
    told = sum(len(each.attempts) - len({call["provider"] for call in each.attempts}) for each in both)
    return max(seen, told)


def _repeat_rule(phase: Phase, repeats: int) -> Finding:
    share = REPEAT_SHARE * (phase.earlier + len(phase.during) + len(phase.after))
    limit = share + FLOOR
    return Finding("repeats on the same candidate", str(repeats), f"<= {limit:.0f}", repeats <= limit)


def _most_calls(phase: Phase) -> int:
    by_tag: dict[str, int] = {}
    for (_, tag), number in phase.calls.items():
        by_tag[tag] = by_tag.get(tag, 0) + number
    return max(by_tag.values(), default=0)


def _recovery(phase: Phase, waits: Waits) -> Finding:
    limit = max(waits.cooldown, phase.fault.rest_s) + RECOVERY_SLACK_S
    found = phase.recovered_s
    holds = found is not None and found <= limit
    return Finding(
        f"{PRIMARY} serves again", "never" if found is None else f"{found:.1f} s", f"<= {limit:.0f} s", holds
    )


def _leaks(phase: Phase) -> Sequence[Finding]:
    before, after = phase.held_before, phase.held_after
    return (
        Finding("files open afterwards", str(after.files), f"<= {before.files}", after.files <= before.files),
        Finding("permits and slots held", str(after.calls_in_flight), "0", after.calls_in_flight == 0),
        Finding("calls left open upstream", str(after.upstream_calls), "0", after.upstream_calls == 0),
    )
