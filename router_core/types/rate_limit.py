"""How fast somebody may ask: limits as they are set, and the buckets that they are kept in."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final, Literal

from msgspec import Struct

from router_core.types.budget import Payer
from router_core.types.limits import ProviderLimits

__all__ = [
    "BURST_SECONDS",
    "Bucket",
    "DefaultLimit",
    "Limit",
    "LimitBook",
    "LimitScope",
    "LimitUnit",
    "burst_of",
    "provider_limit",
]

LimitScope = Literal["account", "key", "use_case", "provider"]
LimitUnit = Literal["requests", "tokens", "concurrency"]

# What may be asked for at once where nobody said: as much as comes in five seconds.
BURST_SECONDS = 5
SECONDS_A_MINUTE = 60


class Bucket(Struct, frozen=True):
    """One thing that is limited: ``capacity`` units at most, ``per_second`` of them come back in a second.

    Of ``concurrency`` none comes back by itself: a unit is held until its request ends.
    """

    key: str
    scope: LimitScope
    unit: LimitUnit
    capacity: float
    per_second: float = 0.0


class Limit(Struct, frozen=True, kw_only=True, rename="camel"):
    """What ``target`` may ask for: an id of an account or key, or a name. None is no limit of that kind.

    ``burst`` is how many requests may come at once, ``concurrency`` how many may be under way. ``tokens_per_minute``
    counts what is read and written.
    """

    scope: LimitScope
    target: str
    requests_per_second: float | None = None
    burst: int | None = None
    tokens_per_minute: int | None = None
    concurrency: int | None = None
    version: int = 1

    def buckets(self, resets: int = 0) -> tuple[Bucket, ...]:
        """Return what it is kept in after so many resets, requests first."""
        found, place = [], f"{self.scope}:{self.target}"
        after = _after(resets)
        if self.requests_per_second is not None:
            capacity = float(burst_of(self.requests_per_second, self.burst))
            found.append(Bucket(f"{place}:requests{after}", self.scope, "requests", capacity, self.requests_per_second))
        if self.tokens_per_minute is not None:
            tokens = float(self.tokens_per_minute)
            found.append(Bucket(f"{place}:tokens{after}", self.scope, "tokens", tokens, tokens / SECONDS_A_MINUTE))
        if self.concurrency is not None:
            found.append(Bucket(f"{place}:concurrency{after}", self.scope, "concurrency", float(self.concurrency)))
        return tuple(found)


def provider_limit(name: str, limits: ProviderLimits) -> Limit:
    """Return what a provider row grants in a time, without the calls at once, which each process bounds by itself."""
    return Limit(
        scope="provider",
        target=name,
        requests_per_second=limits.requests_per_second,
        burst=limits.burst,
        tokens_per_minute=limits.tokens_per_minute,
    )


class DefaultLimit(Struct, frozen=True):
    """The requests a second, and at once, of accounts without a limit of their own."""

    requests_per_second: float
    burst: int


NO_RESETS: Final[Mapping[tuple[LimitScope, str], int]] = MappingProxyType({})


class LimitBook:
    """All limits at one revision, found by whom they limit.

    ``default`` is the request limit of accounts without one of their own; None leaves them without. ``resets`` counts
    how often the buckets of a target began anew: they have other names each time, so whoever keeps them has them full.
    """

    __slots__ = ("_buckets", "_by_target", "default", "limits", "resets")

    def __init__(
        self,
        limits: Iterable[Limit] = (),
        *,
        default: DefaultLimit | None = None,
        resets: Mapping[tuple[LimitScope, str], int] = NO_RESETS,
    ) -> None:
        self.limits = tuple(limits)
        self.default = default
        self.resets = resets
        self._by_target = {(each.scope, each.target): each for each in self.limits}
        self._buckets = {place: self.buckets_of(self._completed(each)) for place, each in self._by_target.items()}

    def own(self, scope: LimitScope, target: str) -> Limit | None:
        """Return what was set for one target."""
        return self._by_target.get((scope, target))

    def of(self, scope: LimitScope, target: str) -> Limit:
        """Return what holds for one target: what was set, and for accounts the default of what was not."""
        return self._completed(self.own(scope, target) or Limit(scope=scope, target=target))

    def buckets(self, scope: LimitScope, target: str) -> tuple[Bucket, ...]:
        """Return the buckets of one target."""
        found = self._buckets.get((scope, target))
        if found is not None:
            return found
        default = self.default
        if scope != "account" or default is None:
            return ()
        rate, burst = default.requests_per_second, float(default.burst)
        after = _after(self.resets.get((scope, target), 0)) if self.resets else ""
        return (Bucket(f"account:{target}:requests{after}", "account", "requests", burst, rate),)

    def buckets_of(self, limit: Limit) -> tuple[Bucket, ...]:
        """Return what ``limit`` is kept in, whether it is of this book or of a provider's row."""
        return limit.buckets(self.resets.get((limit.scope, limit.target), 0))

    def of_payer(self, payer: Payer) -> tuple[Bucket, ...]:
        """Return what limits ``payer``, whoever the provider is."""
        found = () if payer.account_id is None else self.buckets("account", payer.account_id)
        if self._buckets:
            if payer.key_id is not None:
                found += self.buckets("key", payer.key_id)
            found += self.buckets("use_case", payer.use_case)
        return found

    def _completed(self, limit: Limit) -> Limit:
        default = self.default
        if limit.scope != "account" or limit.requests_per_second is not None or default is None:
            return limit
        return Limit(
            scope="account",
            target=limit.target,
            requests_per_second=default.requests_per_second,
            burst=default.burst,
            tokens_per_minute=limit.tokens_per_minute,
            concurrency=limit.concurrency,
            version=limit.version,
        )


def _after(resets: int) -> str:
    return f":{resets}" if resets else ""


def burst_of(requests_per_second: float, burst: int | None) -> int:
    """Return how many requests may come at once: as set, else what comes in five seconds, at least one."""
    return burst if burst is not None else max(1, round(requests_per_second * BURST_SECONDS))
