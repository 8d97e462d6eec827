"""The facade of rate limits: what holds for whom, how it stands, and the way to change it or to begin anew."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from msgspec import Struct, structs

from router_core.admin.action_trail import ActionTrail
from router_core.admin.acts import act_of
from router_core.clock import Clock
from router_core.errors import ForbiddenError, NotFoundError
from router_core.ports import (
    AccountStore,
    ApiKeyStore,
    BucketState,
    ConfigSource,
    ConfigStore,
    LimitSettings,
    RequestLimiter,
)
from router_core.ports.keeping import refuse_rate
from router_core.rate_limiting.memory_limiter import LimiterStats
from router_core.security.permissions import require
from router_core.types import (
    EVERY_ACCOUNT,
    Authorship,
    Bucket,
    Limit,
    LimitBook,
    LimitScope,
    LimitUnit,
    Principal,
    ProviderConfig,
    ProviderLimits,
    provider_limit,
)

__all__ = ["BucketView", "LimitDesk", "LimitDeskParts", "LimitOrder", "LimitReset", "LimitView"]

MOST_ACCOUNTS: Final = 1_000
_FIGURES: Final = ("requests_per_second", "burst", "tokens_per_minute", "concurrency")


class LimitOrder(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What a target may ask for from now on; None is no limit of that kind, or an account's default."""

    requests_per_second: float | None = None
    burst: int | None = None
    tokens_per_minute: int | None = None
    concurrency: int | None = None


class BucketView(Struct, frozen=True, kw_only=True, rename="camel"):
    """One thing that is limited: units of ``capacity`` that are ``left`` now, below 0 in debt; ``throttled`` counts the
    requests that it refused in the last 10 to 15 minutes.
    """

    unit: LimitUnit
    capacity: float
    left: float
    throttled: int


class LimitView(Struct, frozen=True, kw_only=True, rename="camel"):
    """A limit and how it stands; ``own`` says whether somebody set it, else it is the default of accounts.

    ``processes`` above 1 says that so many give a part each, by itself; ``left`` is then of the answering one's part.
    """

    limit: Limit
    own: bool
    buckets: tuple[BucketView, ...]
    processes: int = 1


class LimitReset(Struct, frozen=True, kw_only=True, rename="camel"):
    """The buckets of that target are full, with nothing under way, in every process within 2 s and in Redis."""

    scope: LimitScope
    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitDeskParts:
    """What :class:`LimitDesk` works on; ``rows`` keeps providers, ``refresh`` makes a change felt here at once."""

    config: ConfigSource
    rows: ConfigStore
    settings: LimitSettings
    accounts: AccountStore
    keys: ApiKeyStore
    limiter: RequestLimiter
    stats: Callable[[], LimiterStats]
    trail: ActionTrail
    refresh: Callable[[], Awaitable[object]]
    clock: Clock


class LimitDesk:
    """What people see and do about limits. Raises :class:`ForbiddenError` when their role does not allow it.

    Owners and admins see everything, others what belongs to their accounts.
    """

    __slots__ = ("_parts",)

    def __init__(self, parts: LimitDeskParts) -> None:
        self._parts = parts

    def stats(self) -> LimiterStats:
        """Return what the limiter of this process did."""
        return self._parts.stats()

    async def report(self, person: Principal) -> LimiterStats:
        """Return what the limiter of the answering process did."""
        require(person, "limits.read")
        return self._parts.stats()

    async def limits(self, person: Principal) -> Sequence[LimitView]:
        """Return every limit that ``person`` may see, those that were set first; of accounts 1,000 at most."""
        require(person, "limits.read")
        book, snapshot = self._parts.config.snapshot().limits, self._parts.config.snapshot()
        if person.role not in EVERY_ACCOUNT:
            return await self._views([book.of("account", each) for each in person.accounts])
        others = [each.id for each in (await self._parts.accounts.list())[:MOST_ACCOUNTS]]
        found = [book.of(each.scope, each.target) for each in book.limits]
        found.extend(_of_row(row) for row in snapshot.providers if row.limits != ProviderLimits())
        found.extend(book.of("account", each) for each in others if book.own("account", each) is None)
        return await self._views(found)

    async def limit(self, scope: LimitScope, target: str, person: Principal) -> LimitView:
        """Return what holds for one target. Raises :class:`NotFoundError` for one that does not exist."""
        require(person, "limits.read")
        if person.role not in EVERY_ACCOUNT and (scope != "account" or target not in person.accounts):
            raise ForbiddenError("This limit may not be seen by the caller")
        (view,) = await self._views([await self._holding(scope, target)])
        return view

    async def set_limit(self, scope: LimitScope, target: str, order: LimitOrder, person: Principal) -> LimitView:
        """Set a limit, in force in every process within 2 s; what was taken of its buckets stays taken.

        Raises :class:`ValidationError` that names the field, :class:`NotFoundError` for an unknown target.
        """
        require(person, "limits.edit")
        wanted = Limit(scope=scope, target=target, **structs.asdict(order))
        parts, before = self._parts, await self._holding(scope, target)
        refuse_rate(structs.replace(wanted, scope="account") if scope == "provider" else wanted)
        if scope != "provider":
            await parts.settings.check_limit(wanted)
        act = act_of(
            person, "limit.set", f"{scope}:{target}", parts.clock, before=_told(before), after=_told(wanted),
            account_id=target if scope == "account" else None,
        )  # fmt: skip
        await parts.trail.require(act)
        if scope == "provider":
            await self._put_row(target, _granted(wanted), person)
        else:
            await parts.settings.put_limit(wanted)
        await parts.refresh()
        return await self.limit(scope, target, person)

    async def drop_limit(self, scope: LimitScope, target: str, person: Principal) -> LimitView:
        """Remove a limit, so that an account has the default; return what holds now.

        Raises :class:`NotFoundError` when there is none such.
        """
        require(person, "limits.edit")
        parts, before = self._parts, await self._holding(scope, target)
        if not self._is_set(scope, target):
            raise NotFoundError("There is no such limit")
        act = act_of(
            person, "limit.dropped", f"{scope}:{target}", parts.clock, before=_told(before),
            account_id=target if scope == "account" else None,
        )  # fmt: skip
        await parts.trail.require(act)
        if scope == "provider":
            await self._put_row(target, ProviderLimits(), person)
        else:
            await parts.settings.drop_limit(scope, target)
        await parts.refresh()
        return await self.limit(scope, target, person)

    async def reset_limit(self, scope: LimitScope, target: str, person: Principal) -> LimitReset:
        """Make the buckets of one target full, in every process within 2 s, whether Redis can be told or not.

        Raises :class:`NotFoundError` for one that does not exist.
        """
        require(person, "limits.edit")
        parts = self._parts
        await self._holding(scope, target)
        act = act_of(
            person, "limit.reset", f"{scope}:{target}", parts.clock,
            account_id=target if scope == "account" else None,
        )  # fmt: skip
        await parts.trail.require(act)
        await parts.settings.reset_limit(scope, target)
        await parts.refresh()
        return LimitReset(scope=scope, target=target)

    # --- inside ----------------------------------------------------------------------------------------------------

    async def _holding(self, scope: LimitScope, target: str) -> Limit:
        """Return what holds for a target. Raises :class:`NotFoundError` for one that does not exist."""
        if scope == "provider":
            return _of_row(self._row(target))
        snapshot, parts = self._parts.config.snapshot(), self._parts
        if scope == "account" and await parts.accounts.by_id(target) is None:
            raise NotFoundError("There is no such account")
        if scope == "key" and await parts.keys.by_id(target) is None:
            raise NotFoundError("There is no such API key")
        # One that is not named any more keeps its limit until that is dropped.
        known = target in snapshot.use_cases() or target in snapshot.policies
        if scope == "use_case" and not known and snapshot.limits.own(scope, target) is None:
            raise NotFoundError("There is no such use case")
        return snapshot.limits.of(scope, target)

    def _row(self, name: str) -> ProviderConfig:
        row = next((each for each in self._parts.config.snapshot().providers if each.name == name), None)
        if row is None:
            raise NotFoundError("There is no such provider")
        return row

    def _is_set(self, scope: LimitScope, target: str) -> bool:
        if scope == "provider":
            return self._row(target).limits != ProviderLimits()
        return self._parts.config.snapshot().limits.own(scope, target) is not None

    async def _put_row(self, name: str, limits: ProviderLimits, person: Principal) -> None:
        by = Authorship(actor=person.name, note=f"rate limits of {name}")
        await self._parts.rows.put_provider(structs.replace(self._row(name), limits=limits), by)

    async def _views(self, limits: Sequence[Limit]) -> Sequence[LimitView]:
        book, stats = self._parts.config.snapshot().limits, self._parts.stats()
        buckets = [_buckets(book, each) for each in limits]
        states = iter(await self._parts.limiter.look([bucket for each in buckets for bucket in each]))
        return [
            LimitView(
                limit=limit,
                own=self._is_set(limit.scope, limit.target),
                buckets=tuple([_view(bucket, next(states)) for bucket in each]),
                processes=1 if stats.kind == "redis" else stats.share,
            )
            for limit, each in zip(limits, buckets, strict=True)
        ]


def _of_row(row: ProviderConfig) -> Limit:
    return structs.replace(provider_limit(row.name, row.limits), concurrency=row.limits.max_concurrency)


def _granted(limit: Limit) -> ProviderLimits:
    return ProviderLimits(
        max_concurrency=limit.concurrency,
        requests_per_second=limit.requests_per_second,
        burst=limit.burst,
        tokens_per_minute=limit.tokens_per_minute,
    )


def _buckets(book: LimitBook, limit: Limit) -> tuple[Bucket, ...]:
    """Return what is kept of ``limit``: each process counts a provider's calls at once by itself, elsewhere."""
    return tuple([each for each in book.buckets_of(limit) if limit.scope != "provider" or each.unit != "concurrency"])


def _view(bucket: Bucket, state: BucketState) -> BucketView:
    left = round(state.left, 3)
    return BucketView(unit=bucket.unit, capacity=bucket.capacity, left=left, throttled=state.throttled)


def _told(limit: Limit) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.to_builtins(limit)
    fields = {field.name: field.encode_name for field in structs.fields(Limit)}
    return {name: told[fields[name]] for name in _FIGURES}
