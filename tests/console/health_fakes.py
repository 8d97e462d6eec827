"""The Health screen's half of the fake backend: a board made by hand, and every order that was given."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from msgspec.structs import replace

from router_core.errors.base import ForbiddenError, LLMError
from router_core.types import (
    AttemptTotals,
    BreakerState,
    BreakerTransition,
    Drill,
    DrillOrder,
    DrillReport,
    Headroom,
    HealthPoint,
    HealthReport,
    HealthWindow,
    Node,
    NodeView,
    Principal,
    ProbeSpend,
    ProviderReport,
    UpstreamState,
    UptimeTick,
)

__all__ = [
    "OPERATORS",
    "HealthDouble",
    "closed_breaker",
    "healthy_provider",
    "open_breaker",
    "report_of",
    "running_drill",
    "serving_node",
]

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
OPERATORS = ("owner", "admin", "operator")


def closed_breaker() -> BreakerState:
    return BreakerState(
        state="CLOSED", failure_count=0, success_count=0, last_failure_time=None, last_state_change=0.0,
        cooldown_remaining=0, changed_at=NOW - timedelta(minutes=3),
    )  # fmt: skip


def open_breaker(cooldown_ms: int = 17_000) -> BreakerState:
    return replace(closed_breaker(), state="OPEN", failure_count=5, cooldown_remaining=cooldown_ms)


def healthy_provider(name: str = "openai-gpt4o", **changes: Any) -> ProviderReport:
    """Return a provider with an hour of traffic and a day of uptime."""
    breaker = changes.pop("breaker", closed_breaker())
    upstream = UpstreamState(
        id=f"openai:0011223344:{name}", family=name, breaker=breaker, resting_ms=0, resting_reason="", in_flight=2,
        limit=1000, calls=30, repeats=1, first_token_p95_ms=400.0,
        headroom=Headroom(requests_limit=500, requests_remaining=480, tokens_limit=30_000, tokens_remaining=29_000),
        headroom_at=NOW,
    )  # fmt: skip
    start = NOW - timedelta(minutes=59)
    series = tuple(
        HealthPoint(start=start + timedelta(minutes=minute), calls=10, failures=0, p95_ms=700.0 + minute)
        for minute in range(60)
    )
    uptime = tuple(
        UptimeTick(start=NOW - timedelta(minutes=30 * (48 - tick)), good=100, bad=tick // 47) for tick in range(48)
    )
    report = ProviderReport(
        provider=name, kind="openai", model="gpt-4o", word="healthy", since=NOW - timedelta(hours=1),
        upstream=upstream, last_check=NOW, last_error=None,
        totals=AttemptTotals(
            calls=600, failures=3, errors={"RATE_LIMIT": 2, "TIMEOUT": 1}, p50_ms=300.0, p95_ms=730.0, p99_ms=900.0,
            first_token_p50_ms=200.0, first_token_p95_ms=400.0, first_token_p99_ms=500.0,
        ),
        series=series, median_p95_ms=730.0, uptime=uptime, uptime_share=0.999,
    )  # fmt: skip
    return replace(report, **changes)


def running_drill(provider: str = "openai-gpt4o") -> DrillReport:
    order = DrillOrder(provider=provider, fault="server_error", percent=50, duration_s=60, reason="game day")
    drill = Drill(id="D1", order=order, actor="ada", started_at=NOW, ends_at=NOW + timedelta(seconds=60))
    return DrillReport(
        drill=drill, active=True, hit_calls=12, requests=10, rescued=10, failed=0, cancelled=0, errors={},
        p50_ms=300.0, p95_ms=900.0,
    )  # fmt: skip


def report_of(
    *providers: ProviderReport, transitions: tuple[BreakerTransition, ...] = (), drills: tuple[DrillReport, ...] = ()
) -> HealthReport:
    """Return a board of ``providers``."""
    totals = AttemptTotals(calls=1_200, failures=6, p50_ms=300.0, p95_ms=735.0, p99_ms=1_000.0)
    return HealthReport(
        window="1h", as_of=NOW, totals=totals, previous=totals, providers=providers, transitions=transitions,
        drills=drills, probes=ProbeSpend(checks=4, cost=1_000_000, cap=50_000_000),
    )  # fmt: skip


def serving_node(name: str = "host:8080/1", **changes: Any) -> NodeView:
    """Return a node that is well; ``changes`` are of the view or of its node."""
    node = Node(
        id=name, name=name, host="host", pid=41, kind="worker", started_at=NOW, seen_at=NOW, revision=7, in_flight=3,
        streams=2, pending=12, loop_lag_ms=1, store_ms=4, version="0.1.0", python="3.11.7", schema="0011",
    )  # fmt: skip
    told = {key: changes.pop(key) for key in list(changes) if key in Node.__struct_fields__}
    view = NodeView(
        node=replace(node, **told), state="serving", silent_s=0.4, behind=False, differs=False, replaced=False
    )
    return replace(view, **changes)


class HealthDouble:
    """Answers with ``report`` and writes down every order in ``orders``; ``trouble`` is raised instead when set."""

    def __init__(self) -> None:
        self.report = report_of(healthy_provider(), healthy_provider("openai-gpt4o-mini"))
        self.orders: list[tuple[Any, ...]] = []
        self.windows: list[HealthWindow] = []
        self.trouble: LLMError | None = None
        self.may_only_look = False
        self.nodes_seen: list[NodeView] = []
        self.nodes_unreadable: LLMError | None = None

    def may_control(self, person: Principal, control: str) -> bool:
        return person.role in OPERATORS and not self.may_only_look

    async def health(self, person: Principal, window: HealthWindow) -> HealthReport:
        self.windows.append(window)
        return self.report

    async def nodes(self, person: Principal) -> Sequence[NodeView]:
        if self.nodes_unreadable is not None:
            raise self.nodes_unreadable
        return self.nodes_seen

    async def reset_breaker(self, person: Principal, provider: str, reason: str) -> UpstreamState:
        return self._order(person, "reset", provider)

    async def force_breaker(
        self, person: Principal, provider: str, phase: Literal["OPEN", "CLOSED"], *, reason: str, seconds: float | None
    ) -> UpstreamState:
        return self._order(person, phase, provider, reason, seconds)

    async def start_drill(self, person: Principal, order: DrillOrder) -> Drill:
        self._order(person, "drill", order)
        return Drill(id="D2", order=order, actor=person.name, started_at=NOW, ends_at=NOW)

    async def stop_drill(self, person: Principal, drill_id: str) -> Drill:
        self._order(person, "stop", drill_id)
        return running_drill().drill

    def _order(self, person: Principal, *order: Any) -> UpstreamState:
        if not self.may_control(person, "breakers"):
            raise ForbiddenError("This needs another role")
        if self.trouble is not None:
            raise self.trouble
        self.orders.append(order)
        upstream = self.report.providers[0].upstream
        assert upstream is not None
        return upstream
