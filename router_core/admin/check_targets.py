"""Which upstreams active checks ask."""

from collections.abc import Iterable

from router_core.attempts.key_choice import KeyChoice
from router_core.health.upstream_checks import CheckTarget
from router_core.ports import ConfigSource
from router_core.resilience.upstream import Upstream
from router_core.types import ProviderConfig, Secret

__all__ = ["check_targets"]


def check_targets(config: ConfigSource, keys: KeyChoice) -> Iterable[CheckTarget]:
    """Return one target for the upstream of each active row that has a key: where its next call would rather go.

    Left alone are upstreams that an operator holds open, and those whose credential rests.
    """
    snapshot = config.snapshot()
    rows: dict[str, list[ProviderConfig]] = {}
    secrets: dict[str, Secret] = {}
    for provider in snapshot.providers:
        found = keys.likeliest(provider) if provider.is_active and snapshot.flags.allows(provider.kind) else None
        if found is not None and not _left_alone(found.upstream):
            rows.setdefault(found.upstream.id, []).append(provider)
            secrets[found.upstream.id] = found.key.secret
    return [
        CheckTarget(provider=shared[0], names=tuple(row.name for row in shared), key=secrets[upstream])
        for upstream, shared in rows.items()
    ]


def _left_alone(upstream: Upstream) -> bool:
    forced = upstream.breaker.get_state().forced
    return (forced is not None and forced.phase == "OPEN") or upstream.resting() is not None
