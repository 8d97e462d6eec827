"""Counts what a model would read of a request: its vendor does where it can, for nothing, else we estimate."""

from router_core.attempts.key_choice import KeyChoice
from router_core.clock import Clock
from router_core.errors import InvalidAPIKeyError, ProviderError, ProviderUnavailableError
from router_core.ports import AdapterSource
from router_core.resilience.deadline import Deadline
from router_core.types import CallTimeouts, Candidate, LLMRequest, Plan, ProviderCall, TokenCount

__all__ = ["MOST_SECONDS", "counted"]

# For all candidates together.
MOST_SECONDS = 10.0


async def counted(
    request: LLMRequest, plan: Plan, adapters: AdapterSource, keys: KeyChoice, clock: Clock
) -> TokenCount:
    """Return the count of the first candidate of ``plan`` that gives one; each is asked once.

    What becomes of it says nothing about a provider's health and opens no breaker. Raises the last
    :class:`ProviderError` where all failed, :class:`ProviderUnavailableError` where there is none to ask.
    """
    deadline = Deadline(clock, MOST_SECONDS)
    for candidate in plan.candidates:
        provider = candidate.provider
        adapter = await adapters.adapter(provider.kind)
        try:
            found = await adapter.count_tokens(_call(request, candidate, keys, deadline.remaining()))
        except ProviderError as error:
            if candidate is plan.candidates[-1] or not error.retry_other or deadline.remaining() <= 0:
                raise
            continue
        tokens = plan.estimated_input_tokens if found is None else found
        return TokenCount(tokens=tokens, estimated=found is None, provider=provider.name, model=provider.model)
    raise ProviderUnavailableError("No provider is eligible")


def _call(request: LLMRequest, candidate: Candidate, keys: KeyChoice, seconds: float) -> ProviderCall:
    provider = candidate.provider
    place = keys.draw(provider)
    if place is None:
        raise InvalidAPIKeyError(f"API key not found for provider: {provider.kind}", provider=provider.name)
    timeouts = CallTimeouts(first_token=seconds, total=seconds)
    return ProviderCall(
        request=request, provider=provider, key=place.key.secret, max_tokens=candidate.max_tokens, timeouts=timeouts
    )
