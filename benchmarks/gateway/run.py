"""One run: start everything, pin it, measure in interleaved rounds, end everything."""

import contextlib
import os
import platform
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from msgspec.structs import asdict

from benchmarks.gateway.candidates import Candidate, litellm, provider, signalbox
from benchmarks.gateway.figures import Gateway, Report, Round, used_us
from benchmarks.gateway.processes import pin_to, two_cores
from benchmarks.gateway.rounds import Counts, idle_cpu, load, measure, warm_up

__all__ = ["compare"]

_PEER_SHARE = 4
_LEAST = 32
_PROBE_REQUESTS = 2000


@dataclass(slots=True, kw_only=True)
class _Entry:
    """A candidate with what is asked of it and what was found so far."""

    candidate: Candidate
    counts: Counts
    idle_mb: float
    idle_cpu: float = 0.0
    rounds: list[Round] = field(default_factory=list)

    def result(self) -> Gateway:
        return Gateway(
            name=self.candidate.name,
            version=self.candidate.version,
            ready_s=self.candidate.ready_s,
            first_answer_s=self.candidate.first_answer_s,
            idle_mb=self.idle_mb,
            idle_cpu_ms_per_s=self.idle_cpu * 1e3,
            rounds=tuple(self.rounds),
        )


def compare(counts: Counts, rounds: int, cache: Path) -> Report:
    """Measure Signalbox beside the peer. Raises ``RuntimeError`` when a candidate does not start or answers wrongly."""
    cores = two_cores()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="signalbox-benchmark-")))
        _note("starting the provider, the peer and Signalbox")
        direct = stack.enter_context(provider(folder))
        peer = _entry(stack.enter_context(litellm(folder, direct.port, cache)), _smaller(counts))
        ours = _entry(stack.enter_context(signalbox(folder, direct.port)), counts)
        if cores is not None:
            stack.enter_context(_pinned(cores, (ours.candidate, peer.candidate), direct))
        _measure_all([ours, peer], direct, rounds)
        return Report(
            machine=_machine(),
            pinned=cores is not None,
            requests={f"{one.candidate.name} {name}": n for one in (ours, peer) for name, n in _asked(one.counts)},
            provider_cpu_us=_provider_cost(direct),
            ours=ours.result(),
            peer=peer.result(),
        )


def _entry(candidate: Candidate, counts: Counts) -> _Entry:
    return _Entry(candidate=candidate, counts=counts, idle_mb=candidate.server.rss_mb())


def _smaller(counts: Counts) -> Counts:
    """Return the peer's counts: the same CPU precision takes fewer of its dearer requests."""
    parts = {name: max(number // _PEER_SHARE, _LEAST) for name, number in _asked(counts)}
    return Counts(**parts, settle_s=counts.settle_s)


def _asked(counts: Counts) -> list[tuple[str, int]]:
    return [(name, number) for name, number in asdict(counts).items() if name != "settle_s"]


@contextlib.contextmanager
def _pinned(cores: tuple[set[int], set[int]], gateways: Sequence[Candidate], rest: Candidate) -> Iterator[None]:
    """Keep the gateways on the first core, the provider and ourselves (so the load too) on the second."""
    before = os.sched_getaffinity(0)
    for gateway in gateways:
        pin_to(gateway.server.tree(), cores[0])
    pin_to([*rest.server.tree(), os.getpid()], cores[1])
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _measure_all(entries: list[_Entry], direct: Candidate, rounds: int) -> None:
    for entry in entries:
        _note(f"warming up {entry.candidate.name}")
        warm_up(entry.candidate, entry.counts)
        entry.idle_cpu = idle_cpu(entry.candidate, entry.counts)
    for number in range(rounds):
        for entry in entries if number % 2 == 0 else reversed(entries):
            _note(f"round {number + 1} of {rounds}: {entry.candidate.name}")
            entry.rounds.append(measure(entry.candidate, direct, entry.counts, entry.idle_cpu))


def _provider_cost(direct: Candidate) -> float:
    before = direct.server.cpu_s()
    load(direct, "json", 16, _PROBE_REQUESTS)
    return used_us(before, direct.server.cpu_s(), 0.0, _PROBE_REQUESTS)


def _machine() -> dict[str, str]:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
    return {
        "processor": f"{model}, {os.cpu_count()} cores",
        "system": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
    }


def _note(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
