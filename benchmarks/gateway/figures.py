"""What is kept of a run, and the arithmetic on it: pure, without processes or clocks."""

from collections.abc import Sequence
from statistics import median

from msgspec import Struct

from benchmarks.gateway.shapes import CHUNKS

__all__ = ["MARK", "Gateway", "Report", "Round", "Spread", "added_ms", "passes", "ratios", "spread", "used_us"]

MARK = 25.0


class Round(Struct, frozen=True, kw_only=True):
    """One candidate's figures of one round: CPU in µs, latencies in ms, memory in MB."""

    json_cpu_us: float
    stream_cpu_us: float
    requests_per_s: float
    added_p50_ms: float
    added_p99_ms: float
    loaded_mb: float
    wrong: int
    samples: tuple[str, ...] = ()

    @property
    def chunk_cpu_us(self) -> float:
        """CPU per streamed chunk beyond what the same request costs without streaming."""
        return (self.stream_cpu_us - self.json_cpu_us) / CHUNKS

    @property
    def stream_share_us(self) -> float:
        """CPU of a whole stream, shared out over its chunks."""
        return self.stream_cpu_us / CHUNKS


class Gateway(Struct, frozen=True, kw_only=True):
    """One candidate over the whole run. ``idle_cpu_ms_per_s`` was subtracted from what requests are charged."""

    name: str
    version: str
    ready_s: float
    first_answer_s: float
    idle_mb: float
    idle_cpu_ms_per_s: float
    rounds: tuple[Round, ...]


class Report(Struct, frozen=True, kw_only=True):
    """Everything that a run found. ``pinned`` says whether gateways had a core of their own."""

    machine: dict[str, str]
    pinned: bool
    requests: dict[str, int]
    provider_cpu_us: float
    ours: Gateway
    peer: Gateway


class Spread(Struct, frozen=True):
    """A median with the smallest and largest value."""

    middle: float
    low: float
    high: float


def spread(values: Sequence[float]) -> Spread:
    """Return the median and range of ``values``. Raises ``ValueError`` for none."""
    return Spread(median(values), min(values), max(values))


def used_us(before_s: float, after_s: float, idle_s: float, requests: int) -> float:
    """Return the µs of CPU per request between two readings, without the ``idle_s`` it would have used anyway."""
    return (after_s - before_s - idle_s) / requests * 1e6


def added_ms(through: float, direct: float) -> float:
    """Return what a gateway added to a latency; noise cannot make it negative."""
    return max(0.0, through - direct)


def ratios(report: Report) -> dict[str, Spread]:
    """Return how many times more CPU the peer used, round by round, for each kind of work."""
    pairs = list(zip(report.ours.rounds, report.peer.rounds, strict=True))
    return {
        "request": spread([peer.json_cpu_us / ours.json_cpu_us for ours, peer in pairs]),
        "chunk": spread([peer.chunk_cpu_us / max(ours.chunk_cpu_us, 0.1) for ours, peer in pairs]),
        "stream": spread([peer.stream_cpu_us / ours.stream_cpu_us for ours, peer in pairs]),
    }


def passes(report: Report) -> bool:
    """Say whether every answer was right and both marks are met by the medians."""
    wrong = sum(one.wrong for gateway in (report.ours, report.peer) for one in gateway.rounds)
    found = ratios(report)
    return wrong == 0 and found["request"].middle >= MARK and found["chunk"].middle >= MARK
