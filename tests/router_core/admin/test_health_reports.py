"""The board that operators read, assembled from a router in virtual time."""

import time
from collections.abc import Iterable
from typing import Any

import pytest

from router_core.admin.health_reports import HealthParts, HealthReports
from router_core.errors import LLMError, LLMProviderError, RateLimitError, TimeoutError
from router_core.health.board import HealthBoard
from router_core.health.memory_history import MemoryHealthHistory
from router_core.health.transition_tail import TransitionTail
from router_core.health.uptime import UptimeHistory
from router_core.metrics.attempt_stats import AttemptStats
from router_core.ports import HealthSlot
from router_core.types import HealthReport, ProbeSpend, ProviderConfig, ProviderReport, Snapshot, UpstreamState
from tests.support.core_fakes import Slow, answer, ask, parts, provider, rig

BAD = LLMProviderError("bad gateway", provider="a", upstream_status=502)


class OutageHistory(MemoryHealthHistory):
    """A history that fails while it is ``down``."""

    down = False

    async def add(self, slots: Any) -> None:
        if self.down:
            raise ConnectionError("the store is away")
        await super().add(slots)


class Desk:
    """A router whose events feed every part of the board."""

    def __init__(self, rows: Iterable[ProviderConfig], **options: Any) -> None:
        self.core = rig(Snapshot(rows, preferences={"general": "gpt-4o-mini"}), **options)  # type: ignore[arg-type]
        clock = self.core.clock
        self.tail, self.stats, self.history = TransitionTail(), AttemptStats(clock), OutageHistory(clock)
        self.uptime = UptimeHistory(self.history, clock)
        self.board = HealthBoard(self.core.config, self._state, self.tail, clock)
        self.core.router.upstreams.subscribe(self.tail.add)
        self.reports = HealthReports(
            HealthParts(
                config=self.core.config, board=self.board, stats=self.stats, uptime=self.uptime,
                transitions=self.tail, probes=lambda: ProbeSpend(checks=0, cost=0, cap=0), drills=list, clock=clock,
            )
        )  # fmt: skip

    def _state(self, row: ProviderConfig) -> UpstreamState | None:
        upstream = self.core.router.upstream_of(row)
        return None if upstream is None else upstream.state()

    async def serve(self, **fields: Any) -> None:
        try:
            await self.core.router.complete(ask(**fields))
        except LLMError:
            pass
        finally:
            for recorder in (self.board, self.stats, self.uptime):
                recorder.record(self.core.events.events[-1])

    def report(self) -> HealthReport:
        return self.reports.report("1h")

    def of(self, name: str) -> ProviderReport:
        return next(each for each in self.report().providers if each.provider == name)


def two() -> Desk:
    return Desk([provider("a"), provider("b", model="gpt-4o")])


async def test_every_call_counts_for_the_provider_that_got_it() -> None:
    desk = two()
    desk.core.adapters.script("a", Slow(0.5, TimeoutError(500, provider="a")))
    desk.core.adapters.always("b", Slow(0.2, answer()))
    await desk.serve()
    a, b = desk.of("a"), desk.of("b")
    assert (a.totals.calls, a.totals.failures, a.totals.errors) == (1, 1, {"TIMEOUT": 1})
    assert (b.totals.calls, b.totals.failures, b.totals.errors) == (1, 0, {})
    assert b.totals.p95_ms == pytest.approx(200, rel=0.02)
    assert desk.report().totals.calls == 2
    assert (len(a.series), a.series[-1].calls, a.series[-1].failures) == (60, 1, 1)


async def test_a_rate_limit_is_an_error_but_no_failure() -> None:
    desk = two()
    desk.core.adapters.script("a", RateLimitError("slow down", provider="a", retry_after_ms=30_000))
    desk.core.adapters.always("b", answer())
    await desk.serve()
    a = desk.of("a")
    assert (a.totals.failures, a.totals.errors) == (0, {"RATE_LIMIT": 1})
    assert a.upstream is not None
    assert (a.upstream.resting_reason, a.upstream.resting_ms) == ("rate limited", 30_000)
    assert a.last_error == "rate limited, resting 30 s"


async def test_the_words_follow_breaker_and_recovery_and_the_worst_comes_first() -> None:
    desk = two()
    words = [desk.of("a").word]
    desk.core.adapters.script("b", answer())
    await desk.serve(model_override="b")
    desk.core.adapters.always("a", BAD)
    for _ in range(2):
        await desk.serve(model_override="a")
    words.append(desk.of("a").word)
    report = desk.report()
    assert [each.provider for each in report.providers] == ["a", "b"]
    assert report.providers[0].takes_over == "b"
    assert [each.cause for each in report.transitions] == ["failures_in_a_row"]
    desk.core.clock.advance(60)
    words.append(desk.of("a").word)
    desk.core.adapters.always("a", answer())
    for _ in range(2):
        await desk.serve(model_override="a")
    words.append(desk.of("a").word)
    desk.core.clock.advance(61)
    words.append(desk.of("a").word)
    assert words == ["unknown", "down", "recovering", "recovering", "healthy"]


async def test_first_tokens_are_those_of_streams() -> None:
    desk = two()
    desk.core.adapters.script("a", (Slow(0.3, parts("x")[0]), *parts("y")))
    _ = [part async for part in desk.core.router.stream(ask())]
    desk.stats.record(desk.core.events.only)
    assert desk.of("a").totals.first_token_p50_ms == pytest.approx(300, rel=0.02)


async def test_figures_older_than_the_window_are_the_windows_before() -> None:
    desk = two()
    desk.core.adapters.always("a", answer())
    await desk.serve()
    desk.core.clock.advance(3_600)
    report = desk.report()
    assert (report.totals.calls, report.previous.calls) == (0, 1)
    assert desk.reports.report("24h").totals.calls == 1


async def test_uptime_is_kept_beyond_the_process_and_an_outage_of_the_store_loses_nothing() -> None:
    desk = two()
    desk.core.adapters.always("a", answer())
    desk.history.down = True
    await desk.serve()
    await desk.uptime.meet()
    assert desk.of("a").uptime[-1].good == 1
    desk.history.down = False
    await desk.serve()
    await desk.uptime.close()
    later = UptimeHistory(desk.history, desk.core.clock)
    await later.meet()
    assert later.ticks("a")[-1].good == 2
    desk.core.clock.advance(24 * 3_600)
    await later.meet()
    assert sum(tick.good for tick in later.ticks("a")) == 0


async def test_several_processes_add_to_the_same_half_hours() -> None:
    desk = two()
    now = desk.core.clock.utcnow()
    await desk.history.add([HealthSlot(provider="a", start=now.replace(minute=0), good=3, bad=1)])
    desk.core.adapters.always("a", answer())
    await desk.serve()
    await desk.uptime.meet()
    tick = desk.of("a").uptime[-1]
    assert (tick.good, tick.bad) == (4, 1)
    assert desk.of("a").uptime_share == 0.8


async def test_reading_fifty_providers_is_quick() -> None:
    desk = Desk([provider(f"p{number}") for number in range(50)])
    for number in range(50):
        desk.core.adapters.always(f"p{number}", answer())
        await desk.serve(model_override=f"p{number}")
    took = []
    for _ in range(5):
        began = time.process_time()  # What it costs, however busy the machine is.
        desk.report()
        took.append(time.process_time() - began)
    assert min(took) < 0.1
