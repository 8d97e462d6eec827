"""Single calls, and clients in one word."""

from typing import TypedDict, Unpack

from router_core.client.asynchronous import AsyncAnswerStream, AsyncRouterClient
from router_core.client.calls import CallOptions, Key, Request
from router_core.client.synchronous import AnswerStream, RouterClient
from router_core.types import LLMResponse

__all__ = [
    "async_router_call",
    "async_router_call_stream",
    "create_async_router_client",
    "create_router_client",
    "router_call",
    "router_call_stream",
]


class ClientOptions(TypedDict, total=False):
    """What a client may have otherwise than usual: see :class:`RouterClient`."""

    timeout: float
    retries: int


def create_router_client(url: str | None = None, api_key: Key = None, **options: Unpack[ClientOptions]) -> RouterClient:
    """Return a client; see :class:`RouterClient` for ``options``."""
    return RouterClient(url, api_key, **options)


def create_async_router_client(
    url: str | None = None, api_key: Key = None, **options: Unpack[ClientOptions]
) -> AsyncRouterClient:
    """Return a client; see :class:`RouterClient` for ``options``."""
    return AsyncRouterClient(url, api_key, **options)


def router_call(request: Request, **options: Unpack[CallOptions]) -> LLMResponse:
    """Return the answer to one request, with everything else from the environment.

    It opens a connection of its own; who calls often has a client.
    """
    with create_router_client() as client:
        return client.call(request, **options)


def router_call_stream(request: Request, **options: Unpack[CallOptions]) -> AnswerStream:
    """Return the answer to one request in parts, with everything else from the environment."""
    client = create_router_client()
    return client.stream(request, **options).then(client.close)


async def async_router_call(request: Request, **options: Unpack[CallOptions]) -> LLMResponse:
    """Return the answer to one request, as :func:`router_call` does."""
    async with create_async_router_client() as client:
        return await client.call(request, **options)


def async_router_call_stream(request: Request, **options: Unpack[CallOptions]) -> AsyncAnswerStream:
    """Return the answer to one request in parts, as :func:`router_call_stream` does."""
    client = create_async_router_client()
    return client.stream(request, **options).then(client.close)
