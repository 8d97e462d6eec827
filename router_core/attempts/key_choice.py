"""Which of a row's keys the next call carries: of those that can be used one is drawn, each with its upstream."""

from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

from router_core.ports import KeySource
from router_core.resilience.upstream import Upstream
from router_core.resilience.upstreams import Upstreams
from router_core.types import ProviderConfig, UsableKey

__all__ = ["KeyChoice", "Keyed"]


class Keyed(NamedTuple):
    """A key, and where calls with it are judged together."""

    key: UsableKey
    upstream: Upstream


class KeyChoice:
    """Finds the upstreams of a row, one for each key, and draws among them; it belongs to one event loop.

    A key that rests, whose breaker is open or that has no room is passed over as long as another one can be used.
    """

    __slots__ = ("_chance", "_keys", "_upstreams")

    def __init__(self, keys: KeySource, upstreams: Upstreams, chance: Callable[[], float]) -> None:
        self._keys = keys
        self._upstreams = upstreams
        self._chance = chance

    def all(self, provider: ProviderConfig) -> Sequence[Keyed]:
        """Return every key of ``provider`` in the order of choice, each with its upstream; none without a key."""
        return [Keyed(key, self._upstreams.of(provider, key.secret)) for key in self._keys.keys_for(provider)]

    def upstream(self, provider: ProviderConfig) -> Upstream | None:
        """Return where the next call to ``provider`` would rather go, None while it has no key."""
        keys = self._keys.keys_for(provider)
        if len(keys) == 1:
            return self._upstreams.of(provider, keys[0].secret)
        found = self.likeliest(provider)
        return None if found is None else found.upstream

    def likeliest(self, provider: ProviderConfig) -> Keyed | None:
        """Return the key that the next call would rather use, else the one that can be used soonest; None without."""
        keys = self._keys.keys_for(provider)
        if len(keys) == 1:
            return Keyed(keys[0], self._upstreams.of(provider, keys[0].secret))
        found = self.all(provider)
        return next((each for each in found if _is_free(each, provider)), None) or _soonest(found)

    def draw(self, provider: ProviderConfig, but: Collection[Upstream] = ()) -> Keyed | None:
        """Return the key of the next call to ``provider``, of those whose upstream is not among ``but``; None without.

        It may be one that cannot be used now, where there is no other.
        """
        keys = self._keys.keys_for(provider)
        if len(keys) == 1 and not but:
            return Keyed(keys[0], self._upstreams.of(provider, keys[0].secret))
        found = [each for each in self.all(provider) if each.upstream not in but]
        free = [each for each in found if _is_free(each, provider)]
        if not free:
            return _soonest(found)
        return _drawn([each for each in free if each.key.rank == free[0].key.rank], self._chance)

    def has_free(self, provider: ProviderConfig, but: Collection[Upstream]) -> bool:
        """Say whether ``provider`` can be called with a key whose upstream is not among ``but``."""
        return any(each.upstream not in but and _is_free(each, provider) for each in self.all(provider))


def _is_free(place: Keyed, provider: ProviderConfig) -> bool:
    upstream = place.upstream
    return upstream.resting() is None and upstream.breaker.wait_ms() == 0 and upstream.has_room(provider)


def _soonest(found: Sequence[Keyed]) -> Keyed | None:
    return min(found, key=lambda each: _wait_ms(each.upstream), default=None)


def _wait_ms(upstream: Upstream) -> int:
    rest = upstream.resting()
    return max(0 if rest is None else rest.wait_ms(), upstream.breaker.wait_ms())


def _drawn(free: Sequence[Keyed], chance: Callable[[], float]) -> Keyed:
    """Return one of ``free``, each as likely as its weight says."""
    if len(free) == 1:
        return free[0]
    left = chance() * sum(each.key.weight for each in free)
    for each in free:
        left -= each.key.weight
        if left < 0:
            return each
    return free[-1]
