"""What is written down before a provider is called, so that no call is ever forgotten."""

from datetime import datetime

from msgspec import Struct

from router_core.types.budget import Charge
from router_core.types.identity import Principal
from router_core.types.money import NanoUSD
from router_core.types.plan import CallReason

__all__ = ["Intent"]


class Intent(Struct, frozen=True, kw_only=True):
    """One call that is about to be made. ``number`` counts the request's calls from 1.

    ``event_id`` is the id of the request's event to be; ``bound`` is what the call costs at most in nano-dollars, None
    for a model without a price, and ``holds`` which budgets that is held in. It is what is charged when nobody learns
    how the call ended, by the version ``price`` of a price.
    """

    event_id: str
    number: int
    at: datetime
    request_id: str
    principal: Principal
    account_id: str | None
    use_case: str
    provider: str
    model: str
    reason: CallReason
    streamed: bool
    address: str
    bound: NanoUSD | None
    estimated_input_tokens: int
    holds: tuple[Charge, ...] = ()
    price: str = ""
