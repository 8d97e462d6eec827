"""Requests like those of a real workload, for measurements of the record side."""

from router_core.clock import Clock, new_ulid
from router_core.types import Attempt, Considered, Decision, Intent, Principal, RequestEvent, Usage

__all__ = ["sample_event", "sample_intent"]

_PROVIDERS = (("openai-gpt4o-mini", "gpt-4o-mini"), ("anthropic-claude-haiku-4-5", "claude-haiku-4-5"))
_USE_CASES = ("draft", "summary", "general")


def sample_event(number: int, clock: Clock) -> RequestEvent:
    """Return a finished request of one of twenty accounts; every fifteenth was repeated or failed over."""
    provider, model = _PROVIDERS[number % 2]
    use_case = _USE_CASES[number % 3]
    account = f"account-{number % 20}"
    retried = number % 15 == 0
    attempts = [_attempt(1, provider, model, "PROVIDER_ERROR" if retried else "success", number)]
    if retried:
        attempts.append(_attempt(2, provider, model, "success", number))
    considered = tuple(
        Considered(provider=name, model=each, kept=True, reason="use case listed, preferred for it")
        for name, each in _PROVIDERS
    )
    return RequestEvent(
        id=new_ulid(clock),
        timestamp=clock.utcnow(),
        principal=Principal(
            kind="key", id=f"key{number % 40}", name=f"{account} service", role="service", accounts=(account,)
        ),
        account_id=account,
        use_case=use_case,
        provider=provider,
        model=model,
        status="success" if number % 40 else "error",
        error_code=None if number % 40 else "PROVIDER_ERROR",
        usage=Usage(input_tokens=800 + number % 900, cache_read_tokens=number % 300, output_tokens=90 + number % 400),
        cost=450_000 + number,
        latency_ms=350.0 + (number * 37) % 4_000,
        first_token_ms=120.0 + (number * 17) % 900 if number % 2 else None,
        streamed=bool(number % 2),
        cached=False,
        decision=Decision(
            use_case=use_case,
            revision=7,
            estimated_input_tokens=1_000,
            considered=considered,
            attempts=tuple(attempts),
        ),
        request_id=f"request-{number}",
        address="10.0.0.7",
    )


def sample_intent(event: RequestEvent) -> Intent:
    """Return the call that ``event`` began with."""
    return Intent(
        event_id=event.id,
        number=1,
        at=event.timestamp,
        request_id=event.request_id,
        principal=event.principal,
        account_id=event.account_id,
        use_case=event.use_case,
        provider=event.provider or "",
        model=event.model or "",
        reason="first",
        streamed=event.streamed,
        address=event.address,
        bound=2_000_000,
        estimated_input_tokens=1_000,
    )


def _attempt(number: int, provider: str, model: str, outcome: str, seed: int) -> Attempt:
    return Attempt(
        number=number,
        provider=provider,
        model=model,
        outcome=outcome,
        latency_ms=350.0 + (seed * 37) % 4_000,
        reason="first" if number == 1 else "repeat",
    )
