"""``POST /api/llm`` and ``POST /api/llm/route``."""

import asyncio

from msgspec import UNSET

from router_core.api.auth import check_account, is_foreign
from router_core.api.body import read_body, require_json
from router_core.api.call import Call
from router_core.api.parsing import parse_request
from router_core.api.streaming import cache_header, stream_answer
from router_core.api.watch import cancelled_when_gone
from router_core.errors import ForbiddenError, LLMError
from router_core.types import LLMRequest

__all__ = ["answer_prompt", "explain_route"]


async def answer_prompt(call: Call) -> None:
    """Route one request and answer it, whole or as a stream."""
    request = await _counted(call)
    if is_foreign(call.principal, request):
        # The router refuses it and puts that on record, before it would count it.
        await call.deps.router.charge(call.principal, slip=call.quota)
    if request.stream:
        await stream_answer(call, request)
        return
    with cancelled_when_gone(call.receive):
        response = await call.deps.router.complete(
            request, call.principal, call.request_id, address=call.address, slip=call.quota
        )
    await call.answer(response, headers=cache_header(None if response.cache is UNSET else response.cache))


async def explain_route(call: Call) -> None:
    """Answer with where the request would go and why; nothing is called and nothing charged."""
    request = await _counted(call)
    if is_foreign(call.principal, request):
        await call.deps.router.charge(call.principal, slip=call.quota)
        raise ForbiddenError("This account may not be used by the caller")
    await call.deps.router.charge(call.principal, request.account_id, slip=call.quota)
    await call.answer(call.deps.router.route(request, call.principal))


async def _counted(call: Call) -> LLMRequest:
    """Return the request in the call's body; one that cannot be read counts against the caller's limits all the same.

    Raises what :func:`read_request` raises, and before that :class:`RateLimitExceededError`.
    """
    try:
        return await read_request(call)
    except LLMError:
        await call.deps.router.charge(call.principal, slip=call.quota)
        raise


async def read_request(call: Call) -> LLMRequest:
    """Return the checked request in the call's body.

    Raises :class:`ValidationError`, :class:`UnsupportedMediaTypeError`, :class:`PayloadTooLargeError` and
    :class:`RequestTimeoutError`.
    """
    require_json(call.headers)
    limits = call.deps.limits
    body = await read_body(call.receive, call.headers, limits)
    if len(body) <= limits.inline_parse:
        request = parse_request(body)
    else:
        request = await asyncio.to_thread(parse_request, body)
    await check_account(call.principal, request, call.deps.authenticator)
    return request
