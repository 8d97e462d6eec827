"""Sends an answer while it is being made."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from router_core.api.call import Call
from router_core.api.encoding import StreamEncoder
from router_core.api.errors import Header, public_error
from router_core.api.watch import cancelled_when_gone
from router_core.errors import InternalError, LLMError, OverloadedError
from router_core.types import CacheOutcome, FinishPart, LLMRequest, StartPart, StreamPart

__all__ = ["cache_header", "stream_answer"]

_log = logging.getLogger(__name__)
_FAREWELL_S = 0.5


HeadHeaders = Callable[[StartPart], tuple[Header, ...]]


async def stream_answer(
    call: Call, request: LLMRequest, encoder: StreamEncoder, more: HeadHeaders = lambda _: ()
) -> None:
    """Answer with the stream that ``encoder`` makes of the answer, with ``more`` headers than it has by itself.

    What fails before the first part raises its :class:`LLMError`; what fails later ends the stream as its protocol
    says. A client that leaves closes the router's stream, and with it the provider's.
    """
    with cancelled_when_gone(call.receive):
        answer = call.deps.router.stream(
            request, call.principal, call.request_id, address=call.address, slip=call.quota
        )
        async with aclosing(answer) as parts:
            first = await anext(parts)
            head = encoder.encode(first)
            told = (*cache_header(first.cache), *more(first)) if isinstance(first, StartPart) else ()
            await call.start(200, (*encoder.headers, *told))
            tail = await _send_parts(call, encoder, parts, head)
            await call.write(tail, last=True)


def cache_header(outcome: CacheOutcome | None) -> tuple[Header, ...]:
    """Return the header that says what the cache had, none when it was not asked."""
    return () if outcome is None else ((b"x-signalbox-cache", outcome.encode()),)


async def _send_parts(
    call: Call, encoder: StreamEncoder, parts: AsyncGenerator[StreamPart, None], head: bytes
) -> bytes:
    """Send every part but the last and return the last one's bytes, to go out when the router is done with all."""
    tail = b""
    try:
        async for part in parts:
            if type(part) is FinishPart:
                tail = head + encoder.encode(part)
                continue
            # The head waits for the part behind it, which is there already: the router starts with one in hand.
            head += encoder.encode(part)
            if head:
                await call.send({"type": "http.response.body", "body": head, "more_body": True})
                head = b""
    except asyncio.CancelledError:
        call.failure = stopping = OverloadedError("The server is stopping")
        await _say_farewell(call, head + encoder.failure(stopping))
        raise
    except LLMError as error:
        call.failure = error
        return head + encoder.failure(public_error(error))
    except Exception as error:  # noqa: BLE001 - logged here; the head of the answer is out, so the stream itself must tell
        call.failure = error
        _log.exception("request %s broke off", call.request_id)
        return head + encoder.failure(InternalError())
    return tail


async def _say_farewell(call: Call, ending: bytes) -> None:
    """End a stream that the server's own end cuts off as its protocol says, if the client still reads."""
    try:
        async with asyncio.timeout(_FAREWELL_S):
            await call.write(ending, last=True)
    except TimeoutError:
        _log.info("request %s: nobody read the end of the stream", call.request_id)
