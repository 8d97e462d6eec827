"""An operator's desk on memory stores: the facade, and everything that stands behind it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from router_core.admin.action_trail import ActionTrail
from router_core.admin.operations import Operations, OperationsParts, drill_ended
from router_core.clock import Clock
from router_core.drills.board import DrillBoard
from router_core.errors import ConflictError, OverloadedError
from router_core.health.dependencies import DependencyRegister
from router_core.metrics.live import LiveMetrics
from router_core.metrics.memory_store import MemoryMetricsStore
from router_core.metrics.overlay import PendingEvents
from router_core.ports import ActionLog
from router_core.resilience.upstream import Upstream, UpstreamPolicy
from router_core.resilience.upstreams import Upstreams
from router_core.security.memory_action_log import MemoryActionLog
from router_core.types import (
    NOBODY,
    AttemptTotals,
    Authorship,
    Drill,
    HealthReport,
    HealthWindow,
    OperatorAction,
    Principal,
    ProbeSpend,
    ProviderConfig,
    Role,
    Snapshot,
    UseCasePolicy,
)
from tests.support.core_fakes import PlainKeys, standard_providers

__all__ = ["FlakyActionLog", "MemoryPolicies", "OperatorDesk", "ScriptedHealth", "operator", "operator_desk"]


def operator(role: Role = "operator", name: str = "Ada") -> Principal:
    """Return a person with that role."""
    return Principal(kind="person", id=f"id-{name}", name=name, role=role, accounts=("acme",))


class FlakyActionLog:
    """An action log that refuses while ``down``, and remembers how often it was asked."""

    def __init__(self, clock: Clock) -> None:
        self._inner = MemoryActionLog()
        self.down = False
        self.asked = 0
        self.taken: list[OperatorAction] = []

    async def append(self, action: OperatorAction) -> None:
        self.asked += 1
        if self.down:
            raise OverloadedError("The store cannot be reached")
        await self._inner.append(action)
        self.taken.append(action)

    async def recent(self, limit: int, about: Sequence[str] = ()) -> list[OperatorAction]:
        return list(await self._inner.recent(limit, about))

    @property
    def verbs(self) -> list[str]:
        """What was written down, in that order."""
        return [each.action for each in self.taken]


class MemoryPolicies:
    """A policy store that is its own configuration."""

    def __init__(self, providers: Iterable[ProviderConfig]) -> None:
        self._snapshot = Snapshot(providers, revision=1)
        self.stored: dict[str, UseCasePolicy] = {}
        self.authors: list[str] = []
        self.refreshed = 0

    def snapshot(self) -> Snapshot:
        return self._snapshot

    async def put_policy(
        self, use_case: str, policy: UseCasePolicy | None, by: Authorship = NOBODY, base: int | None = None
    ) -> int:
        if base is not None and base < self._snapshot.revision:
            raise ConflictError("The configuration was changed by somebody else", revision=self._snapshot.revision)
        self.authors.append(by.actor)
        if policy is None:
            self.stored.pop(use_case, None)
        else:
            self.stored[use_case] = policy
        return self._snapshot.revision + 1

    async def refresh(self) -> None:
        self.refreshed += 1
        old = self._snapshot
        self._snapshot = Snapshot(old.providers, revision=old.revision + 1, policies=dict(self.stored))


@dataclass
class ScriptedHealth:
    """A health board without providers; keeps the windows that were asked for."""

    clock: Clock
    windows: list[HealthWindow] = field(default_factory=list)

    def report(self, window: HealthWindow) -> HealthReport:
        self.windows.append(window)
        return HealthReport(
            window=window,
            as_of=self.clock.utcnow(),
            totals=AttemptTotals(),
            previous=AttemptTotals(),
            providers=(),
            transitions=(),
            drills=(),
            probes=ProbeSpend(checks=0, cost=0, cap=0),
        )


@dataclass
class OperatorDesk:
    """The facade and its parts."""

    operations: Operations
    upstreams: Upstreams
    board: DrillBoard
    trail: ActionTrail
    log: FlakyActionLog
    policies: MemoryPolicies
    health: ScriptedHealth
    keys: PlainKeys
    counted: MemoryMetricsStore
    live: LiveMetrics
    dependencies: DependencyRegister

    def upstream(self, name: str) -> Upstream:
        """Return the upstream of the provider row ``name``."""
        provider = next(row for row in self.policies.snapshot().providers if row.name == name)
        key = self.keys.key_for(provider)
        assert key is not None
        return self.upstreams.of(provider, key)


def operator_desk(clock: Clock, *, without_key: Iterable[str] = ()) -> OperatorDesk:
    """Return a desk over the four standard provider rows, all but those in ``without_key`` with a key."""
    upstreams, log = Upstreams(UpstreamPolicy(), clock), FlakyActionLog(clock)
    policies, keys, health = MemoryPolicies(standard_providers()), PlainKeys(without=without_key), ScriptedHealth(clock)
    trail, register = ActionTrail(log, clock), DependencyRegister()

    def note_end(drill: Drill) -> None:
        trail.note(drill_ended(drill, clock))

    def upstreams_of(provider: ProviderConfig) -> Sequence[Upstream]:
        return [upstreams.of(provider, key.secret) for key in keys.keys_for(provider)]

    board = DrillBoard(clock, lambda: {row.name for row in policies.snapshot().providers}, note_end)
    actions: ActionLog = log
    counted = MemoryMetricsStore(clock.utcnow())
    live = LiveMetrics(counted, PendingEvents(), clock, lambda: (3, 1))
    parts = OperationsParts(
        upstreams=upstreams,
        upstreams_of=upstreams_of,
        config=policies,
        drills=board,
        health=health,
        actions=actions,
        trail=trail,
        policies=policies,
        refresh=policies.refresh,
        dependencies=register.report,
        reset_metrics=live.reset,
        clock=clock,
    )
    return OperatorDesk(
        Operations(parts), upstreams, board, trail, log, policies, health, keys, counted, live, register
    )
