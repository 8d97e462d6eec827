"""Serves requests in the protocol of a vendor, whole or as streams."""

from collections.abc import Callable, Mapping
from typing import Final, cast

from msgspec import UNSET, Struct, structs

from router_core.api.asked import counted_request
from router_core.api.call import Call
from router_core.api.encoding import StreamEncoder
from router_core.api.errors import Header
from router_core.api.streaming import cache_header, stream_answer
from router_core.api.watch import cancelled_when_gone
from router_core.errors import ValidationError
from router_core.types import CachePolicy, LLMResponse, RelayedRequest, RelayedResponse, StartPart

__all__ = ["Dialect", "serve"]

CACHE: Final = b"x-signalbox-cache"
MOST_CACHE_S: Final = 31 * 86_400

Headers = Mapping[bytes, bytes]


class Dialect(Struct, frozen=True):
    """A protocol: how a request is read from body and headers, and how its answer is written.

    ``write`` makes the body of a whole answer and ``encoder`` what makes a stream of one, both at a moment in seconds
    since 1970; the latter is None where there are no streams. ``read`` raises :class:`ValidationError` and may be
    called in a thread. ``id_header`` is where clients of the protocol look for a request's id, empty for those that
    look for ours.
    """

    read: Callable[[bytes, Headers], RelayedRequest]
    write: Callable[[RelayedResponse, int], bytes]
    encoder: Callable[[RelayedRequest, str, int], StreamEncoder] | None = None
    id_header: bytes = b""


async def serve(call: Call, dialect: Dialect) -> None:
    """Answer one request in ``dialect``; headers say who answered, what it cost, and under which id it is on record."""
    cache = _cache_policy(call.headers)
    request = await counted_request(call, lambda body: dialect.read(body, call.headers))
    if cache is not None:
        request = structs.replace(request, cache=cache)
    now = int(call.deps.clock.utcnow().timestamp())
    if request.stream and dialect.encoder is not None:
        encoder = dialect.encoder(request, call.request_id, now)
        await stream_answer(call, request, encoder, lambda start: _own_headers(call, dialect, start))
        return
    with cancelled_when_gone(call.receive):
        response = await call.deps.router.complete(
            request, call.principal, call.request_id, address=call.address, slip=call.quota
        )
    outcome = cache_header(None if response.cache is UNSET else response.cache)
    # The router answers a relayed request with a relayed response.
    body = dialect.write(cast(RelayedResponse, response), now)
    await call.answer_bytes(body, headers=(*_own_headers(call, dialect, response), *outcome))


def _own_headers(call: Call, dialect: Dialect, answer: LLMResponse | StartPart) -> tuple[Header, ...]:
    """Return what is told of an answer beside it; what a stream cost is not known when its headers go out."""
    own_id = call.request_id.encode()
    told: tuple[Header, ...] = (
        (b"x-signalbox-request-id", own_id),
        (b"x-signalbox-provider", answer.provider.encode()),
    )
    if dialect.id_header:
        told = (*told, (dialect.id_header, own_id))
    if isinstance(answer, StartPart) or answer.cost.usd is None:
        return told
    return (*told, (b"x-signalbox-cost-usd", answer.cost.usd.encode()))


def _cache_policy(headers: Headers) -> CachePolicy | bool | None:
    """Return how the client wants the cache to be used, None where it does not say.

    Raises :class:`ValidationError` for what is neither ``off`` nor a number of seconds.
    """
    asked = headers.get(CACHE)
    if asked is None:
        return None
    if asked == b"off":
        return False
    if asked.isdigit() and len(asked) < 8 and 1 <= int(asked) <= MOST_CACHE_S:
        return CachePolicy(ttl_seconds=int(asked))
    raise ValidationError(f"must be off, or whole seconds up to {MOST_CACHE_S}", field=CACHE.decode())
