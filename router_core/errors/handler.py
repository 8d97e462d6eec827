"""Turns any exception into one of ours: class first, status second, text last."""

import asyncio
import builtins
import re
from collections.abc import Callable

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
    for pattern, make in _BY_TEXT:
        if pattern.search(text):
            return make(text, provider)
    return InternalError()


def _wait_in(text: str) -> int | None:
    found = _RETRY_AFTER.search(text)
    if found is None:
        return None
    amount = float(found.group(1))
    return int(amount if found.group(2) == "ms" else amount * 1000)


# First match wins, so the more specific wording stands first.
_BY_TEXT: tuple[tuple[re.Pattern[str], Callable[[str, str], LLMError]], ...] = (
    (
        re.compile(r"(?i)rate limit|\b429\b"),
        lambda text, provider: RateLimitError(text, provider=provider, retry_after_ms=_wait_in(text)),
    ),
    (
        re.compile(r"(?i)etimedout|timed out|timeout"),
        lambda _, provider: TimeoutError(_DEFAULT_TIMEOUT_MS, provider=provider),
    ),
    (
        re.compile(r"(?i)econnreset|econnrefused|network"),
        lambda text, provider: NetworkError(text, provider=provider),
    ),
    (
        re.compile(r"(?i)api key|unauthorized|\b401\b"),
        lambda text, provider: InvalidAPIKeyError(text, provider=provider),
    ),
    (re.compile(r"(?i)context length|token limit|too many tokens"), lambda text, _: TokenLimitExceededError(text)),
    (re.compile(r"(?i)invalid|validation"), lambda text, _: ValidationError(text)),
    (re.compile(r"(?i)\b50[0234]\b|overloaded"), lambda text, provider: LLMProviderError(text, provider=provider)),
)
