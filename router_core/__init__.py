"""Signalbox as a library: routing, resilience and budgets for LLM requests, with the same policy as over HTTP.

Names are handed on lazily, so that importing one of them does not load the others.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from router_core.budgets.tracker import BudgetTracker
    from router_core.client import AsyncRouterClient, RouterClient, router_call, router_call_stream
    from router_core.cost.estimator import CostEstimator
    from router_core.errors import LLMError, get_error_code, is_retryable, to_llm_error
    from router_core.errors.sanitized_objects import sanitize_object
    from router_core.errors.sanitizer import mask_api_key
    from router_core.providers.registry import AdapterRegistry
    from router_core.router import Router, RouterPolicy, StaticConfig
    from router_core.security.key_functions import decrypt_key, encrypt_key, rotate_encryption_keys
    from router_core.types import (
        LLMRequest,
        LLMResponse,
        Message,
        Principal,
        ProviderConfig,
        Secret,
        Snapshot,
        ToolCall,
        ToolFormat,
        Usage,
    )

__all__ = [
    "AdapterRegistry",
    "AsyncRouterClient",
    "BudgetTracker",
    "CostEstimator",
    "LLMError",
    "LLMRequest",
    "LLMResponse",
    "Message",
    "Principal",
    "ProviderConfig",
    "Router",
    "RouterClient",
    "RouterPolicy",
    "Secret",
    "Snapshot",
    "StaticConfig",
    "ToolCall",
    "ToolFormat",
    "Usage",
    "decrypt_key",
    "encrypt_key",
    "get_error_code",
    "is_retryable",
    "mask_api_key",
    "rotate_encryption_keys",
    "router_call",
    "router_call_stream",
    "sanitize_object",
    "to_llm_error",
]

_ROOMS = {
    "router_core.budgets.tracker": ("BudgetTracker",),
    "router_core.cost.estimator": ("CostEstimator",),
    "router_core.client": ("AsyncRouterClient", "RouterClient", "router_call", "router_call_stream"),
    "router_core.errors": ("LLMError", "get_error_code", "is_retryable", "to_llm_error"),
    "router_core.errors.sanitized_objects": ("sanitize_object",),
    "router_core.errors.sanitizer": ("mask_api_key",),
    "router_core.security.key_functions": ("decrypt_key", "encrypt_key", "rotate_encryption_keys"),
    "router_core.providers.registry": ("AdapterRegistry",),
    "router_core.router": ("Router", "RouterPolicy", "StaticConfig"),
    "router_core.types": (
        "LLMRequest",
        "LLMResponse",
        "Message",
        "Principal",
        "ProviderConfig",
        "Secret",
        "Snapshot",
        "ToolCall",
        "ToolFormat",
        "Usage",
    ),
}
_ROOM_OF = {name: room for room, names in _ROOMS.items() for name in names}


def __getattr__(name: str) -> Any:
    room = _ROOM_OF.get(name)
    if room is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(room), name)


def __dir__() -> list[str]:
    return __all__
