"""Which providers may serve a request, in which order, and why not the others. Pure: no clock, no network, no state."""

from collections.abc import Callable, Iterable

import msgspec
from msgspec import Struct

from router_core.errors import (
    CircuitBreakerOpenError,
    InvalidAPIKeyError,
    LLMError,
    ModelNotFoundError,
    OverloadedError,
    ProviderError,
    ProviderUnavailableError,
    TokenLimitExceededError,
    ValidationError,
)
from router_core.types import (
    Candidate,
    Considered,
    Decision,
    Dropped,
    ImagePart,
    LLMRequest,
    Plan,
    ProviderConfig,
    Snapshot,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)
from router_core.types.plan import DropCode

__all__ = ["Absence", "estimate_input_tokens", "explain", "refusal", "select"]

USE_CASE_PREFIX = "use-case:"
BYTES_PER_TOKEN = 4
JSON_BYTES_PER_TOKEN = 3
BYTES_PER_TOOL = 90
TOKENS_FOR_TOOLS = 346
TOKENS_PER_IMAGE = 800
TOKENS_PER_MESSAGE = 4


class Absence(Struct, frozen=True):
    """Why a fitting provider cannot be used right now; ``wait_ms`` is how long that lasts, when known.

    ``error`` is what made a provider rest.
    """

    code: DropCode
    reason: str
    wait_ms: int = 0
    error: ProviderError | None = None


_PASSING = frozenset({"breaker_open", "resting", "saturated"})

Availability = Callable[[ProviderConfig], Absence | None]


class _Need(Struct, frozen=True):
    """What a request demands of a model."""

    vision: bool
    tools: bool
    json_schema: bool
    temperature: float | None
    input_tokens: int
    max_tokens: int | None


def select(request: LLMRequest, snapshot: Snapshot, account_id: str | None, availability: Availability) -> Plan:
    """Return the ordered plan for ``request``.

    An explicit model or provider name comes first; otherwise the providers of the use case, account-specific before
    global, the preferred model before others, non-default before default; then the default provider.
    Raises :class:`ModelNotFoundError` for an unknown override and :class:`ValidationError` for an unknown use case.
    """
    need = _need_of(request)
    candidates: list[Candidate] = []
    dropped: list[Dropped] = []
    for provider, reason in _ordered(request, snapshot, account_id):
        misfit = _misfit(provider, need, snapshot) or availability(provider)
        if misfit is not None:
            dropped.append(Dropped(provider, misfit.code, misfit.reason))
            continue
        candidates.append(Candidate(provider, _output_limit(provider, need), reason))
    policy = snapshot.policy(_target(request)[1])
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
    if "context" in by_code:
        return TokenLimitExceededError(f"The request does not fit any model: {by_code['context'].reason}")
    if "temperature" in by_code:
        return ValidationError(by_code["temperature"].reason, field="temperature")
    reasons = "; ".join(f"{each.provider.name}: {each.reason}" for each in plan.dropped[:4])
    return ProviderUnavailableError(f"No provider is eligible ({reasons})" if reasons else "No provider is configured")


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
        use_case=_target(request)[1],
        revision=snapshot.revision,
        estimated_input_tokens=plan.estimated_input_tokens,
        considered=(*kept, *lost),
    )


def estimate_input_tokens(request: LLMRequest) -> int:
    """Return an upper estimate of what the model will read: a token per four UTF-8 bytes of text and three of JSON, 800
    per image, and what vendors wrap tools in (346 tokens at Anthropic).
    """
    size = _size(request.prompt) + _size(request.system_prompt)
    images, turns, encoded, wrapped = len(request.images), 1, 0, 0
    for message in request.messages or ():
        turns += 1
        if isinstance(message.content, str):
            size += _size(message.content)
            continue
        for part in message.content:
            match part:
                case TextPart():
                    size += _size(part.text)
                case ImagePart():
                    images += 1
                case ToolCallPart():
                    encoded += _json_size(part.args)
                case ToolResultPart():
                    encoded += _json_size(part.result)
    for name, tool in (request.tools or {}).items():
        wrapped = TOKENS_FOR_TOOLS
        encoded += _size(name) + _size(tool.description) + _json_size(tool.parameters) + BYTES_PER_TOOL
    if request.response_format is not None:
        encoded += _json_size(request.response_format.schema)
    tokens = size // BYTES_PER_TOKEN + -(-encoded // JSON_BYTES_PER_TOKEN) + wrapped
    return tokens + images * TOKENS_PER_IMAGE + turns * TOKENS_PER_MESSAGE


def _json_size(value: object) -> int:
    return len(msgspec.json.encode(value, enc_hook=str))


def _size(text: str | None) -> int:
    if text is None:
        return 0
    return len(text) if text.isascii() else len(text.encode("utf-8", "replace"))


def _need_of(request: LLMRequest) -> _Need:
    in_messages = any(
        isinstance(part, ImagePart)
        for message in request.messages or ()
        if not isinstance(message.content, str)
        for part in message.content
    )
    return _Need(
        vision=bool(request.images) or in_messages,
        tools=bool(request.tools),
        json_schema=request.response_format is not None,
        temperature=request.temperature,
        input_tokens=estimate_input_tokens(request),
        max_tokens=request.max_tokens,
    )


def _ordered(request: LLMRequest, snapshot: Snapshot, account_id: str | None) -> Iterable[tuple[ProviderConfig, str]]:
    override, use_case = _target(request)
    if override is not None:
        return _explicit(override, snapshot, account_id)
    if not snapshot.knows_use_case(use_case, account_id):
        raise ValidationError("unknown use case", field="useCase")
    return _for_use_case(use_case, snapshot, account_id)


def _target(request: LLMRequest) -> tuple[str | None, str]:
    """Return the explicit model or provider, if any, and the use case; ``use-case:draft`` as a model is a use case."""
    override = request.model_override
    if override is not None and override.startswith(USE_CASE_PREFIX):
        return None, override.removeprefix(USE_CASE_PREFIX)
    return override, request.use_case


def _explicit(override: str, snapshot: Snapshot, account_id: str | None) -> list[tuple[ProviderConfig, str]]:
    named = snapshot.for_name(override, account_id)
    if named is not None:
        return [(named, "explicit provider")]
    same_model = snapshot.for_model(override, account_id)
    if not same_model:
        raise ModelNotFoundError("No configured provider serves the requested model")
    return [(each, "explicit model") for each in sorted(same_model, key=_scope_then_default)]


def _scope_then_default(provider: ProviderConfig) -> tuple[bool, bool]:
    return provider.account_id is None, provider.is_default


def _for_use_case(use_case: str, snapshot: Snapshot, account_id: str | None) -> list[tuple[ProviderConfig, str]]:
    preferred = snapshot.preferences.get(use_case)
    listed = sorted(
        snapshot.for_use_case(use_case, account_id),
        key=lambda each: (each.account_id is None, each.model != preferred, each.is_default),
    )
    order = [(each, _why(each, use_case, preferred)) for each in listed]
    order.extend((each, "default provider") for each in snapshot.defaults(account_id) if each not in listed)
    return order


def _why(provider: ProviderConfig, use_case: str, preferred: str | None) -> str:
    own = "account's own, " if provider.account_id is not None else ""
    if provider.model == preferred:
        return f"{own}preferred model for {use_case}"
    return f"{own}serves {use_case}"


def _output_limit(provider: ProviderConfig, need: _Need) -> int:
    room = provider.context_window - need.input_tokens
    return min(need.max_tokens or provider.max_tokens, provider.max_tokens, room)


def _misfit(provider: ProviderConfig, need: _Need, snapshot: Snapshot) -> Absence | None:
    if not provider.is_active:
        return Absence("inactive", "switched off")
    if not snapshot.flags.allows(provider.kind):
        return Absence("flag_off", f"the feature flag for {provider.kind} is off")
    return _incapable(provider, need)


def _incapable(provider: ProviderConfig, need: _Need) -> Absence | None:
    can = provider.capabilities
    if need.vision and not can.vision:
        return Absence("vision", "takes no images")
    if need.tools and not can.tools:
        return Absence("tools", "takes no tools")
    if need.json_schema and not can.json_schema:
        return Absence("json_schema", "cannot answer to a JSON schema")
    if need.temperature is not None and can.max_temperature is not None and need.temperature > can.max_temperature:
        return Absence("temperature", f"temperature is above {can.max_temperature:g}")
    if _output_limit(provider, need) < 1:
        return Absence("context", f"about {need.input_tokens} tokens, the model takes {provider.context_window}")
    return None
