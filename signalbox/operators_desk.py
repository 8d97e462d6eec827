"""Puts together what operators see and do: health board, active checks, drills, and the facade over them."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta

from router_core.admin.action_trail import ActionTrail
from router_core.admin.chain_check import ChainCheck
from router_core.admin.check_targets import check_targets
from router_core.admin.connection_test import CONNECTION_POLICY, ConnectionTest
from router_core.admin.health_reports import HealthParts, HealthReports
from router_core.admin.operations import Operations, OperationsParts, drill_ended
from router_core.admin.own_acts import gap_act
from router_core.admin.retention import RetentionJob
from router_core.clock import Clock
from router_core.drills.adapters import DrillAdapters
from router_core.drills.board import DrillBoard
from router_core.errors import LLMError
from router_core.health.board import HealthBoard
from router_core.health.check_ledger import CheckLedger
from router_core.health.checker import CheckPolicy, HealthChecker
from router_core.health.signs import CheckResult
from router_core.health.transition_tail import TransitionTail
from router_core.health.upstream_checks import UpstreamChecks
from router_core.health.uptime import UptimeHistory
from router_core.journal.entries import Gap
from router_core.metrics.attempt_stats import AttemptStats
from router_core.ports import AdapterSource, ConfigSource, KeySource, PriceSource, Recorder
from router_core.resilience.gossip import BreakerGossip
from router_core.resilience.loop_watch import LoopWatch
from router_core.router import Router
from router_core.types import Drill, ProviderConfig, UpstreamState
from signalbox.retention_settings import retention_rules
from signalbox.settings import Settings
from signalbox.store import Store
from signalbox.tasks import Followers, background

__all__ = ["DeskParts", "OperatorsDesk"]

_REMEMBERED = timedelta(days=1)
_MOST_REMEMBERED = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskParts:
    """What the desk is made from. ``node`` names this process."""

    settings: Settings
    clock: Clock
    store: Store
    config: ConfigSource
    keys: KeySource
    prices: PriceSource
    adapters: AdapterSource
    followers: Followers
    node: str


class OperatorsDesk:
    """Everything beside the router itself. Make it, make the router over :attr:`adapters`, then :meth:`attend` it."""

    def __init__(self, parts: DeskParts) -> None:
        self._parts = parts
        self._router: Router | None = None
        clock, config = parts.clock, parts.config
        self._tail = TransitionTail()
        self.trail = ActionTrail(parts.store.actions, clock)
        self.drills = DrillBoard(clock, lambda: {row.name for row in config.snapshot().providers}, self._note_end)
        self.adapters: AdapterSource = DrillAdapters(parts.adapters, self.drills, clock)
        self.stats = AttemptStats(clock)
        self.chain_check = ChainCheck(parts.store.auditor, self.trail, clock)
        self.retention = RetentionJob(retention_rules(parts.settings), parts.store.retention, self.trail, clock)
        self.uptime = UptimeHistory(parts.store.health_history, clock)
        self.health = HealthBoard(config, self._upstream_state, self._tail, clock)
        self._ledger = CheckLedger(parts.settings.health_daily_cap, clock)

    @property
    def recorders(self) -> tuple[Recorder, ...]:
        """What follows finished requests."""
        return (self.health, self.stats, self.uptime, self.drills)

    def attend(self, router: Router, reset_metrics: Callable[[str], Awaitable[datetime]]) -> Operations:
        """Take ``router`` in hand; return the facade. Nothing runs before :meth:`open`."""
        self._router = router
        parts = self._parts
        self.checker = self._checker(router)
        reports = HealthReports(
            HealthParts(
                config=parts.config,
                board=self.health,
                stats=self.stats,
                uptime=self.uptime,
                transitions=self._tail,
                probes=self._ledger.spend,
                drills=self.drills.reports,
                clock=parts.clock,
            )
        )
        return Operations(
            OperationsParts(
                upstreams=router.upstreams,
                upstreams_of=lambda row: [each.upstream for each in router.keys.all(row)],
                config=parts.config,
                drills=self.drills,
                health=reports,
                actions=parts.store.actions,
                trail=self.trail,
                policies=parts.store.use_cases,
                refresh=parts.store.config.refresh,
                reset_metrics=reset_metrics,
                dependencies=parts.followers.register.report,
                clock=parts.clock,
            )
        )

    async def open(self, router: Router, stack: AsyncExitStack) -> None:
        """Begin everything that runs in the background; ``stack`` ends it, in the opposite order.

        An operator's forces hold before the first request.
        """
        parts, clock = self._parts, self._parts.clock
        gossip = BreakerGossip(router.upstreams, parts.store.breaker_log, clock, parts.node)
        router.upstreams.subscribe(self._tail.add)
        gossip.subscribe(self._tail.add)
        await gossip.poll()
        await self._remember()
        stack.push_async_callback(gossip.close)
        parts.followers.keep(stack, gossip.monitor, gossip.run)
        stack.push_async_callback(self.trail.flush)
        lost = "What operators did in a danger is not in the action log yet; everything else is refused."
        parts.followers.plain(stack, "action_trail", "The action log's writer", lost, self.trail.run)
        stack.callback(self.drills.end_all)
        background(stack, self.drills.run())
        lost = "Rows older than configured are kept longer."
        parts.followers.plain(stack, "retention", "The retention of old rows", lost, self.retention.run)
        stack.push_async_callback(self.chain_check.close)
        stack.push_async_callback(self.uptime.close)
        self.uptime.start()
        parts.followers.register.add(self.uptime.monitor.state)
        self.loop_watch = LoopWatch(router.load, clock)
        background(stack, self.loop_watch.run())
        if parts.settings.health_checks:
            stack.push_async_callback(self.checker.close)
            self.checker.start()

    def connection_test(self) -> ConnectionTest:
        """Return what makes the smallest call to a provider when somebody asks for it."""
        parts = self._parts
        checks = UpstreamChecks(
            targets=tuple,
            adapters=self.adapters,
            prices=parts.prices,
            board=self.health,
            ledger=self._ledger,
            clock=parts.clock,
            policy=CONNECTION_POLICY,
        )
        return ConnectionTest(checks, parts.keys, parts.clock)

    def note_gap(self, gap: Gap) -> None:
        """Have it on record that requests went by while the journal could not be written."""
        self.trail.note(gap_act(gap))

    def _checker(self, router: Router) -> HealthChecker:
        parts = self._parts
        policy = CheckPolicy(interval=parts.settings.health_interval_s, timeout=parts.settings.health_timeout_s)
        checks = UpstreamChecks(
            targets=lambda: check_targets(parts.config, router.keys),
            adapters=self.adapters,
            prices=parts.prices,
            board=self.health,
            ledger=self._ledger,
            clock=parts.clock,
            policy=policy,
        )
        return HealthChecker(source=checks.due, listener=self._note_check, clock=parts.clock, policy=policy)

    def _note_check(self, providers: tuple[str, ...], result: CheckResult) -> None:
        self.health.note_check(providers, result)
        if result.good is not None:
            for name in providers:
                self.uptime.note_check(name, result.good)

    async def _remember(self) -> None:
        """Fill the timeline with what happened before this process began; without the store it begins empty."""
        try:
            since = self._parts.clock.utcnow() - _REMEMBERED
            self._tail.extend(await self._parts.store.breaker_log.recent(since, _MOST_REMEMBERED))
        except LLMError:
            # The gossip has told of the outage, and tells what is missed once the store is back.
            return

    def _upstream_state(self, provider: ProviderConfig) -> UpstreamState | None:
        upstream = None if self._router is None else self._router.upstream_of(provider)
        return None if upstream is None else upstream.state()

    def _note_end(self, drill: Drill) -> None:
        self.trail.note(drill_ended(drill, self._parts.clock))
