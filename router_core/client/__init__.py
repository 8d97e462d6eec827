"""The router over HTTP: a synchronous and an asynchronous client, and helpers for single calls.

All of them read ``SIGNALBOX_URL``, ``SIGNALBOX_API_KEY`` and ``USE_LLM_ROUTER`` where no argument says otherwise.
"""

from router_core.client.answers import AnswerFacts, LimitState
from router_core.client.asynchronous import AsyncAnswerStream, AsyncRouterClient
from router_core.client.errors import LLMRouterAuthError, LLMRouterError, LLMRouterTimeoutError
from router_core.client.helpers import (
    async_router_call,
    async_router_call_stream,
    create_async_router_client,
    create_router_client,
    router_call,
    router_call_stream,
)
from router_core.client.synchronous import AnswerStream, RouterClient

__all__ = [
    "AnswerFacts",
    "AnswerStream",
    "AsyncAnswerStream",
    "AsyncRouterClient",
    "LLMRouterAuthError",
    "LLMRouterError",
    "LLMRouterTimeoutError",
    "LimitState",
    "RouterClient",
    "async_router_call",
    "async_router_call_stream",
    "create_async_router_client",
    "create_router_client",
    "router_call",
    "router_call_stream",
]
