"""``/api/admin/cache``: how the cache of answers is doing, and the end of what it keeps."""

from router_core.admin.cache_desk import PurgeOrder
from router_core.api.call import Call
from router_core.api.documents import read_document, read_query

__all__ = ["purge_cache", "report_cache"]


async def report_cache(call: Call) -> None:
    """Answer with the figures of the answering process."""
    read_query(call, {})
    await call.answer(await call.deps.cache.report(call.principal))


async def purge_cache(call: Call) -> None:
    """Have nothing served any more of what is kept until now."""
    order = await read_document(call, PurgeOrder)
    await call.answer(await call.deps.cache.purge(order, call.principal))
