"""What OpenAI's protocol costs beside our own: CPU of one server per request, the two paths taking turns.

Run it with ``python -m benchmarks.relay``. The provider speaks OpenAI's protocol, so ``/v1/chat/completions`` passes on
what the client wrote and what the vendor answers, and ``/api/llm`` translates both.
"""

import argparse
import contextlib
import dataclasses
import os
import tempfile
from pathlib import Path
from statistics import median
from typing import get_args

from benchmarks.gateway.candidates import Candidate, provider, signalbox
from benchmarks.gateway.processes import pin_to, two_cores
from benchmarks.gateway.rounds import Counts, charged, idle_cpu, warm_up
from benchmarks.gateway.shapes import Shape

SETTLE_S = 1.0
STREAM_SHARE = 4


def main() -> None:
    """Measure and print the medians. Raises ``RuntimeError`` for a wrong answer."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=1200)
    given = parser.parse_args()
    counts = Counts(json=given.requests, stream=given.requests // STREAM_SHARE, single=0, settle_s=SETTLE_S)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="signalbox-benchmark-")))
        direct = stack.enter_context(provider(folder))
        own = stack.enter_context(signalbox(folder, direct.port))
        relay = dataclasses.replace(own, name="relay", path="/v1/chat/completions", dialect="openai")
        cores = two_cores()
        if cores is not None:
            pin_to(own.server.tree(), cores[0])
            pin_to([*direct.server.tree(), os.getpid()], cores[1])
        for each in (own, relay):
            warm_up(each, counts)
        _compare(own, relay, counts, given.rounds, idle_cpu(own, counts))


def _compare(own: Candidate, relay: Candidate, counts: Counts, rounds: int, idle: float) -> None:
    for shape in get_args(Shape):
        requests = counts.json if shape == "json" else counts.stream
        found: dict[str, list[float]] = {own.path: [], relay.path: []}
        for turn in range(rounds):
            for each in (own, relay) if turn % 2 else (relay, own):
                cpu_us, load = charged(each, shape, requests, counts, idle)
                if load.wrong:
                    raise RuntimeError(f"{each.path}: {load.wrong} wrong answers: {load.samples}")
                found[each.path].append(cpu_us)
        ratios = sorted(mine / ours for mine, ours in zip(found[relay.path], found[own.path], strict=True))
        figures = ", ".join(f"{path} {median(times):,.0f} µs" for path, times in found.items())
        print(f"{shape}: {figures}; ratio {median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})")


if __name__ == "__main__":
    main()
