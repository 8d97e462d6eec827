"""The measurement: warm up, then round by round the same work through each candidate, one after the other."""

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from benchmarks.gateway.candidates import Candidate
from benchmarks.gateway.figures import Round, added_ms, used_us
from benchmarks.gateway.shapes import LoadJob, LoadResult, Shape

__all__ = ["Counts", "charged", "idle_cpu", "load", "measure", "warm_up"]

_ROOT = Path(__file__).resolve().parents[2]
_BUSY = 16
_IDLE_WINDOW_S = 3.0
_QUIET_WINDOW_S = 0.5
_QUIET_SHARE = 0.02
_QUIET_TRIES = 20
_START_S = 10.0


class Counts(Struct, frozen=True, kw_only=True):
    """How much one round asks of one candidate. ``settle_s``: seconds left for work deferred after the answer."""

    json: int
    stream: int
    single: int
    settle_s: float


def load(candidate: Candidate, shape: Shape, connections: int, requests: int) -> LoadResult:
    """Put ``requests`` through ``candidate``; return µs of CPU per request, deferred work too, and what was found."""
    job = LoadJob(
        port=candidate.port,
        path=candidate.path,
        key=candidate.key,
        dialect=candidate.dialect,
        shape=shape,
        connections=connections,
        requests=requests,
        deadline_s=_START_S + requests / 10,
    )
    command = (sys.executable, "-m", "benchmarks.gateway.load")
    timeout_s = job.deadline_s + _START_S
    done = subprocess.run(
        command, cwd=_ROOT, input=msgspec.json.encode(job), capture_output=True, timeout=timeout_s, check=True
    )
    return msgspec.json.decode(done.stdout, type=LoadResult)


def warm_up(candidate: Candidate, counts: Counts) -> None:
    """Make ``candidate`` open its connections and fill its caches. Raises ``RuntimeError`` for a wrong answer."""
    for shape, requests in (("json", counts.json // 4), ("stream", counts.stream // 4)):
        found = load(candidate, "stream" if shape == "stream" else "json", _BUSY, max(requests, _BUSY))
        if found.wrong:
            raise RuntimeError(f"{candidate.name}: {found.wrong} wrong answers while warming up: {found.samples}")


def idle_cpu(candidate: Candidate, counts: Counts) -> float:
    """Return the share of a core that ``candidate`` uses while nobody asks it anything."""
    time.sleep(counts.settle_s)
    _wait_until_quiet(candidate, 0.0)
    before, start = candidate.server.cpu_s(), time.perf_counter()
    time.sleep(_IDLE_WINDOW_S)
    return (candidate.server.cpu_s() - before) / (time.perf_counter() - start)


def measure(candidate: Candidate, direct: Candidate, counts: Counts, idle: float) -> Round:
    """Return one round's figures of ``candidate``."""
    json_us, json_load = charged(candidate, "json", counts.json, counts, idle)
    loaded_mb = candidate.server.rss_mb()
    stream_us, stream_load = charged(candidate, "stream", counts.stream, counts, idle)
    straight = load(direct, "json", 1, counts.single)
    through = load(candidate, "json", 1, counts.single)
    loads: Sequence[LoadResult] = (json_load, stream_load, straight, through)
    return Round(
        json_cpu_us=json_us,
        stream_cpu_us=stream_us,
        requests_per_s=json_load.right / json_load.seconds,
        added_p50_ms=added_ms(through.p50_ms, straight.p50_ms),
        added_p99_ms=added_ms(through.p99_ms, straight.p99_ms),
        loaded_mb=max(loaded_mb, candidate.server.rss_mb()),
        wrong=sum(one.wrong for one in loads),
        samples=tuple(sample for one in loads for sample in one.samples),
    )


def charged(candidate: Candidate, shape: Shape, requests: int, counts: Counts, idle: float) -> tuple[float, LoadResult]:
    """Put ``requests`` through ``candidate``; return µs of CPU per request, deferred work too, and what was found."""
    before, start = candidate.server.cpu_s(), time.perf_counter()
    found = load(candidate, shape, _BUSY, requests)
    time.sleep(counts.settle_s)
    _wait_until_quiet(candidate, idle)
    idle_s = idle * (time.perf_counter() - start)
    return used_us(before, candidate.server.cpu_s(), idle_s, requests), found


def _wait_until_quiet(candidate: Candidate, idle: float) -> None:
    for _ in range(_QUIET_TRIES):
        before = candidate.server.cpu_s()
        time.sleep(_QUIET_WINDOW_S)
        if candidate.server.cpu_s() - before <= (idle + _QUIET_SHARE) * _QUIET_WINDOW_S:
            return
