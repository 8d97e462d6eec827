"""Who is considered for a request, in the order that holds where no strategy changes it."""

from collections.abc import Iterator
from itertools import islice

from msgspec import structs

from router_core.errors import ModelNotFoundError, ValidationError
from router_core.types import LLMRequest, ProviderConfig, Snapshot, UseCasePolicy
from router_core.types.request import EMBEDDING_MODEL, STANDARD_USE_CASES

__all__ = ["Standing", "explicit", "for_use_case", "is_use_case", "lending", "require_use_case", "target_of"]

USE_CASE_PREFIX = "use-case:"
MOST_LENDERS = 8
Standing = tuple[ProviderConfig, str]


def target_of(request: LLMRequest) -> tuple[str | None, str]:
    """Return the explicit model or provider, if any, and the use case; ``use-case:draft`` as a model is a use case."""
    override = request.model_override
    if override is not None and override.startswith(USE_CASE_PREFIX):
        return None, override.removeprefix(USE_CASE_PREFIX)
    return override, request.use_case


def explicit(override: str, snapshot: Snapshot, account_id: str | None) -> list[Standing]:
    """Return the provider called ``override``, or those of that model. Raises :class:`ModelNotFoundError`."""
    named = snapshot.for_name(override, account_id)
    if named is not None:
        return [(named, "explicit provider")]
    same_model = snapshot.for_model(override, account_id)
    if not same_model:
        raise ModelNotFoundError("No configured provider serves the requested model")
    return [(each, "explicit model") for each in sorted(same_model, key=_scope_then_default)]


def lending(model: str, snapshot: Snapshot, account_id: str | None) -> list[Standing]:
    """Return who embeds with ``model``: those that are configured for it, else OpenAI's rows, for their upstream.

    Embedding models need no row of their own, as every key of the vendor takes them; the account's own rows come first.
    Raises :class:`ModelNotFoundError` where there are none, or the name is not one of an embedding model.
    """
    if snapshot.for_name(model, account_id) is not None or snapshot.for_model(model, account_id):
        return explicit(model, snapshot, account_id)
    own = snapshot.of_account(account_id) if account_id is not None else []
    rows = (each for each in (*own, *snapshot.of_account(None)) if each.kind == "openai" and each.is_active)
    lenders = list(islice(rows, MOST_LENDERS)) if EMBEDDING_MODEL.fullmatch(model) else []
    if not lenders:
        raise ModelNotFoundError("No configured provider serves the requested model")
    return [(structs.replace(each, model=model), "lends its upstream") for each in lenders]


def require_use_case(use_case: str, snapshot: Snapshot, account_id: str | None) -> None:
    """Raise :class:`ValidationError` for a use case that is none, so that nobody fills records with names."""
    if not is_use_case(use_case, snapshot, account_id):
        raise ValidationError("unknown use case", field="useCase")


def is_use_case(use_case: str, snapshot: Snapshot, account_id: str | None) -> bool:
    """Say whether ``use_case`` is one of the standard ones, which may be without a provider, or configured."""
    return use_case in STANDARD_USE_CASES or snapshot.knows_use_case(use_case, account_id)


def for_use_case(use_case: str, policy: UseCasePolicy, snapshot: Snapshot, account_id: str | None) -> list[Standing]:
    """Return those that the policy's order names, those that list the use case, the default providers, and its canary.

    Account-specific ones stand before global ones, the preferred model before others, non-default before default.
    Raises :class:`ValidationError` for an unknown use case.
    """
    if not snapshot.knows_use_case(use_case, account_id):
        raise ValidationError("unknown use case", field="useCase")
    if policy.keeps_default_order:
        return list(_by_default(use_case, snapshot, account_id))
    found = {name: row for name in policy.order if (row := snapshot.for_name(name, account_id)) is not None}
    count = len(policy.order)
    listed = [
        (row, f"order: {place} of {count}") for place, name in enumerate(policy.order, 1) if (row := found.get(name))
    ]
    tail = "not in the order, " if policy.order else ""
    listed += [
        (row, f"{tail}{reason}") for row, reason in _by_default(use_case, snapshot, account_id) if row.name not in found
    ]
    canary = None if policy.canary is None else snapshot.for_name(policy.canary.provider, account_id)
    if canary is not None and all(row is not canary for row, _ in listed):
        listed.append((canary, "canary"))
    return listed


def _by_default(use_case: str, snapshot: Snapshot, account_id: str | None) -> Iterator[Standing]:
    preferred = snapshot.preferences.get(use_case)
    for each in snapshot.for_use_case(use_case, account_id):
        own = "account's own, " if each.account_id is not None else ""
        what = "preferred model for" if each.model == preferred else "serves"
        yield each, f"{own}{what} {use_case}"
    for each in snapshot.defaults(account_id):
        if use_case not in each.use_cases:
            yield each, "default provider"


def _scope_then_default(provider: ProviderConfig) -> tuple[bool, bool]:
    return provider.account_id is None, provider.is_default
