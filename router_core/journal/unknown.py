"""What is recorded of a request whose process died before it learned the outcome."""

from collections.abc import Sequence

from router_core.types import Attempt, Decision, Intent, RequestEvent, Usage

__all__ = ["OUTCOME_UNKNOWN", "unknown_event"]

OUTCOME_UNKNOWN = "OUTCOME_UNKNOWN"


def unknown_event(intents: Sequence[Intent]) -> RequestEvent:
    """Return the event of the request that made ``intents``: each charged at what was held for it, estimated."""
    last = intents[-1]
    bounds = [each.bound for each in intents]
    known = [bound for bound in bounds if bound is not None]
    return RequestEvent(
        id=last.event_id,
        timestamp=last.at,
        principal=last.principal,
        account_id=last.account_id,
        use_case=last.use_case,
        provider=last.provider,
        model=last.model,
        status="unknown",
        error_code=OUTCOME_UNKNOWN,
        usage=Usage(input_tokens=last.estimated_input_tokens, estimated=True),
        cost=sum(known) if len(known) == len(bounds) else None,
        latency_ms=0.0,
        first_token_ms=None,
        streamed=last.streamed,
        cached=False,
        decision=Decision(
            use_case=last.use_case,
            revision=0,
            estimated_input_tokens=last.estimated_input_tokens,
            considered=(),
            attempts=tuple(_attempt(each, intents[0]) for each in intents),
        ),
        request_id=last.request_id,
        estimated=True,
        address=last.address,
        price=last.price,
        charges=tuple(charge for intent in intents for charge in intent.holds),
    )


def _attempt(intent: Intent, first: Intent) -> Attempt:
    return Attempt(
        number=intent.number,
        provider=intent.provider,
        model=intent.model,
        outcome="unknown",
        latency_ms=0.0,
        started_ms=max(0.0, (intent.at - first.at).total_seconds() * 1000),
        reason=intent.reason,
        error="The process ended before the outcome was known",
        cost_nano=intent.bound,
        price=intent.price,
    )
