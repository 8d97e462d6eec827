"""The newest transitions of all breakers, this process's own and those it heard of."""

from collections.abc import Iterable, Sequence

from router_core.types import BreakerTransition

__all__ = ["TransitionTail"]

DEFAULT_CAPACITY = 200


class TransitionTail:
    """Keeps the newest ``capacity`` transitions, and the newest of each upstream; each is kept once, by its id.

    ``add`` is a listener for whoever announces transitions. Safe to be read from any thread.
    """

    __slots__ = ("_by_id", "_capacity", "_newest")

    def __init__(self, capacity: int = DEFAULT_CAPACITY) -> None:
        self._capacity = capacity
        self._by_id: dict[str, BreakerTransition] = {}
        self._newest: dict[str, BreakerTransition] = {}

    def add(self, transition: BreakerTransition) -> None:
        """Keep ``transition``."""
        self.extend((transition,))

    def extend(self, transitions: Iterable[BreakerTransition]) -> None:
        """Keep ``transitions``, in whatever order they come."""
        kept = dict(self._by_id)
        for each in transitions:
            kept[each.id] = each
            known = self._newest.get(each.upstream)
            if known is None or (known.at, known.id) <= (each.at, each.id):
                self._newest[each.upstream] = each
        if len(kept) > self._capacity:
            newest = sorted(kept.values(), key=_age)[-self._capacity :]
            kept = {each.id: each for each in newest}
            self._newest = {name: each for name, each in self._newest.items() if each.id in kept}
        self._by_id = kept

    def newest(self, upstream: str) -> BreakerTransition | None:
        """Return the newest transition of ``upstream``, None when none is known."""
        return self._newest.get(upstream)

    def recent(self) -> Sequence[BreakerTransition]:
        """Return what is kept, newest first."""
        return sorted(self._by_id.values(), key=_age, reverse=True)


def _age(transition: BreakerTransition) -> tuple[object, str]:
    return transition.at, transition.id
