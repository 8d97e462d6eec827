"""``/api/admin/cache``: how the cache of answers is doing, and the end of what it keeps."""

from msgspec import Struct

from router_core.admin.cache_desk import PurgeOrder
from router_core.api.call import Call
from router_core.api.documents import read_document, read_nothing, read_query
from router_core.types import CacheMatch

__all__ = ["MatchList", "call_match_wrong", "list_matches", "purge_cache", "report_cache"]


class MatchList(Struct, frozen=True, rename="camel"):
    """Questions that were answered with the answer to a similar one, newest first."""

    matches: list[CacheMatch]


async def report_cache(call: Call) -> None:
    """Answer with the figures of the answering process."""
    read_query(call, {})
    await call.answer(await call.deps.cache.report(call.principal))


async def purge_cache(call: Call) -> None:
    """Have nothing served any more of what is kept until now."""
    order = await read_document(call, PurgeOrder)
    await call.answer(await call.deps.cache.purge(order, call.principal))


async def list_matches(call: Call) -> None:
    """Answer with the newest matches of the answering process."""
    read_query(call, {})
    await call.answer(MatchList(list(await call.deps.cache.matches(call.principal))))


async def call_match_wrong(call: Call) -> None:
    """Serve the answer of a match no more."""
    await read_nothing(call)
    await call.answer(await call.deps.cache.call_wrong(call.parameter("id"), call.principal))
