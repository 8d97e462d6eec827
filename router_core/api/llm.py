"""``POST /api/llm`` and ``POST /api/llm/route``."""

from msgspec import UNSET

from router_core.api.asked import counted_request
from router_core.api.auth import is_foreign
from router_core.api.call import Call
from router_core.api.data_stream import DataStream
from router_core.api.encoding import StreamEncoder
from router_core.api.parsing import parse_request
from router_core.api.streaming import cache_header, stream_answer
from router_core.api.ui_stream import UiStream
from router_core.api.watch import cancelled_when_gone
from router_core.errors import ForbiddenError

__all__ = ["answer_prompt", "explain_route"]


async def answer_prompt(call: Call) -> None:
    """Route one request and answer it, whole or as a stream."""
    request = await counted_request(call, parse_request)
    if is_foreign(call.principal, request):
        # The router refuses it and puts that on record, before it would count it.
        await call.deps.router.charge(call.principal, slip=call.quota)
    if request.stream:
        encoder: StreamEncoder = (DataStream if request.stream_protocol == "data" else UiStream)(call.request_id)
        await stream_answer(call, request, encoder)
        return
    with cancelled_when_gone(call.receive):
        response = await call.deps.router.complete(
            request, call.principal, call.request_id, address=call.address, slip=call.quota
        )
    await call.answer(response, headers=cache_header(None if response.cache is UNSET else response.cache))


async def explain_route(call: Call) -> None:
    """Answer with where the request would go and why; nothing is called and nothing charged."""
    request = await counted_request(call, parse_request)
    if is_foreign(call.principal, request):
        await call.deps.router.charge(call.principal, slip=call.quota)
        raise ForbiddenError("This account may not be used by the caller")
    await call.deps.router.charge(call.principal, request.account_id, slip=call.quota)
    await call.answer(call.deps.router.route(request, call.principal))
