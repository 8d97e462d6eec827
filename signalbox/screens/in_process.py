"""The backend for a console that shares the process with the router."""

from collections.abc import AsyncGenerator, Awaitable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal, TypeVar

from msgspec import structs

from router_core.admin.alert_views import AlertView
from router_core.admin.chain_check import ChainCheckState
from router_core.admin.provider_keys import KeyNotice
from router_core.admin.treasury import BudgetOrder, BudgetView
from router_core.api.auth import check_account
from router_core.api.call import is_request_id
from router_core.api.checks import check_request
from router_core.budgets.forecast import Forecast
from router_core.errors import OverloadedError, ValidationError
from router_core.health.board import HealthRow
from router_core.journal.stats import RecorderStats
from router_core.ports import SpendBy, SpendHour
from router_core.security.permissions import allows, require
from router_core.types import (
    EVERY_ACCOUNT,
    STANDARD_USE_CASES,
    AuditChoices,
    AuditCount,
    AuditDetail,
    AuditFilter,
    AuditPage,
    Budget,
    Decision,
    DependencyReport,
    Drill,
    DrillOrder,
    HealthReport,
    HealthWindow,
    LLMRequest,
    MetricsReport,
    MetricTotals,
    NodeView,
    Principal,
    ProviderConfig,
    RequestEvent,
    RetentionRule,
    StreamPart,
    UpstreamState,
)
from signalbox.bootstrap import Runtime
from signalbox.screens.access import AccountBackend, PeopleBackend, SessionBackend
from signalbox.screens.backend import Control, Screen
from signalbox.screens.configuration import ConfigurationBackend
from signalbox.screens.desks import AlertBackend, BillsBackend, CacheBackend, LeaseBackend, PriceBackend, TopUpBackend
from signalbox.screens.encryption import EncryptionBackend
from signalbox.screens.in_sight import refuse_hidden, report_in_sight, rows_in_sight
from signalbox.screens.keys import KeyBackend
from signalbox.screens.limits import LimitBackend
from signalbox.screens.provider_keys import ProviderKeyBackend
from signalbox.screens.rights import may_control, may_open
from signalbox.screens.views import Choices, LiveScope, OverviewView, ProviderState, ProviderView, UseCaseChoice

__all__ = ["InProcessBackend"]

T = TypeVar("T")
RECENT_SHOWN = 25
NEWS_FOR = timedelta(days=1)
NEWS_SEARCHED, NEWS_SHOWN = 50, 5
RECENT_SEARCHED = 200
WORST_FIRST: tuple[ProviderState, ...] = ("down", "failing", "recovering", "healthy", "unknown", "disabled")


class InProcessBackend:
    """Reaches the runtime directly."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    @property
    def bills(self) -> BillsBackend:
        """What was spent, saved and is still to come; it checks the person's right itself."""
        return self._runtime.money.bills

    @property
    def configuration(self) -> ConfigurationBackend:
        """Who serves what: in force, in drafts and in the history; it checks the person's right itself."""
        return self._runtime.configuration

    @property
    def provider_keys(self) -> ProviderKeyBackend:
        """The stored keys of providers; it checks the person's right itself."""
        return self._runtime.provider_keys

    async def visitor(self, token: str, *, touch: bool) -> Principal | None:
        """Return whose session ``token`` is; ``touch`` notes that the person acted."""
        return await self._runtime.session_gate.check(token, touch=touch)

    def may(self, person: Principal, screen: Screen) -> bool:
        """Say whether ``person`` may open ``screen``."""
        return may_open(person, screen)

    async def overview(self, person: Principal) -> OverviewView:
        """Return the last hour of all processes."""
        require(person, "overview.read")
        midnight = self._runtime.clock.utcnow().replace(hour=0, minute=0, second=0, microsecond=0)
        spent = await self._runtime.live.spent_since(midnight)
        whole = await self._runtime.live.report("1h")
        report = report_in_sight(whole, self._runtime.config.snapshot(), person)
        totals = {each.name: each.totals for each in report.providers}
        board = {each.provider.name: each for each in self._runtime.health.rows()}
        snapshot = self._runtime.config.snapshot()
        views = [
            _provider_view(each, board.get(each.name), totals.get(each.name, MetricTotals()))
            for each in rows_in_sight(snapshot, person)
        ]
        views.sort(key=lambda view: WORST_FIRST.index(view.state))
        recent = self._runtime.events.recent(RECENT_SHOWN, _accounts(person))
        active = [each for each in rows_in_sight(snapshot, person) if each.is_active]
        unpriced = tuple(sorted({each.model for each in active if not self._is_priced(each)}))
        return OverviewView(
            report=report, spent_today=spent, providers=tuple(views), recent=tuple(recent), unpriced=unpriced,
            raised=await _unless_away(self._raised(person), ()), waiting=await _unless_away(self._waiting(person), 0),
            lost_nodes=await _unless_away(self._lost_nodes(person), ()), key_notices=self._key_notices(person),
        )  # fmt: skip

    def _is_priced(self, row: ProviderConfig) -> bool:
        return self._runtime.prices.tariff(row.account_id).price(row.model, row.name) is not None

    async def _raised(self, person: Principal) -> tuple[AlertView, ...]:
        """Return what was raised about money within a day: about each budget or model the newest, at most five."""
        if not allows(person, "alerts.read"):
            return ()
        since = self._runtime.clock.utcnow() - NEWS_FOR
        found: dict[str, AlertView] = {}
        for each in await self._runtime.money.alerts.alerts(person, NEWS_SEARCHED):
            other = found.get(each.subject)
            if each.at >= since and (other is None or (each.kind == "spent_out" and each.at == other.at)):
                found[each.subject] = each
        return tuple(found.values())[:NEWS_SHOWN]

    async def _lost_nodes(self, person: Principal) -> tuple[str, ...]:
        """Return the processes that fell silent within the hour and have no successor, for those who see health."""
        if not allows(person, "health.read"):
            return ()
        found = await self._runtime.nodes.nodes(person)
        return tuple(sorted({each.node.name for each in found if each.state == "lost" and not each.replaced}))

    def _key_notices(self, person: Principal) -> tuple[KeyNotice, ...]:
        if not allows(person, "providers.read"):
            return ()
        found = tuple(self._runtime.provider_keys.notices()[:NEWS_SHOWN])
        old = self._runtime.encryption.notice() if self._runtime.config.snapshot().provider_keys else None
        return found if old is None else (*found, KeyNotice(provider="Data key", text=old))

    async def _waiting(self, person: Principal) -> int:
        if not allows(person, "topups.decide"):
            return 0
        return sum(each.word == "waiting" for each in await self._runtime.money.topups.list(person))

    async def choices(self, person: Principal) -> Choices:
        """Return what ``person`` may ask for in the playground."""
        require(person, "playground.use")
        snapshot = self._runtime.config.snapshot()
        active = [each for each in rows_in_sight(snapshot, person) if each.is_active]
        named = {use_case for each in active for use_case in each.use_cases}
        use_cases = [*STANDARD_USE_CASES, *sorted(named - set(STANDARD_USE_CASES))]
        return Choices(
            use_cases=tuple(UseCaseChoice(name, snapshot.preferences.get(name)) for name in use_cases),
            models=tuple(dict.fromkeys(each.model for each in active)),
            providers=tuple(each.name for each in active),
        )

    async def route(self, person: Principal, request: LLMRequest) -> Decision:
        """Return where ``request`` would go, without calling or charging anything."""
        require(person, "playground.use")
        await self._admit(person, request)
        return self._runtime.router.route(request, person)

    async def stream(self, person: Principal, request: LLMRequest, request_id: str) -> AsyncGenerator[StreamPart, None]:
        """Answer ``request`` in parts; closing the generator cancels the call upstream."""
        require(person, "playground.use")
        await self._admit(person, request)
        if not is_request_id(request_id.encode()):
            raise ValidationError("no request id", field="requestId")
        parts = self._runtime.router.stream(request, person, request_id)
        try:
            async for part in parts:
                yield part
        finally:
            await parts.aclose()

    async def _admit(self, person: Principal, request: LLMRequest) -> None:
        check_request(request)
        await check_account(person, request, self._runtime.authenticator)

    async def trace(self, person: Principal, request_id: str) -> RequestEvent | None:
        """Return what was recorded of a request of that person, None until it is."""
        require(person, "playground.use")
        recent = self._runtime.events.recent(RECENT_SEARCHED, None)
        return next((each for each in recent if each.request_id == request_id and each.principal.id == person.id), None)

    # --- the Live screen and the audit log -------------------------------------------------------------------------

    async def live(self, person: Principal, scope: LiveScope) -> MetricsReport:
        """Return the figures of all processes in ``scope``."""
        require(person, "live.read")
        snapshot, live = self._runtime.config.snapshot(), self._runtime.live
        refuse_hidden(scope.chosen, snapshot, person)
        if scope.between is not None:
            found = await live.report_between(*scope.between, scope.chosen)
        else:
            found = await live.report(scope.window, scope.chosen)
        return report_in_sight(found, snapshot, person)

    async def recorder(self, person: Principal) -> RecorderStats:
        """Return how the record of this process is doing."""
        require(person, "live.read")
        return self._runtime.recording.stats()

    async def dependencies(self, person: Principal) -> DependencyReport:
        """Return how everything is doing that the serving process stands on."""
        return self._runtime.operations.dependencies(person)

    async def reset_metrics(self, person: Principal) -> None:
        """Begin to count anew."""
        await self._runtime.operations.reset_metrics(person)

    async def audit_page(
        self, person: Principal, wanted: AuditFilter, *, limit: int, cursor: str | None, oldest: bool
    ) -> tuple[AuditPage, AuditCount]:
        """Return one page of the audit log, of the accounts that ``person`` may see, and how many rows match."""
        require(person, "audit.read")
        scope = _accounts(person)
        seen = structs.replace(wanted, accounts=None if scope is None else tuple(scope))
        page = await self._runtime.audit.page(seen, limit=limit, cursor=cursor, oldest=oldest)
        return page, await self._runtime.audit.count(seen)

    async def audit_detail(self, person: Principal, entry_id: str) -> AuditDetail | None:
        """Return everything that is kept of a row."""
        require(person, "audit.read")
        return await self._runtime.audit.detail(entry_id, _accounts(person))

    async def audit_choices(self, person: Principal) -> AuditChoices:
        """Return what the log can be filtered by."""
        require(person, "audit.read")
        return await self._runtime.audit.choices(_accounts(person))

    async def account_names(self, person: Principal) -> Mapping[str, str]:
        """Return the names of the accounts whose rows ``person`` may see, by id."""
        require(person, "audit.read")
        scope = _accounts(person)
        found = await self._runtime.accounts.list()
        return {each.id: each.name for each in found if scope is None or each.id in scope}

    async def retention(self, person: Principal) -> Sequence[RetentionRule]:
        """Return how long each table is kept."""
        require(person, "audit.read")
        return self._runtime.desk.retention.rules

    async def chain_check(self, person: Principal) -> ChainCheckState:
        """Return the verification of the hash chains under way, or the last one."""
        require(person, "audit.read")
        return self._runtime.desk.chain_check.state

    async def start_chain_check(self, person: Principal) -> ChainCheckState:
        """Begin to verify the hash chains, unless that is under way; return its state."""
        return await self._runtime.desk.chain_check.start(person)

    # --- the Budgets screen; the treasury checks the person's right to each of these itself -------------------------

    @property
    def prices(self) -> PriceBackend:
        """What people see and do about prices."""
        return self._runtime.money.prices

    async def budgets(self, person: Principal) -> Sequence[BudgetView]:
        """Return every budget that ``person`` may see, and how it stands."""
        return await self._runtime.money.treasury.budgets(person)

    async def forecasts(self, person: Principal, views: Sequence[BudgetView]) -> Mapping[str, Forecast]:
        """Return where each of ``views`` will stand at the end of its period, by the budget's id."""
        require(person, "budgets.read")
        return await self._runtime.money.treasury.forecasts(views)

    @property
    def alerting(self) -> AlertBackend:
        """What was raised about money, and the channels that carry it."""
        return self._runtime.money.alerts

    @property
    def topups(self) -> TopUpBackend:
        """Who asked for more money for how long, and what became of it."""
        return self._runtime.money.topups

    @property
    def leases(self) -> LeaseBackend:
        """The money that processes hold."""
        return self._runtime.money.leases

    @property
    def caching(self) -> CacheBackend:
        """The cache of answers."""
        return self._runtime.cache_desk

    @property
    def limiting(self) -> LimitBackend:
        """Rate limits."""
        return self._runtime.limit_desk

    @property
    def users(self) -> PeopleBackend:
        """People, and the ways in that they are given."""
        return self._runtime.access.people

    @property
    def accounts(self) -> AccountBackend:
        """Accounts."""
        return self._runtime.access.accounts

    @property
    def sessions(self) -> SessionBackend:
        """Who is signed in where."""
        return self._runtime.access.sessions

    @property
    def api_keys(self) -> KeyBackend:
        """API keys."""
        return self._runtime.key_desk

    @property
    def encryption(self) -> EncryptionBackend:
        """Keys that seal stored secrets."""
        return self._runtime.encryption

    async def drop_budget(self, person: Principal, budget_id: str) -> None:
        """Remove a limit."""
        await self._runtime.money.treasury.drop_budget(budget_id, person)

    async def set_budget(self, person: Principal, order: BudgetOrder) -> Budget:
        """Set a limit."""
        return await self._runtime.money.treasury.set_budget(order, person)

    async def spending(self, person: Principal, by: SpendBy, since: datetime, until: datetime) -> Sequence[SpendHour]:
        """Return what was spent by the hour, by name, of the accounts that ``person`` may see."""
        return await self._runtime.money.treasury.spending(by, since, until, person)

    # --- the Health screen; the facade checks the person's right to each of these itself --------------------------

    def may_control(self, person: Principal, control: Control) -> bool:
        """Say whether ``person`` may do more on the Health screen than look."""
        return may_control(person, control)

    async def health(self, person: Principal, window: HealthWindow) -> HealthReport:
        """Return the health board over ``window``."""
        return self._runtime.operations.health(window, person)

    async def nodes(self, person: Principal) -> Sequence[NodeView]:
        """Return the processes that serve from this store, those lost within an hour included."""
        return await self._runtime.nodes.nodes(person)

    async def reset_breaker(self, person: Principal, provider: str, reason: str) -> UpstreamState:
        """Close the breaker of ``provider``, a row's name; end what holds it."""
        return await self._runtime.operations.reset_breaker(provider, person, reason)

    async def force_breaker(
        self, person: Principal, provider: str, phase: Literal["OPEN", "CLOSED"], *, reason: str, seconds: float | None
    ) -> UpstreamState:
        """Hold the breaker of ``provider`` in ``phase`` for ``seconds``, None for until it is reset."""
        return await self._runtime.operations.force_breaker(provider, phase, person, reason=reason, seconds=seconds)

    async def start_drill(self, person: Principal, order: DrillOrder) -> Drill:
        """Begin a drill."""
        return await self._runtime.operations.start_drill(order, person)

    async def stop_drill(self, person: Principal, drill_id: str) -> Drill:
        """End a drill now."""
        return await self._runtime.operations.stop_drill(drill_id, person)


async def _unless_away(asked: Awaitable[T], otherwise: T) -> T:
    """Return what was asked for; while the store is away, ``otherwise``: the rest of a screen is worth showing."""
    try:
        return await asked
    except OverloadedError:
        return otherwise


def _accounts(person: Principal) -> Sequence[str] | None:
    return None if person.role in EVERY_ACCOUNT else person.accounts


def _provider_view(provider: ProviderConfig, health: HealthRow | None, totals: MetricTotals) -> ProviderView:
    state: ProviderState = "unknown" if health is None else health.word
    error = health.error if health is not None and state in ("down", "failing") else None
    return ProviderView(name=provider.name, model=provider.model, state=state, totals=totals, error=error)
