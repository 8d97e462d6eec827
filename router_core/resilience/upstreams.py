"""Finds the upstream of a provider row and a key, and carries the news of all breakers."""

from collections import OrderedDict
from hashlib import blake2b

from router_core.clock import Clock
from router_core.resilience.circuit_breaker import CircuitBreaker, TransitionListener
from router_core.resilience.rest import Rest
from router_core.resilience.row_calls import RowCalls
from router_core.resilience.upstream import Upstream, UpstreamPolicy
from router_core.types import BreakerTransition, ProviderConfig, ProviderKind, Secret, UpstreamKey, model_family

__all__ = ["Upstreams"]

MOST_UPSTREAMS = 10_000
MOST_PENDING = 1_000
_FINGERPRINT_BYTES = 5
_Use = tuple[ProviderKind, str | None, str, Secret]


class Upstreams:
    """One :class:`Upstream` for each vendor, credential and model family, made when first asked for.

    ``node`` names this process in what it announces. It belongs to one event loop; reading from another thread is
    safe.
    """

    __slots__ = ("_by_id", "_by_use", "_clock", "_credentials", "_listeners", "_node", "_pending", "_policy", "_rows")

    def __init__(self, policy: UpstreamPolicy, clock: Clock, node: str = "") -> None:
        self._policy = policy
        self._clock = clock
        self._node = node
        self._by_use: dict[_Use, Upstream] = {}
        self._by_id: dict[str, Upstream] = {}
        self._credentials: dict[str, Rest] = {}
        self._rows = RowCalls()
        self._listeners: list[TransitionListener] = []
        self._pending: OrderedDict[str, list[BreakerTransition]] = OrderedDict()

    def of(self, provider: ProviderConfig, key: Secret) -> Upstream:
        """Return the upstream that a call to ``provider`` with ``key`` goes to."""
        use = (provider.kind, provider.base_url, provider.model, key)
        found = self._by_use.get(use)
        return found if found is not None else self._meet(use)

    def find(self, upstream_id: str) -> Upstream | None:
        """Return the upstream with that id, if anyone asked for it yet."""
        return self._by_id.get(upstream_id)

    def all(self) -> list[Upstream]:
        """Return every upstream, in the order in which they were first used."""
        return list(self._by_id.values())

    def subscribe(self, listener: TransitionListener) -> None:
        """Let ``listener`` know of every transition that happens here, as it happens; not of what is heard."""
        self._listeners.append(listener)

    def hear(self, heard: BreakerTransition) -> None:
        """Follow what another process saw; for an upstream that is not known yet, when it is."""
        upstream = self._by_id.get(heard.upstream)
        if upstream is not None:
            self._apply(upstream, heard)
            return
        # An operator's act outlasts what calls show after it; of either kind the newest is enough.
        acts = [each for each in self._pending.pop(heard.upstream, ()) if each.actor is not None]
        self._pending[heard.upstream] = [heard] if heard.actor is not None else [*acts, heard]
        if len(self._pending) > MOST_PENDING:
            self._pending.popitem(last=False)

    def _apply(self, upstream: Upstream, heard: BreakerTransition) -> None:
        if heard.cause == "reset":
            upstream.relax()
        upstream.breaker.obey(heard)

    def _announce(self, transition: BreakerTransition) -> None:
        for listener in self._listeners:
            listener(transition)

    def _meet(self, use: _Use) -> Upstream:
        kind, base_url, model, key = use
        named = UpstreamKey(kind, _fingerprint(kind, base_url, key), model_family(model))
        upstream = self._by_id.get(str(named))
        if upstream is None:
            self._forget_quiet()
            upstream = self._by_id[str(named)] = self._make(named)
            for heard in self._pending.pop(upstream.id, ()):
                self._apply(upstream, heard)
        self._by_use[use] = upstream
        return upstream

    def _make(self, key: UpstreamKey) -> Upstream:
        breaker = CircuitBreaker(
            self._policy.breaker, self._clock, name=str(key), node=self._node, on_change=self._announce
        )
        shared = self._credentials.setdefault(key.credential, Rest(self._clock))
        return Upstream(key, self._policy, self._clock, breaker, shared, self._rows)

    def _forget_quiet(self) -> None:
        """Make room, when keys were rotated or accounts came and went: nothing is lost with a quiet upstream."""
        if len(self._by_id) < MOST_UPSTREAMS:
            return
        self._by_id = {name: each for name, each in self._by_id.items() if not each.is_quiet()}
        kept = set(map(id, self._by_id.values()))
        self._by_use = {use: each for use, each in self._by_use.items() if id(each) in kept}
        alive = {each.key.credential for each in self._by_id.values()}
        self._credentials = {name: rest for name, rest in self._credentials.items() if name in alive}


def _fingerprint(kind: ProviderKind, base_url: str | None, key: Secret) -> str:
    told = f"{kind}\0{base_url or ''}\0{key.reveal()}".encode()
    return blake2b(told, digest_size=_FINGERPRINT_BYTES, person=b"sbx upstream").hexdigest()
