"""What operators are shown of upstreams and use cases."""

from msgspec import Struct

from router_core.types import PolicyFault, UpstreamState, UseCasePolicy

__all__ = ["UpstreamView", "UseCaseView"]


class UpstreamView(Struct, frozen=True, kw_only=True, rename="camel"):
    """An upstream and the names of the provider rows that share it."""

    state: UpstreamState
    providers: tuple[str, ...]


class UseCaseView(Struct, frozen=True, kw_only=True, rename="camel"):
    """How a use case is served: ``policy`` is in force, ``is_default`` says that nobody set it.

    ``providers`` are the names of the rows that list it, ``faults`` what the policy says that does not hold, such as a
    provider in its order that is gone.
    """

    use_case: str
    policy: UseCasePolicy
    is_default: bool
    providers: tuple[str, ...]
    faults: tuple[PolicyFault, ...] = ()
