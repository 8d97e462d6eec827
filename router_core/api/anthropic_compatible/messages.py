"""``POST /v1/messages`` and ``POST /v1/messages/count_tokens``."""

from router_core.api.anthropic_compatible.answer import write_message
from router_core.api.anthropic_compatible.request import betas_of, parse_count, parse_messages
from router_core.api.anthropic_compatible.stream import MessageStream
from router_core.api.asked import counted_request
from router_core.api.call import Call
from router_core.api.compatible.serving import Dialect, serve
from router_core.api.watch import cancelled_when_gone

__all__ = ["answer_messages", "count_tokens"]


async def answer_messages(call: Call) -> None:
    """Answer a message request."""
    # A feature may be switched on in several headers; a dialect sees the last of them alone.
    dialect = Dialect(
        lambda body, _: parse_messages(body, betas_of(call.raw_headers)), write_message, MessageStream, b"request-id"
    )
    await serve(call, dialect)


async def count_tokens(call: Call) -> None:
    """Answer with the tokens that a model would read; a header says whether its vendor counted or we estimate."""
    request = await counted_request(call, lambda body: parse_count(body, betas_of(call.raw_headers)))
    with cancelled_when_gone(call.receive):
        found = await call.deps.router.count_tokens(request, call.principal, slip=call.quota)
    told = (
        (b"x-signalbox-token-count", b"estimated" if found.estimated else b"counted"),
        (b"x-signalbox-provider", found.provider.encode()),
        (b"x-signalbox-request-id", call.request_id.encode()),
        (b"request-id", call.request_id.encode()),
    )
    await call.answer({"input_tokens": found.tokens}, headers=told)
