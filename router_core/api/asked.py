"""Reads what a call asks of the router: the body, checked, whatever its protocol."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from router_core.api.auth import check_account
from router_core.api.body import read_body, require_json
from router_core.api.call import Call
from router_core.errors import LLMError
from router_core.types import LLMRequest

__all__ = ["counted_request"]

Asked = TypeVar("Asked", bound=LLMRequest)


async def counted_request(call: Call, parse: Callable[[bytes], Asked]) -> Asked:
    """Return the request in the call's body; one that cannot be read counts against the caller's limits all the same.

    Raises what :func:`_read_request` raises, and before that :class:`RateLimitExceededError`.
    """
    try:
        return await _read_request(call, parse)
    except LLMError:
        await call.deps.router.charge(call.principal, slip=call.quota)
        raise


async def _read_request(call: Call, parse: Callable[[bytes], Asked]) -> Asked:
    """Return what ``parse`` makes of the call's body; a large one is parsed in a thread.

    Raises :class:`ValidationError`, :class:`UnsupportedMediaTypeError`, :class:`PayloadTooLargeError` and
    :class:`RequestTimeoutError`.
    """
    require_json(call.headers)
    limits = call.deps.limits
    body = await read_body(call.receive, call.headers, limits)
    request = parse(body) if len(body) <= limits.inline_parse else await asyncio.to_thread(parse, body)
    await check_account(call.principal, request, call.deps.authenticator)
    return request
