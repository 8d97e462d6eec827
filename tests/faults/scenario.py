"""One fault from beginning to end: it strikes under traffic, is withdrawn, the primary comes back, nothing is left."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from router_core.clock import SystemClock
from tests.faults.fault_kinds import FaultKind
from tests.faults.judging import RECOVERY_SLACK_S, WINDOW_S, Figures, Phase, judge
from tests.faults.stage import PRIMARY, Held, Stage, Waits
from tests.faults.traffic import Seen, Traffic, open_traffic

__all__ = ["Plan", "measure_baseline", "run_fault"]

_QUIET_TRIES, _QUIET_PAUSE_S = 60, 0.1
_STEADY = 10  # this many answers of the primary, one after the other, and it is back


@dataclass(frozen=True)
class Plan:
    """Requests a second, and how many seconds of them without a fault and with one.

    ``pause_s`` is a silence before each fault. One as long as the retry budget's window leaves nothing saved up there.
    """

    rate: float = 30.0
    seconds: float = 60.0
    baseline_s: float = 15.0
    pause_s: float = WINDOW_S


async def measure_baseline(stage: Stage, plan: Plan) -> Sequence[Seen]:
    """Return what clients see while nothing is wrong. The first second, with everything still cold, does not count."""
    async with open_traffic(stage.url, stage.key, "warm") as warm:
        await warm.offer(plan.rate, 1.0)
    async with open_traffic(stage.url, stage.key, "base") as traffic:
        await traffic.offer(plan.rate, plan.baseline_s)
    wrong = [each for each in traffic.seen if each.verdict != "served" or not each.provider.startswith(PRIMARY)]
    if wrong:
        raise AssertionError(f"without a fault {len(wrong)} requests went wrong, such as {wrong[0]}")
    return traffic.seen


async def run_fault(stage: Stage, fault: FaultKind, plan: Plan, waits: Waits, baseline: Sequence[Seen]) -> Figures:
    """Strike with ``fault`` under traffic and return the figures."""
    await SystemClock().sleep(plan.pause_s)
    held_before = await _quiet(stage, lambda _: True)
    stage.forget_calls()
    label = fault.name.replace(" ", "-")
    async with open_traffic(stage.url, stage.key, label) as traffic:
        stage.begin(fault)
        await traffic.offer(plan.rate, plan.seconds)
        # A call that hangs must fail over by itself, not because the fault ends.
        await traffic.settle()
        struck = len(traffic.seen)
        stage.end(fault)
        recovered = await _recover(traffic, struck, plan.rate, max(waits.cooldown, fault.rest_s) + 2 * RECOVERY_SLACK_S)
    held_after = await _quiet(stage, lambda held: held.files <= held_before.files)
    phase = Phase(
        fault=fault,
        earlier=0 if plan.pause_s >= WINDOW_S else round(plan.rate * (WINDOW_S - plan.pause_s)),
        baseline=baseline,
        during=traffic.seen[:struck],
        after=traffic.seen[struck:],
        calls=stage.calls_by_tag(),
        recovered_s=recovered,
        held_before=held_before,
        held_after=held_after,
    )
    return judge(phase, waits)


async def _recover(traffic: Traffic, struck: int, rate: float, patience_s: float) -> float | None:
    """Keep asking until the primary answers steadily; return the seconds until it did so first, None for never."""
    clock = SystemClock()
    withdrawn = clock.now()

    def is_back() -> bool:
        return _steady_since(traffic.seen[struck:]) is not None

    await traffic.offer(rate, patience_s, until=is_back)
    await traffic.settle()
    since = _steady_since(traffic.seen[struck:])
    return None if since is None else since - withdrawn


def _steady_since(seen: Sequence[Seen]) -> float | None:
    run = 0
    for place, each in enumerate(seen):
        run = run + 1 if each.provider.startswith(PRIMARY) else 0
        if run == _STEADY:
            first = seen[place - _STEADY + 1]
            return first.at + first.seconds
    return None


async def _quiet(stage: Stage, is_calm: Callable[[Held], bool]) -> Held:
    """Return what the server holds once nothing is under way, or what it still holds after some seconds."""
    clock = SystemClock()
    held = stage.held()
    for _ in range(_QUIET_TRIES):
        if held.calls_in_flight == 0 and held.upstream_calls == 0 and is_calm(held):
            break
        await clock.sleep(_QUIET_PAUSE_S)
        held = stage.held()
    return held
