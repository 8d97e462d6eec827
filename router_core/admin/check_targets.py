"""Which upstreams active checks ask."""

from collections.abc import Callable, Iterable

from router_core.health.upstream_checks import CheckTarget
from router_core.ports import ConfigSource, KeySource
from router_core.resilience.upstream import Upstream
from router_core.types import ProviderConfig

__all__ = ["check_targets"]


def check_targets(
    config: ConfigSource, keys: KeySource, upstream_of: Callable[[ProviderConfig], Upstream | None]
) -> Iterable[CheckTarget]:
    """Return one target for each upstream of an active row that has a key.

    Left alone are upstreams that an operator holds open, and those whose credential rests.
    """
    snapshot = config.snapshot()
    rows: dict[str, list[ProviderConfig]] = {}
    for provider in snapshot.providers:
        upstream = upstream_of(provider) if provider.is_active and snapshot.flags.allows(provider.kind) else None
        if upstream is not None and not _left_alone(upstream):
            rows.setdefault(upstream.id, []).append(provider)
    targets = []
    for shared in rows.values():
        key = keys.key_for(shared[0])
        if key is not None:
            targets.append(CheckTarget(provider=shared[0], names=tuple(row.name for row in shared), key=key))
    return targets


def _left_alone(upstream: Upstream) -> bool:
    forced = upstream.breaker.get_state().forced
    return (forced is not None and forced.phase == "OPEN") or upstream.resting() is not None
