"""``python -m tests.faults``: a provider fails in many ways under traffic, and callers should not notice."""

import argparse
import asyncio
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.faults.fault_kinds import FAULTS
from tests.faults.judging import Figures
from tests.faults.scenario import Plan, measure_baseline, run_fault
from tests.faults.stage import Waits, open_stage

__all__ = ["main"]

_HEAD = ("fault", "requests", "failed", "honest cuts", "failed over", "p99 added, plain ms", "p99 added, stream ms",
         "repeats", "most calls", "back after s", "rules")  # fmt: skip


async def run(folder: Path, plan: Plan, waits: Waits, names: Sequence[str]) -> list[Figures]:
    """Run the faults of ``names`` one after the other on one server."""
    with open_stage(folder, waits) as stage:
        baseline = await measure_baseline(stage, plan)
        figures = []
        for fault in FAULTS:
            if fault.name in names:
                figures.append(await run_fault(stage, fault, plan, waits, baseline))
                _tell(figures[-1])
        return figures


def _tell(figures: Figures) -> None:
    print(f"\n{figures.fault}: {'all rules hold' if figures.holds else 'BROKEN'}", flush=True)
    for each in figures.findings:
        print(f"  {'ok ' if each.holds else 'NO '} {each.rule}: {each.found} ({each.limit})")
    for reason in figures.reasons:
        print(f"      {reason}", flush=True)


def _table(listed: Sequence[Figures]) -> str:
    lines = [f"| {' | '.join(_HEAD)} |", "|" + "---|" * len(_HEAD)]
    for each in listed:
        back = "never" if each.recovered_s is None else f"{each.recovered_s:.1f}"
        cells = (each.fault, each.requests, each.failed, each.cut, each.failovers, f"{each.added_plain_ms:.0f}",
                 f"{each.added_stream_ms:.0f}", each.repeats, each.most_calls, back,
                 "hold" if each.holds else "BROKEN")  # fmt: skip
        lines.append("| " + " | ".join(str(cell) for cell in cells) + " |")
    return "\n".join(lines)


def main() -> int:
    """Parse, run, print; the exit code is 1 when a rule does not hold."""
    names = [fault.name for fault in FAULTS]
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long each fault is in force")
    parser.add_argument("--rate", type=float, default=30.0, help="requests a second")
    parser.add_argument("--only", action="append", choices=names, help="run this fault alone; may be repeated")
    parser.add_argument("--request-s", type=float, default=Waits.request, help="the server's whole-request limit")
    parser.add_argument("--first-token-s", type=float, default=Waits.first_token, help="its first-token limit")
    parser.add_argument("--cooldown-s", type=float, default=Waits.cooldown, help="an open breaker's cooldown")
    chosen = parser.parse_args()
    waits = Waits(request=chosen.request_s, first_token=chosen.first_token_s, cooldown=chosen.cooldown_s)
    plan = Plan(rate=chosen.rate, seconds=chosen.seconds, baseline_s=min(15.0, max(3.0, chosen.seconds / 4)))
    with tempfile.TemporaryDirectory(prefix="signalbox-faults-") as folder:
        listed = asyncio.run(run(Path(folder), plan, waits, chosen.only or names))
    print(
        f"\n{chosen.seconds:g} s each, {chosen.rate:g} requests/s, {os.cpu_count()} cores; first token "
        f"{waits.first_token:g} s, plain attempt {waits.attempt(streamed=False):g} s, cooldown {waits.cooldown:g} s"
        f"\n\n{_table(listed)}"
    )
    return 0 if all(each.holds for each in listed) else 1


if __name__ == "__main__":
    sys.exit(main())
