"""What a policy of a use case says about providers that are not as it takes them to be."""

from collections.abc import Iterator, Mapping

from msgspec import Struct

from router_core.types.config import ProviderConfig
from router_core.types.use_case import UseCasePolicy

__all__ = ["PolicyFault", "policy_faults"]


class PolicyFault(Struct, frozen=True):
    """``field`` is the policy's field as documents spell it, such as ``canary.provider``.

    A policy is refused for it when it is set, unless it is ``harmless``. Providers come and go after that: requests are
    served all the same, whoever is not there is passed over.
    """

    field: str
    message: str
    harmless: bool = False


def policy_faults(use_case: str, policy: UseCasePolicy, rows: Mapping[str, ProviderConfig]) -> list[PolicyFault]:
    """Return every fault of ``policy`` where ``rows`` are the providers by name."""
    return [
        *(_unknown("order", name) for name in policy.order if rows.get(name) is None),
        *_of_weights(use_case, policy, rows),
        *_of_canary(policy, rows),
    ]


def _of_weights(use_case: str, policy: UseCasePolicy, rows: Mapping[str, ProviderConfig]) -> Iterator[PolicyFault]:
    for name in policy.weights:
        row = rows.get(name)
        if row is None:
            yield _unknown("weights", name)
        elif use_case not in row.use_cases and name not in policy.order:
            yield PolicyFault("weights", f"provider {name!r} does not serve {use_case!r}; name it in `order` too")
        elif policy.strategy != "weighted":
            yield PolicyFault(
                "weights", f"the weight of {name!r} counts with the strategy weighted only", harmless=True
            )


def _of_canary(policy: UseCasePolicy, rows: Mapping[str, ProviderConfig]) -> Iterator[PolicyFault]:
    if policy.canary is None:
        return
    name = policy.canary.provider
    row = rows.get(name)
    if row is None:
        yield _unknown("canary.provider", name)
        return
    if not row.is_active:
        yield PolicyFault("canary.provider", f"provider {name!r} is switched off")
    if row.account_id is not None:
        yield PolicyFault("canary.provider", f"only one account sees provider {name!r}", harmless=True)


def _unknown(field: str, name: str) -> PolicyFault:
    return PolicyFault(field, f"there is no provider {name!r}")
