"""The one truth about a request; audit, ledger, metrics and charts are projections of it."""

from datetime import datetime

from msgspec import Struct

from router_core.types.identity import Principal
from router_core.types.money import NanoUSD
from router_core.types.plan import Decision
from router_core.types.usage import Usage

__all__ = ["RequestEvent"]


class RequestEvent(Struct, frozen=True, kw_only=True):
    """One finished request. ``id`` is our ULID, ``error_code`` None for success; times in milliseconds.

    ``status`` is ``"success"``, ``"error"`` or ``"cancelled"``. ``cost`` is None for a model without a price.
    ``request_id`` is what the caller knows the request by.
    """

    id: str
    timestamp: datetime
    principal: Principal
    account_id: str | None
    use_case: str
    provider: str | None
    model: str | None
    status: str
    error_code: str | None
    usage: Usage
    cost: NanoUSD | None
    latency_ms: float
    first_token_ms: float | None
    streamed: bool
    cached: bool
    decision: Decision
    request_id: str = ""
