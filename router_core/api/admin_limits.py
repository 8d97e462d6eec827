"""``/api/admin/limits``: rate limits, how they stand, and the way to change them or to begin anew."""

from msgspec import Struct

from router_core.admin.limit_desk import LimitOrder, LimitReset, LimitView
from router_core.api.call import Call
from router_core.api.documents import read_document, read_nothing, read_query
from router_core.api.endpoint import Action
from router_core.rate_limiting.memory_limiter import LimiterStats
from router_core.types import LimitScope

__all__ = ["LIMIT_PATHS", "LimitList"]


class LimitList(Struct, frozen=True, rename="camel"):
    """Every limit that the caller may see, and what the limiter of the answering process did."""

    limits: list[LimitView]
    limiter: LimiterStats


async def list_limits(call: Call) -> None:
    """Answer with every limit and how it stands."""
    read_query(call, {})
    desk = call.deps.rates
    await call.answer(LimitList(list(await desk.limits(call.principal)), desk.stats()))


class _Target:
    """The actions on limits of one kind of target, which the path names."""

    def __init__(self, scope: LimitScope, parameter: str) -> None:
        self._scope = scope
        self._parameter = parameter

    async def show(self, call: Call) -> None:
        """Answer with what holds, and how it stands."""
        read_query(call, {})
        await call.answer(await call.deps.rates.limit(self._scope, self._named(call), call.principal))

    async def set(self, call: Call) -> None:
        """Set a limit in the place of the one that holds."""
        order = await read_document(call, LimitOrder)
        await call.answer(await call.deps.rates.set_limit(self._scope, self._named(call), order, call.principal))

    async def drop(self, call: Call) -> None:
        """Remove a limit."""
        await read_nothing(call)
        await call.answer(await call.deps.rates.drop_limit(self._scope, self._named(call), call.principal))

    async def reset(self, call: Call) -> None:
        """Make its buckets full."""
        await read_nothing(call)
        done: LimitReset = await call.deps.rates.reset_limit(self._scope, self._named(call), call.principal)
        await call.answer(done)

    def actions(self) -> dict[str, Action]:
        return {
            "GET": Action("limits.read", self.show),
            "PUT": Action("limits.edit", self.set),
            "DELETE": Action("limits.edit", self.drop),
        }

    def _named(self, call: Call) -> str:
        return call.parameter(self._parameter)


_ACCOUNT, _KEY = _Target("account", "account"), _Target("key", "id")
_USE_CASE, _PROVIDER = _Target("use_case", "name"), _Target("provider", "name")

# A path that is all words but its last segment goes before one whose parameter would take the word.
LIMIT_PATHS: dict[str, dict[str, Action]] = {
    "/api/admin/limits": {"GET": Action("limits.read", list_limits)},
    "/api/admin/limits/keys/{id}": _KEY.actions(),
    "/api/admin/limits/keys/{id}/reset": {"POST": Action("limits.edit", _KEY.reset)},
    "/api/admin/limits/use-cases/{name}": _USE_CASE.actions(),
    "/api/admin/limits/use-cases/{name}/reset": {"POST": Action("limits.edit", _USE_CASE.reset)},
    "/api/admin/limits/providers/{name}": _PROVIDER.actions(),
    "/api/admin/limits/providers/{name}/reset": {"POST": Action("limits.edit", _PROVIDER.reset)},
    "/api/admin/limits/{account}": _ACCOUNT.actions(),
    "/api/admin/limits/{account}/reset": {"POST": Action("limits.edit", _ACCOUNT.reset)},
}
