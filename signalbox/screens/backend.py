"""What pages may ask for. Every action takes the person who asks and checks their right to it again."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import datetime
from typing import Literal, Protocol

from router_core.admin.chain_check import ChainCheckState
from router_core.admin.treasury import BudgetOrder, BudgetView
from router_core.budgets.forecast import Forecast
from router_core.journal.stats import RecorderStats
from router_core.ports import SpendBy, SpendHour
from router_core.types import (
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
    NodeView,
    Principal,
    RequestEvent,
    RetentionRule,
    StreamPart,
    UpstreamState,
)
from signalbox.screens.access import AccountBackend, PeopleBackend, SessionBackend
from signalbox.screens.configuration import ConfigurationBackend
from signalbox.screens.desks import AlertBackend, BillsBackend, CacheBackend, LeaseBackend, PriceBackend, TopUpBackend
from signalbox.screens.encryption import EncryptionBackend
from signalbox.screens.keys import KeyBackend
from signalbox.screens.limits import LimitBackend
from signalbox.screens.provider_keys import ProviderKeyBackend
from signalbox.screens.views import Choices, LiveScope, OverviewView

__all__ = ["ConsoleBackend", "Control", "Screen"]

Control = Literal["breakers", "drills", "metrics", "export", "budgets", "prices", "topups", "leases", "cache", "limits"]
Screen = Literal["overview", "live", "health", "audit", "budgets", "playground", "providers", "access"]


class ConsoleBackend(Protocol):
    """The router as the console sees it: in this process, or behind a URL.

    Every method raises :class:`ForbiddenError` when ``person`` lacks the right; those that reach the router raise
    its errors.
    """

    @property
    def bills(self) -> BillsBackend:
        """What was spent, saved and is still to come; it checks the person's right itself."""
        ...

    @property
    def configuration(self) -> ConfigurationBackend:
        """Who serves what: in force, in drafts and in the history; it checks the person's right itself."""
        ...

    async def visitor(self, token: str, *, touch: bool) -> Principal | None:
        """Return whose session ``token`` is; ``touch`` notes that the person acted."""
        ...

    def may(self, person: Principal, screen: Screen) -> bool:
        """Say whether ``person`` may open ``screen``."""
        ...

    async def overview(self, person: Principal) -> OverviewView:
        """Return the last hour of the person's accounts, of all accounts for those who see all."""
        ...

    async def choices(self, person: Principal) -> Choices:
        """Return what ``person`` may ask for in the playground."""
        ...

    async def route(self, person: Principal, request: LLMRequest) -> Decision:
        """Return where ``request`` would go, without calling or charging anything."""
        ...

    def stream(self, person: Principal, request: LLMRequest, request_id: str) -> AsyncGenerator[StreamPart, None]:
        """Answer ``request`` in parts; closing the generator cancels the call upstream."""
        ...

    async def trace(self, person: Principal, request_id: str) -> RequestEvent | None:
        """Return what was recorded of a request of that person, None until it is."""
        ...

    def may_control(self, person: Principal, control: Control) -> bool:
        """Say whether ``person`` may do more on the Health screen than look."""
        ...

    @property
    def prices(self) -> PriceBackend:
        """What people see and do about prices."""
        ...

    async def budgets(self, person: Principal) -> Sequence[BudgetView]:
        """Return every budget that ``person`` may see, and how it stands."""
        ...

    async def forecasts(self, person: Principal, views: Sequence[BudgetView]) -> Mapping[str, Forecast]:
        """Return where each of ``views`` will stand at the end of its period, by the budget's id."""
        ...

    @property
    def provider_keys(self) -> ProviderKeyBackend:
        """The stored keys of providers; it checks the person's right itself."""
        ...

    @property
    def alerting(self) -> AlertBackend:
        """What was raised about money, and the channels that carry it; it checks the person's right itself."""
        ...

    @property
    def topups(self) -> TopUpBackend:
        """Who asked for more money for how long, and what became of it; it checks rights itself."""
        ...

    @property
    def leases(self) -> LeaseBackend:
        """The money that processes hold; it checks rights itself."""
        ...

    @property
    def caching(self) -> CacheBackend:
        """How the cache of answers is doing, and the end of what it keeps; it checks rights itself."""
        ...

    @property
    def limiting(self) -> LimitBackend:
        """Rate limits, how they stand, and the way to change them; it checks rights itself."""
        ...

    @property
    def users(self) -> PeopleBackend:
        """People, and the ways in that they are given; it checks rights itself."""
        ...

    @property
    def accounts(self) -> AccountBackend:
        """Accounts; it checks rights itself."""
        ...

    @property
    def sessions(self) -> SessionBackend:
        """Who is signed in where; it checks rights itself."""
        ...

    @property
    def api_keys(self) -> KeyBackend:
        """API keys; it checks rights itself."""
        ...

    @property
    def encryption(self) -> EncryptionBackend:
        """Keys that seal stored secrets; it checks rights itself."""
        ...

    async def drop_budget(self, person: Principal, budget_id: str) -> None:
        """Remove a limit. Raises :class:`NotFoundError` for none such."""
        ...

    async def set_budget(self, person: Principal, order: BudgetOrder) -> Budget:
        """Set a limit. Raises :class:`ValidationError` that names the field."""
        ...

    async def spending(self, person: Principal, by: SpendBy, since: datetime, until: datetime) -> Sequence[SpendHour]:
        """Return what was spent by the hour, by name, of the accounts that ``person`` may see."""
        ...

    async def health(self, person: Principal, window: HealthWindow) -> HealthReport:
        """Return the health board over ``window``."""
        ...

    async def nodes(self, person: Principal) -> Sequence[NodeView]:
        """Return the processes that serve from this store, those lost within an hour included."""
        ...

    async def live(self, person: Principal, scope: LiveScope) -> MetricsReport:
        """Return the figures of all processes in ``scope``."""
        ...

    async def recorder(self, person: Principal) -> RecorderStats:
        """Return how the record of this process is doing."""
        ...

    async def dependencies(self, person: Principal) -> DependencyReport:
        """Return how everything is doing that the serving process stands on."""
        ...

    async def reset_metrics(self, person: Principal) -> None:
        """Begin to count anew."""
        ...

    async def audit_page(
        self, person: Principal, wanted: AuditFilter, *, limit: int, cursor: str | None, oldest: bool
    ) -> tuple[AuditPage, AuditCount]:
        """Return one page of the audit log, of the accounts that ``person`` may see, and how many rows match."""
        ...

    async def audit_detail(self, person: Principal, entry_id: str) -> AuditDetail | None:
        """Return everything that is kept of a row."""
        ...

    async def audit_choices(self, person: Principal) -> AuditChoices:
        """Return what the log can be filtered by."""
        ...

    async def account_names(self, person: Principal) -> Mapping[str, str]:
        """Return the names of the accounts whose rows ``person`` may see, by id."""
        ...

    async def retention(self, person: Principal) -> Sequence[RetentionRule]:
        """Return how long each table is kept."""
        ...

    async def chain_check(self, person: Principal) -> ChainCheckState:
        """Return the verification of the hash chains under way, or the last one."""
        ...

    async def start_chain_check(self, person: Principal) -> ChainCheckState:
        """Begin to verify the hash chains, unless that is under way; return its state."""
        ...

    async def reset_breaker(self, person: Principal, provider: str, reason: str) -> UpstreamState:
        """Close the breaker of ``provider``, a row's name; end what holds it."""
        ...

    async def force_breaker(
        self, person: Principal, provider: str, phase: Literal["OPEN", "CLOSED"], *, reason: str, seconds: float | None
    ) -> UpstreamState:
        """Hold the breaker of ``provider`` in ``phase`` for ``seconds``, None for until it is reset."""
        ...

    async def start_drill(self, person: Principal, order: DrillOrder) -> Drill:
        """Begin a drill."""
        ...

    async def stop_drill(self, person: Principal, drill_id: str) -> Drill:
        """End a drill now."""
        ...
