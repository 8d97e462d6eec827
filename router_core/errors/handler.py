"""Turns any exception into one of ours: class first, status second, text last."""

import asyncio
import builtins
import re

from router_core.errors.base import (
    InternalError,
    LLMError,
    TokenLimitExceededError,
    ValidationError,
)
from router_core.errors.provider_errors import (
    InvalidAPIKeyError,
    LLMProviderError,
    NetworkError,
    RateLimitError,
    TimeoutError,
)
from router_core.errors.sanitizer import sanitize_message

__all__ = ["get_error_code", "is_retryable", "to_llm_error"]

_UNKNOWN = "unknown"
_DEFAULT_TIMEOUT_MS = 60_000
_RETRY_AFTER = re.compile(r"(?i)(?:retry|try again)\s*(?:after|in)\s*(\d+(?:\.\d+)?)\s*(ms|s\b|sec|$)?")


def to_llm_error(error: BaseException, *, provider: str = _UNKNOWN) -> LLMError:
    """Return ``error`` itself when it is ours, else the class that its type or, failing that, its text suggests."""
    if isinstance(error, LLMError):
        return error
    if isinstance(error, asyncio.TimeoutError | builtins.TimeoutError):
        return TimeoutError(_DEFAULT_TIMEOUT_MS, provider=provider)
    if isinstance(error, ConnectionError):
        return NetworkError(sanitize_message(str(error)) or "Connection failed", provider=provider)
    return _from_text(sanitize_message(str(error)), provider)


def is_retryable(error: BaseException) -> bool:
    """Say whether the same request may succeed later."""
    return to_llm_error(error).retryable


def get_error_code(error: BaseException) -> str:
    """Return the stable code of ``error``."""
    return to_llm_error(error).code


def _from_text(text: str, provider: str) -> LLMError:
    lowered = text.lower()
    if "rate limit" in lowered or "429" in lowered:
        return RateLimitError(text, provider=provider, retry_after_ms=_wait_in(text))
    if "etimedout" in lowered or "timed out" in lowered or "timeout" in lowered:
        return TimeoutError(_DEFAULT_TIMEOUT_MS, provider=provider)
    if "econnreset" in lowered or "econnrefused" in lowered or "network" in lowered:
        return NetworkError(text, provider=provider)
    if "api key" in lowered or "unauthorized" in lowered or "401" in lowered:
        return InvalidAPIKeyError(text, provider=provider)
    if "context length" in lowered or "token limit" in lowered or "too many tokens" in lowered:
        return TokenLimitExceededError(text)
    if "invalid" in lowered or "validation" in lowered:
        return ValidationError(text)
    if re.search(r"\b50[0234]\b", lowered) or "overloaded" in lowered:
        return LLMProviderError(text, provider=provider)
    return InternalError()


def _wait_in(text: str) -> int | None:
    found = _RETRY_AFTER.search(text)
    if found is None:
        return None
    amount = float(found.group(1))
    return int(amount if found.group(2) == "ms" else amount * 1000)
