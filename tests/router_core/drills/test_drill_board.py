"""Drills begin, end by themselves, and tell what users felt."""

import asyncio
from datetime import timedelta

import pytest
from msgspec import structs

from router_core.drills import board as board_module
from router_core.drills import felt
from router_core.drills.adapters import DrillAdapters
from router_core.drills.board import DrillBoard
from router_core.errors import MaxRetriesExceededError, NotFoundError, ProviderUnavailableError, ValidationError
from router_core.metrics.recorders import FanOutRecorder
from router_core.router import Router, StaticConfig
from router_core.types import (
    EMBEDDED,
    Decision,
    Drill,
    DrillFault,
    DrillOrder,
    EventStatus,
    ProviderConfig,
    RequestEvent,
    Usage,
)
from tests.support.core_fakes import (
    PRICES,
    KeptEvents,
    PlainKeys,
    ScriptedAdapters,
    answer,
    ask,
    parts,
    standard_providers,
)
from tests.support.fake_clock import FakeClock

MINI, HAIKU = "openai-gpt4o-mini", "anthropic-claude-haiku-4-5"


class Town:
    """A router behind a drill layer, with providers that all answer well."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.adapters = ScriptedAdapters(self.clock)
        self.ended: list[Drill] = []
        names = {row.name for row in standard_providers()}
        self.board = DrillBoard(self.clock, lambda: names, self.ended.append)
        self.events = KeptEvents()
        for name in names:
            self.adapters.always(name, answer())
        self.router = Router(
            config=StaticConfig(standard_providers()),
            adapters=DrillAdapters(self.adapters, self.board, self.clock),
            keys=PlainKeys(),
            prices=PRICES,
            recorder=FanOutRecorder(self.events, self.board),
            clock=self.clock,
        )

    def drill(self, fault: DrillFault = "server_error", provider: str = HAIKU, duration_s: int = 60) -> Drill:
        return self.board.start(DrillOrder(provider=provider, fault=fault, duration_s=duration_s), "Ada")


def event(
    number: int, status: EventStatus = "success", code: str | None = None, latency_ms: float = 1.0
) -> RequestEvent:
    clock = FakeClock()
    return RequestEvent(
        id=f"e{number}", timestamp=clock.utcnow(), principal=EMBEDDED, account_id=None, use_case="draft", provider=None,
        model=None, status=status, error_code=code, usage=Usage(), cost=0, latency_ms=latency_ms, first_token_ms=None,
        streamed=False, cached=False,
        decision=Decision(use_case="draft", revision=1, estimated_input_tokens=1, considered=()),
    )  # fmt: skip


# --- what users felt -----------------------------------------------------------------------------------------------


async def test_users_are_served_by_the_next_provider_and_the_report_says_so() -> None:
    town = Town()
    town.drill()
    for _ in range(2):
        assert (await town.router.complete(ask(use_case="draft"))).provider == MINI
    (report,) = town.board.reports()
    assert (report.active, report.requests, report.rescued, report.failed, report.errors) == (True, 2, 2, 0, {})
    assert report.hit_calls == 4
    assert report.p50_ms is not None
    assert HAIKU not in town.adapters.called


async def test_a_drill_opens_the_breaker_as_the_real_fault_would() -> None:
    town = Town()
    town.drill()
    for _ in range(6):
        await town.router.complete(ask(use_case="draft"))
    assert town.router.breakers()[HAIKU].state == "OPEN"
    hits = town.board.reports()[0].hit_calls
    assert hits == 5
    await town.router.complete(ask(use_case="draft"))
    assert town.board.reports()[0].hit_calls == hits


async def test_a_rate_limit_rests_the_credential_and_counts_against_nobody() -> None:
    town = Town()
    town.drill("rate_limit")
    await town.router.complete(ask(use_case="draft"))
    row = next(row for row in standard_providers() if row.name == HAIKU)
    upstream = town.router.upstream_of(row)
    assert upstream is not None
    assert 0 < upstream.state().resting_ms <= 2_000
    assert upstream.breaker.get_state().failure_count == 0


async def test_users_whose_request_fails_are_counted_by_the_code_they_saw() -> None:
    town = Town()
    town.drill(provider=MINI)
    with pytest.raises(MaxRetriesExceededError):
        await town.router.complete(ask(use_case="general"))
    (report,) = town.board.reports()
    assert (report.requests, report.failed, report.errors) == (1, 1, {"MAX_RETRIES_EXCEEDED": 1})
    assert report.hit_calls == 3
    assert report.p95_ms is None


async def test_a_stream_that_is_left_is_neither_rescued_nor_failed() -> None:
    town = Town()
    town.adapters.script(HAIKU, parts("a", "b", "c", "d", "e"))
    town.drill("cut")
    stream = town.router.stream(ask(use_case="draft"))
    await anext(stream)
    await anext(stream)
    await stream.aclose()
    (report,) = town.board.reports()
    assert (report.requests, report.cancelled, report.hit_calls) == (1, 1, 1)


async def test_one_request_hit_by_two_drills_counts_in_both() -> None:
    town = Town()
    town.drill(provider=HAIKU)
    town.drill(provider=MINI)
    with pytest.raises((MaxRetriesExceededError, ProviderUnavailableError)):
        await town.router.complete(ask(use_case="draft"))
    assert [report.requests for report in town.board.reports()] == [1, 1]


async def test_requests_that_finish_after_the_drill_still_count() -> None:
    town = Town()
    town.adapters.script(HAIKU, parts("a", "b", "c", "d", "e"))
    drill = town.drill("cut")
    stream = town.router.stream(ask(use_case="draft"))
    await anext(stream)
    await anext(stream)
    town.board.stop(drill.id, "Ada")
    await stream.aclose()
    assert town.board.reports()[0].requests == 1


async def test_a_health_check_is_spoilt_and_is_no_user() -> None:
    town = Town()
    town.drill()
    await town.router.complete(ask(use_case="draft"))
    made = structs.replace(town.adapters.calls[0], provider=_row(HAIKU), event_id="")
    before = town.board.reports()[0]
    assert town.board.spoil(made) is not None
    town.board.record(event(0))
    after = town.board.reports()[0]
    assert (after.hit_calls, after.requests) == (before.hit_calls + 1, before.requests)


# --- the end -------------------------------------------------------------------------------------------------------


async def test_a_drill_ends_by_itself_without_any_traffic() -> None:
    town = Town()
    drill = town.drill(duration_s=90)
    keeper = asyncio.create_task(town.board.run())
    for _ in range(200):
        await asyncio.sleep(0)
    keeper.cancel()
    (ended,) = town.ended
    assert (ended.id, ended.stopped_by, ended.stopped_at) == (
        drill.id,
        "system",
        drill.started_at + timedelta(seconds=90),
    )
    assert not town.board.active
    assert town.clock.now() == 90


async def test_a_drill_is_over_when_its_time_is_whether_anyone_noted_it_or_not() -> None:
    town = Town()
    town.drill(duration_s=60)
    town.clock.advance(60)
    (report,) = town.board.reports()
    assert (report.active, report.drill.stopped_by) == (False, "system")
    assert (await town.router.complete(ask(use_case="draft"))).provider == HAIKU
    assert len(town.ended) == 1


async def test_the_wall_clock_does_not_shorten_a_drill() -> None:
    town = Town()
    town.drill(duration_s=60)
    town.clock.shift_wall(timedelta(hours=5))
    assert town.board.reports()[0].active


async def test_the_end_of_the_process_ends_all_drills_and_says_so() -> None:
    town = Town()
    town.drill(provider=HAIKU)
    town.drill(provider=MINI)
    town.board.end_all()
    assert {drill.order.provider for drill in town.ended} == {HAIKU, MINI}
    assert not town.board.active


async def test_a_new_drill_may_follow_one_that_is_over() -> None:
    town = Town()
    first = town.drill(duration_s=5)
    with pytest.raises(ValidationError):
        town.drill()
    town.clock.advance(5)
    second = town.drill()
    assert [report.drill.id for report in town.board.reports()] == [second.id, first.id]


async def test_orders_that_name_nothing_are_refused() -> None:
    town = Town()
    with pytest.raises(ValidationError) as refused:
        town.drill(provider="nobody")
    assert refused.value.field == "provider"
    with pytest.raises(NotFoundError):
        town.board.stop("nobody", "Ada")


# --- bounds --------------------------------------------------------------------------------------------------------


async def test_what_is_remembered_is_bounded() -> None:
    town = Town()
    kept = town.drill(provider=MINI)
    for _ in range(board_module.DRILLS_KEPT + 20):
        town.board.stop(town.drill().id, "Ada")
    reports = town.board.reports()
    assert len(reports) == board_module.DRILLS_KEPT
    assert (reports[0].drill.id, reports[0].active) == (kept.id, True)


async def test_requests_that_are_never_recorded_are_forgotten() -> None:
    town = Town()
    town.drill()
    await town.router.complete(ask(use_case="draft"))
    made = structs.replace(town.adapters.calls[0], provider=_row(HAIKU))
    for number in range(board_module.REQUESTS_FOLLOWED + 10):
        town.board.spoil(structs.replace(made, event_id=f"e{number}"))
    before = town.board.reports()[0].requests
    town.board.record(event(0))
    town.board.record(event(board_module.REQUESTS_FOLLOWED))
    assert town.board.reports()[0].requests == before + 1


def test_of_many_latencies_a_fair_sample_is_kept() -> None:
    felt_by_users = felt.Felt(FakeClock(seed=3))
    for number in range(10 * felt.LATENCIES_KEPT):
        felt_by_users.count(event(number, latency_ms=float(number)))
    drill = Town().drill()
    report = felt_by_users.report(drill)
    assert report.p50_ms == pytest.approx(5 * felt.LATENCIES_KEPT, rel=0.1)
    assert report.p95_ms == pytest.approx(9.5 * felt.LATENCIES_KEPT, rel=0.05)


def _row(name: str) -> ProviderConfig:
    return next(row for row in standard_providers() if row.name == name)
