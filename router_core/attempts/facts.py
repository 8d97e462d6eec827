"""What is known of a request before its first call, for the record of its calls."""

from datetime import datetime

from msgspec import Struct

from router_core.attempts.payment import HeldCall
from router_core.types import CallReason, Candidate, Intent, Principal

__all__ = ["RequestFacts"]


class RequestFacts(Struct, frozen=True, kw_only=True):
    """Who asks for what; ``step`` of the answer comes after ``calls_before`` calls."""

    event_id: str
    request_id: str
    principal: Principal
    account_id: str | None
    use_case: str
    streamed: bool
    address: str
    estimated_input_tokens: int
    step: int = 1
    calls_before: int = 0

    def intent(self, candidate: Candidate, number: int, reason: CallReason, at: datetime, held: HeldCall) -> Intent:
        """Return the record of a call that is about to be made."""
        return Intent(
            event_id=self.event_id,
            number=number,
            at=at,
            request_id=self.request_id,
            principal=self.principal,
            account_id=self.account_id,
            use_case=self.use_case,
            provider=candidate.provider.name,
            model=candidate.provider.model,
            reason=reason,
            streamed=self.streamed,
            address=self.address,
            bound=held.bound,
            estimated_input_tokens=self.estimated_input_tokens,
            holds=held.holds,
            price=held.price,
        )
