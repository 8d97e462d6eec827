"""The one truth about a request; audit, ledger, metrics and charts are projections of it."""

from datetime import datetime
from typing import Literal

from msgspec import Struct, field

from router_core.types.budget import Charge, SpentOut
from router_core.types.identity import Principal
from router_core.types.money import NanoUSD
from router_core.types.plan import Decision
from router_core.types.usage import Usage

__all__ = ["Content", "EventStatus", "Redaction", "RequestEvent"]

# What is taken out of stored text: secrets always, and personal data such as e-mail addresses.
Redaction = Literal["personal", "secrets"]
EventStatus = Literal["success", "error", "cancelled", "unknown"]


class Content(Struct, frozen=True, kw_only=True):
    """What was asked and answered; kept only for accounts that allow it, and cleaned before it is stored."""

    prompt: str
    answer: str


class RequestEvent(Struct, frozen=True, kw_only=True):
    """One finished request. ``id`` is our ULID, ``error_code`` None for success; times in milliseconds.

    ``status`` is ``"unknown"`` for a request whose process died before it learned the outcome. ``cost`` is None for a
    model without a price, and ``estimated`` when part of it is not by the provider's own figures. ``request_id`` is
    what the caller knows the request by, ``address`` where the caller is. ``charges`` says which budgets it counts
    against, ``price`` by which version of a price it was charged; the calls of its decision say so each for itself.
    ``unpriced`` are the models, each with its provider, that it was to be sent to without a known price, whether a
    budget refused that or not; ``refused`` are the budgets that were spent too far for a call of it. ``sealed`` is what
    people and providers wrote, in an event that lies in a journal; ``keeps_personal`` says that personal data in it is
    stored.
    """

    id: str
    timestamp: datetime
    principal: Principal
    account_id: str | None
    use_case: str
    provider: str | None
    model: str | None
    status: EventStatus
    error_code: str | None
    usage: Usage
    cost: NanoUSD | None
    latency_ms: float
    first_token_ms: float | None
    streamed: bool
    cached: bool
    decision: Decision
    request_id: str = ""
    estimated: bool = False
    address: str = ""
    metadata: dict[str, str | int | float | bool | None] = field(default_factory=dict)
    content: Content | None = None
    charges: tuple[Charge, ...] = ()
    price: str = ""
    unpriced: tuple[tuple[str, str], ...] = ()
    refused: tuple[SpentOut, ...] = ()
    keeps_personal: bool = False
    sealed: bytes = b""
