"""What pages are shown: plain values, ready to be drawn, that know neither store nor router."""

from datetime import datetime

from msgspec import Struct

from router_core.admin.alert_views import AlertView
from router_core.admin.provider_keys import KeyNotice
from router_core.types import (
    EVERYTHING,
    HealthWord,
    MetricsFilter,
    MetricsReport,
    MetricsWindow,
    MetricTotals,
    NanoUSD,
    RequestEvent,
)

__all__ = ["Choices", "LiveScope", "OverviewView", "ProviderState", "ProviderView", "UseCaseChoice"]

ProviderState = HealthWord


class ProviderView(Struct, frozen=True, kw_only=True):
    """One configured provider: its state, why when it is not well, and its figures of the last hour."""

    name: str
    model: str
    state: ProviderState
    totals: MetricTotals
    error: str | None = None


class OverviewView(Struct, frozen=True, kw_only=True):
    """The last hour, what today cost, the providers worst first, and the newest requests first.

    ``unpriced`` are the models of active providers that no price is known for, ``raised`` the newest alert of the last
    day about each budget or model, ``waiting`` how many top-ups wait for the viewer's decision,
    ``lost_nodes`` the processes that fell silent, ``key_notices`` what is to be seen to about providers' keys.
    """

    report: MetricsReport
    spent_today: NanoUSD
    providers: tuple[ProviderView, ...]
    recent: tuple[RequestEvent, ...]
    unpriced: tuple[str, ...] = ()
    raised: tuple[AlertView, ...] = ()
    waiting: int = 0
    lost_nodes: tuple[str, ...] = ()
    key_notices: tuple[KeyNotice, ...] = ()


class LiveScope(Struct, frozen=True, kw_only=True):
    """What the Live screen is asked for; ``between`` is a fixed range instead of the window that ends now."""

    window: MetricsWindow
    between: tuple[datetime, datetime] | None = None
    chosen: MetricsFilter = EVERYTHING


class UseCaseChoice(Struct, frozen=True):
    """A use case and the model that is preferred for it, None when there is no preference."""

    name: str
    model: str | None


class Choices(Struct, frozen=True, kw_only=True):
    """What a person may ask for in the playground."""

    use_cases: tuple[UseCaseChoice, ...]
    models: tuple[str, ...]
    providers: tuple[str, ...]
