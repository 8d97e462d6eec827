"""The facade of the operator's desk: the console and the HTTP interface act through it alone."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

import msgspec
from msgspec import structs

from router_core.admin.action_trail import ActionTrail
from router_core.admin.acts import Detail, act_of
from router_core.admin.configuration_acts import refused_act
from router_core.admin.configuration_conflicts import checked_base
from router_core.admin.sight import Sight
from router_core.admin.views import UpstreamView, UseCaseView
from router_core.clock import Clock, new_ulid
from router_core.drills.board import DrillBoard
from router_core.errors import ConflictError, NotFoundError, ValidationError, sanitize_message
from router_core.ports import ActionLog, ConfigSource, UseCaseStore
from router_core.resilience.upstream import Upstream
from router_core.resilience.upstreams import Upstreams
from router_core.security.permissions import require
from router_core.types import (
    EVERY_ACCOUNT,
    STANDARD_USE_CASES,
    AuditFilter,
    Authorship,
    DependencyReport,
    Drill,
    DrillOrder,
    DrillReport,
    ExportFormat,
    HealthReport,
    HealthWindow,
    OperatorAction,
    Principal,
    ProviderConfig,
    UpstreamState,
    UseCasePolicy,
    policy_faults,
)

__all__ = ["HealthSource", "Operations", "OperationsParts", "drill_ended"]

MAX_REASON = 200
MAX_FORCE_S = 86_400
MAX_ACTIONS = 1_000
# What the verbs of acts that everybody at the desk may see begin with.
OPERATION = ("breaker", "drill", "use_case", "metrics", "worker")
ForcedPhase = Literal["OPEN", "CLOSED"]


class HealthSource(Protocol):
    """Assembles the health board."""

    def report(self, window: HealthWindow) -> HealthReport:
        """Return the board over ``window``, from memory; may be called from another thread."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationsParts:
    """What :class:`Operations` works on. ``upstreams_of`` returns one for each key of a row; ``refresh`` makes a
    change of the configuration felt in this process at once.
    """

    upstreams: Upstreams
    upstreams_of: Callable[[ProviderConfig], Sequence[Upstream]]
    config: ConfigSource
    drills: DrillBoard
    health: HealthSource
    actions: ActionLog
    trail: ActionTrail
    policies: UseCaseStore
    refresh: Callable[[], Awaitable[object]]
    reset_metrics: Callable[[str], Awaitable[datetime]]
    dependencies: Callable[[], DependencyReport]
    clock: Clock


class Operations:
    """What operators do and see. Every method raises :class:`ForbiddenError` when ``person``'s role does not allow it.

    Every action is in the action log before it takes effect, and refused with :class:`OverloadedError` when the log
    cannot be written. Two may not wait for the log, since they end a danger: resetting a breaker and stopping a drill
    take effect first, and are logged at once or, while the log cannot be written, as soon as it can.

    It belongs to the event loop; the methods that are not coroutines may be called from another thread.
    """

    __slots__ = ("_parts", "_starting")

    def __init__(self, parts: OperationsParts) -> None:
        self._parts = parts
        self._starting = asyncio.Lock()

    # --- breakers --------------------------------------------------------------------------------------------------

    def upstreams(self, person: Principal) -> Sequence[UpstreamView]:
        """Return every upstream that a provider row leads to or that was used, in the rows' order."""
        require(person, "health.read")
        names: dict[str, list[str]] = {}
        for provider in self._parts.config.snapshot().providers:
            for upstream in self._parts.upstreams_of(provider):
                names.setdefault(upstream.id, []).append(provider.name)
        states = {each.id: each.state() for each in self._parts.upstreams.all()}
        ordered = [*(each for each in names if each in states), *(each for each in states if each not in names)]
        return self._sight(person).upstreams([states[each] for each in ordered], names)

    async def reset_breaker(self, target: str, person: Principal, reason: str = "") -> UpstreamState:
        """Close the breaker of ``target``, an upstream's id or a provider's name; end its force, rests and limits.

        Takes effect even while the action log cannot be written. Raises :class:`NotFoundError` for an unknown target,
        :class:`ValidationError` for a reason longer than 200 characters.
        """
        require(person, "breakers.control")
        upstreams = self._upstreams(target, person)
        said = _checked_reason(reason, required=False)
        for upstream in upstreams:
            before = {"phase": upstream.breaker.get_state().state}
            upstream.reset(actor=person.name, reason=said)
            act = self._action(person, "breaker.reset", upstream.id, {"reason": said})
            after = {"phase": upstream.breaker.get_state().state}
            self._parts.trail.note(structs.replace(act, before=before, after=after))
        await self._parts.trail.flush()
        return upstreams[0].state()

    async def force_breaker(
        self, target: str, phase: ForcedPhase, person: Principal, *, reason: str, seconds: float | None = None
    ) -> UpstreamState:
        """Hold the breaker of ``target`` in ``phase`` for ``seconds``, None for until it is reset.

        Raises :class:`NotFoundError` for an unknown target, :class:`ValidationError` for a reason that is empty or
        longer than 200 characters and for seconds outside 1 to 86,400.
        """
        require(person, "breakers.control")
        upstreams = self._upstreams(target, person)
        said = _checked_reason(reason, required=True)
        if seconds is not None and not (math.isfinite(seconds) and 1 <= seconds <= MAX_FORCE_S):
            raise ValidationError(f"durationS must be within 1 and {MAX_FORCE_S} seconds, or null", field="durationS")
        verb = "breaker.forced_open" if phase == "OPEN" else "breaker.forced_closed"
        for upstream in upstreams:
            act = self._action(person, verb, upstream.id, {"reason": said, "durationS": seconds})
            before = {"phase": upstream.breaker.get_state().state}
            await self._parts.trail.require(structs.replace(act, before=before, after={"phase": phase}))
            upstream.breaker.force(phase, actor=person.name, reason=said, seconds=seconds)
        return upstreams[0].state()

    # --- drills ----------------------------------------------------------------------------------------------------

    async def start_drill(self, order: DrillOrder, person: Principal) -> Drill:
        """Begin a drill. Raises :class:`ValidationError` for an unknown provider or one whose drill already runs."""
        require(person, "drills.control")
        order = structs.replace(order, reason=_checked_reason(order.reason, required=False))
        if not self._sight(person).provider(order.provider):
            raise ValidationError("there is no such provider", field="provider")
        async with self._starting:
            self._parts.drills.check(order)
            drill_id = new_ulid(self._parts.clock)
            detail: Detail = {"drill": drill_id, **msgspec.to_builtins(order)}
            await self._parts.trail.require(self._action(person, "drill.started", order.provider, detail))
            return self._parts.drills.start(order, person.name, drill_id)

    async def stop_drill(self, drill_id: str, person: Principal) -> Drill:
        """End a drill, even while the action log cannot be written; one that is over stays as it is.

        Raises :class:`NotFoundError` for an unknown id.
        """
        require(person, "drills.control")
        before = self._parts.drills.find(drill_id)
        if not self._sight(person).provider(before.order.provider):
            raise NotFoundError("There is no such drill")
        drill = self._parts.drills.stop(drill_id, person.name)
        if before.stopped_at is None:
            action = self._action(person, "drill.stopped", drill.order.provider, {"drill": drill.id})
            await self._parts.trail.report(action)
        return drill

    def drills(self, person: Principal) -> Sequence[DrillReport]:
        """Return what each drill did: running ones first, then the newest."""
        require(person, "health.read")
        return self._sight(person).drills(self._parts.drills.reports())

    # --- health ----------------------------------------------------------------------------------------------------

    def health(self, window: HealthWindow, person: Principal) -> HealthReport:
        """Return the health board over ``window``."""
        require(person, "health.read")
        return self._sight(person).board(self._parts.health.report(window))

    def dependencies(self, person: Principal) -> DependencyReport:
        """Return how everything is doing that this process stands on, from memory."""
        require(person, "health.read")
        return self._parts.dependencies()

    # --- use cases -------------------------------------------------------------------------------------------------

    def use_cases(self, person: Principal) -> Sequence[UseCaseView]:
        """Return how each use case is served, by name."""
        require(person, "providers.read")
        snapshot = self._parts.config.snapshot()
        return [
            UseCaseView(
                use_case=name,
                policy=snapshot.policy(name),
                is_default=name not in snapshot.policies,
                providers=tuple(row.name for row in snapshot.providers if name in row.use_cases),
                faults=tuple(policy_faults(name, snapshot.policy(name), snapshot.by_name)),
            )
            for name in sorted(self._use_case_names())
        ]

    async def set_policy(
        self, use_case: str, policy: UseCasePolicy | None, person: Principal, *, base: int | None = None
    ) -> int:
        """Set how ``use_case`` is served, None for the default; return the new revision of the configuration.

        Raises :class:`ConflictError` when the configuration was changed since revision ``base``, which guards nothing
        when it is None, :class:`NotFoundError` for a use case that neither a provider nor a preference names, and
        :class:`ValidationError` for a policy that names providers which are not there.
        """
        require(person, "providers.edit")
        if use_case not in self._use_case_names():
            raise NotFoundError("There is no such use case")
        if base is not None:
            await self._parts.refresh()
        snapshot = self._parts.config.snapshot()
        checked_base(base, snapshot.revision)
        for fault in () if policy is None else policy_faults(use_case, policy, snapshot.by_name):
            if not fault.harmless:
                raise ValidationError(f"{fault.field}: {fault.message}", field=fault.field)
        verb = "use_case.policy_reset" if policy is None else "use_case.policy_set"
        before = msgspec.to_builtins(snapshot.policy(use_case))
        after = {} if policy is None else msgspec.to_builtins(policy)
        act = self._action(person, verb, use_case, _in_line(after))
        act = structs.replace(act, before=before, after=after)
        await self._parts.trail.require(act)
        by = Authorship(actor=person.name)
        try:
            revision = await self._parts.policies.put_policy(use_case, policy, by, base)
        except ConflictError:
            await self._parts.trail.report(refused_act(act, self._parts.clock))
            raise
        await self._parts.refresh()
        return revision

    # --- the audit log ---------------------------------------------------------------------------------------------

    async def begin_export(self, form: ExportFormat, wanted: AuditFilter, person: Principal) -> None:
        """Have it on record that ``person`` exports the audit log, before a row leaves."""
        require(person, "audit.export")
        detail: Detail = {"format": form, **_set_fields(wanted)}
        await self._parts.trail.require(self._action(person, "audit.export", "audit_log", detail))

    # --- metrics ---------------------------------------------------------------------------------------------------

    async def reset_metrics(self, person: Principal) -> datetime:
        """Begin to count anew in every process; return the moment. Ledger and audit log stay as they are."""
        require(person, "metrics.reset")
        await self._parts.trail.require(self._action(person, "metrics.reset", "metrics", {}))
        return await self._parts.reset_metrics(person.name)

    # --- actions ---------------------------------------------------------------------------------------------------

    async def recent_actions(self, limit: int, person: Principal) -> Sequence[OperatorAction]:
        """Return at most ``limit`` actions, newest first; those that concern money and accounts are for the heads of
        the installation alone. Raises :class:`ValidationError` outside 1 to 1,000.
        """
        require(person, "health.read")
        if not 1 <= limit <= MAX_ACTIONS:
            raise ValidationError(f"limit must be within 1 and {MAX_ACTIONS}", field="limit")
        found = await self._parts.actions.recent(limit, () if person.role in EVERY_ACCOUNT else OPERATION)
        return self._sight(person).actions(found)

    # --- inside ----------------------------------------------------------------------------------------------------

    def _sight(self, person: Principal) -> Sight:
        return Sight(person, self._parts.config.snapshot().providers, self._parts.upstreams_of)

    def _upstreams(self, target: str, person: Principal) -> Sequence[Upstream]:
        """Return the upstream with that id, or those of all keys of the provider with that name."""
        found, sight = self._parts.upstreams.find(target), self._sight(person)
        if found is not None and sight.upstream(target):
            return [found]
        for provider in self._parts.config.snapshot().providers:
            is_meant = target == provider.name and sight.provider(target)
            upstreams = self._parts.upstreams_of(provider) if is_meant else ()
            if upstreams:
                return upstreams
        raise NotFoundError("There is no such provider with a key, and no such upstream")

    def _use_case_names(self) -> set[str]:
        snapshot = self._parts.config.snapshot()
        return {*STANDARD_USE_CASES, *snapshot.policies, *snapshot.use_cases()}

    def _action(self, person: Principal, verb: str, target: str, detail: Detail) -> OperatorAction:
        return act_of(person, verb, target, self._parts.clock, detail=detail)


def _set_fields(wanted: AuditFilter) -> Detail:
    """Return the fields of a filter that are set, flat."""
    found: Detail = {}
    for name, value in structs.asdict(wanted).items():
        if isinstance(value, datetime):
            found[name] = value.isoformat()
        elif isinstance(value, tuple):
            found[name] = ", ".join(value)
        elif value is not None:
            found[name] = value
    return found


def _in_line(values: dict[str, Any]) -> Detail:
    """Return ``values`` with lists and tables as text: ``a, b`` and ``a=70, b=30``."""
    return {name: _text_of(value) if isinstance(value, list | dict) else value for name, value in values.items()}


def _text_of(value: list[str] | dict[str, Any]) -> str:
    return ", ".join(value if isinstance(value, list) else (f"{name}={each}" for name, each in value.items()))


def drill_ended(drill: Drill, clock: Clock) -> OperatorAction:
    """Return the action of a drill that ended by itself."""
    return OperatorAction(
        id=new_ulid(clock),
        at=drill.stopped_at or clock.utcnow(),
        actor="system",
        actor_id="",
        role=None,
        action="drill.ended",
        target=drill.order.provider,
        detail={"drill": drill.id},
    )


def _checked_reason(reason: str, *, required: bool) -> str:
    """Return ``reason`` without blanks around it and without secrets. Raises :class:`ValidationError`."""
    said = reason.strip()
    if required and not said:
        raise ValidationError("a reason is required", field="reason")
    if len(said) > MAX_REASON or not said.isprintable():
        raise ValidationError(f"reason must be one line of at most {MAX_REASON} characters", field="reason")
    return sanitize_message(said)
