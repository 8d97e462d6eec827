"""The facade of the cache of answers: how it is doing, and the end of what it keeps."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from msgspec import Struct, structs

from router_core.admin.action_trail import ActionTrail
from router_core.admin.acts import act_of
from router_core.cache.response_cache import AnswerCache
from router_core.clock import Clock
from router_core.errors import NotFoundError, ValidationError
from router_core.ports import AccountStore, CachePurges, ConfigSource
from router_core.ports.keeping import refuse
from router_core.security.permissions import require
from router_core.types import STANDARD_USE_CASES, CacheMatch, CacheReport, Principal

__all__ = ["CacheDesk", "CacheDeskParts", "CachePurged", "PurgeOrder"]


class PurgeOrder(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What to purge: what is kept of an account, of a use case, of both together, or with ``everything`` all of it."""

    account_id: str | None = None
    use_case: str | None = None
    everything: bool = False


class CachePurged(Struct, frozen=True, kw_only=True, rename="camel"):
    """Nothing of that part is served any more: by the answering process at once, by every other one within 2 s.

    ``revision`` is the configuration's that says so, ``removed`` how many entries were removed here and in Redis.
    """

    revision: int
    removed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheDeskParts:
    """What :class:`CacheDesk` works on; ``refresh`` makes a purge felt in this process at once."""

    cache: AnswerCache
    purges: CachePurges
    accounts: AccountStore
    config: ConfigSource
    trail: ActionTrail
    refresh: Callable[[], Awaitable[object]]
    clock: Clock


class CacheDesk:
    """What people see and do about the cache. Raises :class:`ForbiddenError` for those whose role does not allow it."""

    __slots__ = ("_parts",)

    def __init__(self, parts: CacheDeskParts) -> None:
        self._parts = parts

    async def report(self, person: Principal) -> CacheReport:
        """Return how the cache is doing in the answering process."""
        require(person, "cache.read")
        return self._parts.cache.report()

    async def purge(self, order: PurgeOrder, person: Principal) -> CachePurged:
        """Have nothing served any more of what is kept until now; it is on record before it happens.

        Raises :class:`ValidationError` for an account or use case that cannot be, and an order that names nothing.
        """
        require(person, "cache.purge")
        await self._check(order)
        parts, account, use_case = self._parts, order.account_id, order.use_case
        act = act_of(
            person, "cache.purged", use_case or "cache", parts.clock,
            detail={"accountId": account, "useCase": use_case}, account_id=account,
        )  # fmt: skip
        await parts.trail.require(act)
        revision = await parts.purges.purge(account, use_case)
        await parts.refresh()
        return CachePurged(revision=revision, removed=await parts.cache.drop(account, use_case))

    async def matches(self, person: Principal) -> Sequence[CacheMatch]:
        """Return what the answering process answered with the answer to a similar question, newest first."""
        require(person, "cache.purge")
        return self._parts.cache.matches()

    async def call_wrong(self, match_id: str, person: Principal) -> CacheMatch:
        """Have a match on record as wrong; its answer is served no more. Raises :class:`NotFoundError`."""
        require(person, "cache.purge")
        found = next((each for each in self._parts.cache.matches() if each.id == match_id), None)
        if found is None:
            raise NotFoundError("There is no such match")
        act = act_of(
            person, "cache.match_wrong", match_id, self._parts.clock,
            detail={"useCase": found.use_case, "similarity": found.similarity}, account_id=found.account_id,
        )  # fmt: skip
        await self._parts.trail.require(act)
        await self._parts.cache.call_wrong(match_id)
        return structs.replace(found, wrong=True)

    async def _check(self, order: PurgeOrder) -> None:
        account, use_case = order.account_id, order.use_case
        if account is not None and await self._parts.accounts.by_id(account) is None:
            raise ValidationError("names no account", field="accountId")
        refuse(use_case is not None and not await self._knows(use_case), "useCase", "names no use case")
        whole = account is None and use_case is None
        refuse(whole != order.everything, "everything", "must stand for what is to be purged, or it must be named")

    async def _knows(self, use_case: str) -> bool:
        """Say whether a request could name ``use_case``, or could lately."""
        await self._parts.refresh()
        snapshot = self._parts.config.snapshot()
        return use_case in {*STANDARD_USE_CASES, *snapshot.policies, *snapshot.use_cases()}
