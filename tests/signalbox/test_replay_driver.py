"""Sending a trace as it happened."""

import asyncio

import pytest

from signalbox.workload.driver import PlannedRequest, ReplayDriver
from signalbox.workload.tally import Outcome, Tally
from signalbox.workload.texts import prompt_of
from signalbox.workload.trace import TraceRow


class SteppedClock:
    """Time that passes only in sleep."""

    def __init__(self) -> None:
        self.time = 1000.0

    def now(self) -> float:
        return self.time

    def utcnow(self):
        raise NotImplementedError

    def random(self) -> float:
        raise NotImplementedError

    async def sleep(self, seconds: float) -> None:
        for _ in range(3):
            await asyncio.sleep(0)
        self.time += seconds


class RecordingTarget:
    """Notes when each request came and how many were under way at most."""

    def __init__(self, clock: SteppedClock) -> None:
        self.clock = clock
        self.arrivals: list[float] = []
        self.requests: list[PlannedRequest] = []
        self.under_way = self.most_under_way = 0

    async def send(self, request: PlannedRequest) -> Outcome:
        self.arrivals.append(self.clock.time - 1000.0)
        self.requests.append(request)
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        for _ in range(5):
            await asyncio.sleep(0)
        self.under_way -= 1
        return Outcome(code="success", latency_ms=10.0)


def rows(*times: float) -> list[TraceRow]:
    return [TraceRow(at, 10, 5) for at in times]


async def replay(times: tuple[float, ...], *, speed: float = 1.0, concurrency: int = 100):
    clock = SteppedClock()
    target = RecordingTarget(clock)
    done: list[int] = []
    report = await ReplayDriver(target, clock, speed=speed, concurrency=concurrency).run(rows(*times), done.append)
    return target, report, done


async def test_requests_leave_when_the_trace_says():
    target, report, done = await replay((0.0, 0.5, 0.5, 2.0))
    assert target.arrivals == [0.0, 0.5, 0.5, 2.0]
    assert report.succeeded == report.requests == 4
    assert done == [1, 2, 3, 4]


async def test_speed_scales_time_and_keeps_the_bursts():
    target, _, _ = await replay((0.0, 1.0, 1.0, 10.0), speed=10)
    assert target.arrivals == pytest.approx([0.0, 0.1, 0.1, 1.0])


async def test_no_more_than_the_limit_is_under_way():
    target, report, _ = await replay((0.0,) * 20, concurrency=3)
    assert target.most_under_way == 3
    assert report.requests == 20


async def test_every_second_request_streams_and_use_cases_take_turns():
    target, _, _ = await replay((0.0,) * 8)
    assert [request.stream for request in target.requests] == [False, True] * 4
    assert {request.use_case for request in target.requests} == {"draft", "summary", "general", "complex"}


@pytest.mark.parametrize(("prompt", "output"), [(1, 1), (374, 44), (14_050, 1_000)])
def test_prompts_have_the_wanted_length_and_ask_for_the_wanted_answer(prompt, output):
    directive, text = prompt_of(prompt, output).split("]]", 1)
    assert directive == f"[[sim:output_tokens={output}"
    assert len(text) == prompt * 4


def outcome(code: str, latency_ms: float = 1.0) -> Outcome:
    return Outcome(code=code, latency_ms=latency_ms, prompt_tokens=7, output_tokens=3, model="m")


def test_our_own_refusals_are_told_from_failures():
    tally = Tally()
    for code in ("success", "RATE_LIMIT_EXCEEDED", "PAYMENT_REQUIRED", "PROVIDER_ERROR", "success"):
        tally.add(outcome(code))
    report = tally.report(2.0)
    assert (report.succeeded, report.refused, report.failed) == (2, 2, 1)
    assert report.outcomes["PROVIDER_ERROR"] == 1
    assert (report.prompt_tokens, report.output_tokens) == (14, 6)


def test_percentiles_come_from_successful_requests_only():
    tally = Tally()
    for latency in range(1, 101):
        tally.add(outcome("success", float(latency)))
    tally.add(outcome("TIMEOUT", 60_000.0))
    found = tally.report(1.0).latency_ms
    assert (found.count, found.p50, found.p95, found.p99) == (100, 51.0, 96.0, 100.0)


def test_a_replay_without_successes_has_no_percentiles():
    assert Tally().report(1.0).latency_ms.count == 0
