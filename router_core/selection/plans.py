"""Which providers may serve a request, in which order, and why not the others. Pure: no clock, no network, no state."""

import re
from collections.abc import Iterable, Mapping

from router_core.errors import (
    CircuitBreakerOpenError,
    ForbiddenError,
    InvalidAPIKeyError,
    LLMError,
    ModelNotFoundError,
    OverloadedError,
    ProviderUnavailableError,
    TokenLimitExceededError,
    ValidationError,
)
from router_core.selection.absence import Absence, Availability
from router_core.selection.needs import misfit, need_of, output_limit
from router_core.selection.signals import Signals
from router_core.selection.standings import explicit, for_use_case, lending, require_use_case, target_of
from router_core.selection.strategies import Asked, arranged
from router_core.types import (
    UNLIMITED,
    Candidate,
    Considered,
    Decision,
    Dropped,
    KeyScopes,
    LLMRequest,
    Plan,
    Snapshot,
    embeds,
)
from router_core.types.plan import DropCode

__all__ = ["explain", "refusal", "select"]

# The first of what is not known, where that is a field's name.
_UNKNOWN = re.compile(r"knows no ([a-z_]+)(?=,|$)")
_PASSING = frozenset({"breaker_open", "resting", "saturated"})
# What an operator or the configuration may change in a moment, so that asking again is worth it.
_SWITCHED = frozenset({"inactive", "flag_off", "limited"})
_NO_SIGNALS = Signals()
_OUT_OF_SCOPE = "not among the models of this API key"


def select(
    request: LLMRequest,
    snapshot: Snapshot,
    account_id: str | None,
    availability: Availability,
    signals: Signals = _NO_SIGNALS,
    scopes: KeyScopes = UNLIMITED,
) -> Plan:
    """Return the ordered plan for ``request``.

    An explicit model or provider name comes first; otherwise the providers of the use case as its policy orders them,
    by default account-specific before global, the preferred model before others, non-default before default; then the
    default provider. What the policy's strategy has to know of the moment comes from ``signals``. Models outside
    ``scopes`` are dropped.
    Raises :class:`ModelNotFoundError` for an unknown override, :class:`ValidationError` for an unknown use case and
    :class:`ForbiddenError` for one outside ``scopes``.
    """
    need = need_of(request)
    override, use_case = target_of(request)
    if scopes.use_cases is not None and use_case not in scopes.use_cases:
        raise ForbiddenError("This API key may not ask for this use case")
    if override is None and request.model_override is not None and not snapshot.knows_use_case(use_case, account_id):
        raise ModelNotFoundError("There is no use case of that name")
    policy = snapshot.policy(use_case)
    if embeds(request):
        considered = lending(override or "", snapshot, account_id)
    elif override is None:
        considered = for_use_case(use_case, policy, snapshot, account_id)
    else:
        require_use_case(use_case, snapshot, account_id)
        considered = explicit(override, snapshot, account_id)
    candidates: list[Candidate] = []
    dropped: list[Dropped] = []
    for provider, reason in considered:
        # Ahead of all else, so that nothing is told of models that are none of the caller's business.
        if scopes.models is not None and provider.model not in scopes.models:
            dropped.append(Dropped(provider, "scope", _OUT_OF_SCOPE))
            continue
        absence = misfit(provider, need, snapshot) or availability(provider)
        if absence is not None:
            dropped.append(Dropped(provider, absence.code, absence.reason))
            continue
        candidates.append(Candidate(provider, output_limit(provider, need), reason))
    if override is None and candidates and not policy.keeps_default_order:
        candidates = arranged(candidates, Asked(request, use_case, account_id, need.input_tokens, policy, signals))
    return Plan(tuple(candidates), tuple(dropped), need.input_tokens, policy)


def refusal(plan: Plan, availability: Availability) -> LLMError:
    """Return the error that says why ``plan`` has no candidate: the reason closest to success wins."""
    by_code: dict[DropCode, Dropped] = {}
    for dropped in plan.dropped:
        by_code.setdefault(dropped.code, dropped)
    if by_code.keys() & _PASSING:
        return _for_now([availability(each.provider) for each in plan.dropped if each.code in _PASSING])
    if "no_key" in by_code:
        kind = by_code["no_key"].provider.kind
        return InvalidAPIKeyError(by_code["no_key"].reason, provider=kind)
    misfit = _asked_too_much(by_code)
    if misfit is not None:
        return misfit
    if "scope" in by_code and not by_code.keys() & _SWITCHED:
        return ForbiddenError("This API key may not use any model that could serve the request")
    reasons = "; ".join(f"{each.provider.name}: {each.reason}" for each in plan.dropped[:4])
    return ProviderUnavailableError(f"No provider is eligible ({reasons})" if reasons else "No provider is configured")


def _asked_too_much(by_code: Mapping[DropCode, Dropped]) -> LLMError | None:
    """Return the error for what another request would get, None when it is not the request's fault."""
    if "context" in by_code:
        return TokenLimitExceededError(f"The request does not fit any model: {by_code['context'].reason}")
    if "temperature" in by_code:
        return ValidationError(by_code["temperature"].reason, field="temperature")
    if "protocol" in by_code and not by_code.keys() & _SWITCHED:
        reason = by_code["protocol"].reason
        field = _UNKNOWN.match(reason)
        said = f"No model that may serve the request takes all of it: {reason}"
        return ValidationError(said, field=None if field is None else field[1])
    return None


def _for_now(absences: Iterable[Absence | None]) -> LLMError:
    """Return the error for what will be over soonest."""
    soonest = min((each for each in absences if each is not None), key=lambda each: each.wait_ms, default=None)
    if soonest is None:
        return ProviderUnavailableError("No provider was eligible a moment ago", retry_after_ms=1_000)
    if soonest.code == "saturated":
        return OverloadedError("Every provider is at its limit", retry_after_ms=soonest.wait_ms)
    if soonest.error is None:
        return CircuitBreakerOpenError(soonest.wait_ms)
    asked = soonest.error
    return type(asked)(
        asked.message, provider=asked.provider, upstream_status=asked.upstream_status, retry_after_ms=soonest.wait_ms
    )


def explain(request: LLMRequest, snapshot: Snapshot, plan: Plan) -> Decision:
    """Return the decision trace of ``plan``, still without attempts."""
    kept = [
        Considered(provider=each.provider.name, model=each.provider.model, kept=True, reason=each.reason)
        for each in plan.candidates
    ]
    lost = [
        Considered(provider=each.provider.name, model=each.provider.model, kept=False, reason=each.reason)
        for each in plan.dropped
    ]
    return Decision(
        use_case=target_of(request)[1],
        revision=snapshot.revision,
        estimated_input_tokens=plan.estimated_input_tokens,
        considered=(*kept, *lost),
    )
