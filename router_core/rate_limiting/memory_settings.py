"""The in-memory twin of the stored rate limits."""

from msgspec import structs

from router_core.errors import NotFoundError
from router_core.ports.keeping import as_kept, refuse_rate
from router_core.types import DefaultLimit, Limit, LimitBook, LimitScope

__all__ = ["MemoryLimitSettings"]


class MemoryLimitSettings:
    """Keeps rate limits; a :class:`LimitSettings`. It knows no accounts, keys or providers: every target exists."""

    def __init__(self, default: DefaultLimit | None = None) -> None:
        self._default = default
        self._rows: dict[tuple[LimitScope, str], Limit] = {}
        self._resets: dict[tuple[LimitScope, str], int] = {}
        self._revision = 1

    def book(self) -> LimitBook:
        """Return all limits."""
        return LimitBook(self._rows.values(), default=self._default, resets=dict(self._resets))

    async def put_limit(self, limit: Limit) -> int:
        """Set a limit; return the new revision. Raises :class:`ValidationError` for a value that is not allowed."""
        await self.check_limit(limit)
        place = (limit.scope, limit.target)
        old = self._rows.get(place)
        self._rows[place] = structs.replace(as_kept(limit), version=1 if old is None else old.version + 1)
        self._revision += 1
        return self._revision

    async def check_limit(self, limit: Limit) -> None:
        """Change nothing; raise what :meth:`put_limit` would raise."""
        as_kept(limit)
        refuse_rate(limit)

    async def drop_limit(self, scope: LimitScope, target: str) -> int:
        """Remove a limit; return the new revision. Raises :class:`NotFoundError` when there is none such."""
        if self._rows.pop((scope, target), None) is None:
            raise NotFoundError("There is no such limit")
        self._revision += 1
        return self._revision

    async def reset_limit(self, scope: LimitScope, target: str) -> int:
        """Have the buckets of a target begin anew, full, wherever they are kept; return the new revision."""
        self._resets[scope, target] = self._resets.get((scope, target), 0) + 1
        self._revision += 1
        return self._revision
