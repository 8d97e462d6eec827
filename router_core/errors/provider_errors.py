"""Failures of a provider, as its adapter classified them.

ProviderError
├── LLMProviderError       502  PROVIDER_ERROR      5xx, 409, unparsable body, error inside a stream
├── RateLimitError         429  RATE_LIMIT          the provider's own limit
├── QuotaExceededError     429  RATE_LIMIT          the provider account's money is spent; not retried there
├── InvalidAPIKeyError     401  INVALID_API_KEY     our key is absent, refused or lacks a right
├── RequestRefusedError    400  VALIDATION_ERROR    the provider's 400, 413 or 422
│   ├── ContextTooLongError 400 TOKEN_LIMIT_EXCEEDED
│   └── ContentRefusedError 400 VALIDATION_ERROR    the provider will not answer this content
├── ProviderModelError     404  MODEL_NOT_FOUND     the provider does not know the model
├── TimeoutError           504  TIMEOUT
└── NetworkError           503  NETWORK
"""

from typing import Any, ClassVar

from router_core.errors.base import LLMError

__all__ = [
    "ContentRefusedError",
    "ContextTooLongError",
    "InvalidAPIKeyError",
    "LLMProviderError",
    "NetworkError",
    "ProviderError",
    "ProviderModelError",
    "QuotaExceededError",
    "RateLimitError",
    "RequestRefusedError",
    "TimeoutError",
]


class ProviderError(LLMError):
    """Root of what providers do wrong. ``provider`` is the row's name, ``upstream_status`` its HTTP status.

    ``counts`` says whether the failure speaks against the provider's health (a breaker counts it), ``retry_same``
    whether the same candidate may be asked again, ``retry_other`` whether another one may.
    """

    counts: ClassVar[bool] = True
    retry_same: ClassVar[bool] = True
    retry_other: ClassVar[bool] = True

    def __init__(
        self,
        message: str,
        *,
        provider: str,
        upstream_status: int | None = None,
        retry_after_ms: int | None = None,
    ) -> None:
        super().__init__(message, retry_after_ms=retry_after_ms)
        self.provider = provider
        self.upstream_status = upstream_status

    @property
    def context(self) -> dict[str, Any]:
        return {"provider": self.provider}


class LLMProviderError(ProviderError):
    """The provider failed: 5xx, an answer that cannot be read, an error event inside a stream."""

    code = "PROVIDER_ERROR"
    status_code = 502
    retryable = True


class RateLimitError(ProviderError):
    """The provider's rate limit. Not a failure of its health: the credential rests for ``retry_after_ms``."""

    code = "RATE_LIMIT"
    status_code = 429
    retryable = True
    counts = False


class QuotaExceededError(RateLimitError):
    """The provider account has no money left; waiting does not help."""

    retryable = False
    retry_same = False


class InvalidAPIKeyError(ProviderError):
    """The provider's key is absent, refused, or not allowed to do this."""

    code = "INVALID_API_KEY"
    status_code = 401
    counts = False
    retry_same = False


class RequestRefusedError(ProviderError):
    """The provider says that the request itself is wrong."""

    code = "VALIDATION_ERROR"
    status_code = 400
    counts = False
    retry_same = False
    retry_other = False


class ContextTooLongError(RequestRefusedError):
    """The request does not fit this model; another may take it."""

    code = "TOKEN_LIMIT_EXCEEDED"
    retry_other = True


class ContentRefusedError(RequestRefusedError):
    """The provider will not answer this content; another may, if the use case allows to ask it."""


class ProviderModelError(ProviderError):
    """The provider does not know the configured model."""

    code = "MODEL_NOT_FOUND"
    status_code = 404
    counts = False
    retry_same = False


class TimeoutError(ProviderError):
    """Nothing came in time; ``waited_for`` is ``connect``, ``first_token``, ``idle`` or ``total``."""

    code = "TIMEOUT"
    status_code = 504
    retryable = True

    def __init__(self, timeout_ms: int, *, provider: str, waited_for: str = "total") -> None:
        super().__init__(f"Request timed out after {timeout_ms}ms", provider=provider)
        self.timeout_ms = timeout_ms
        self.waited_for = waited_for

    @property
    def context(self) -> dict[str, Any]:
        return {"provider": self.provider, "timeoutMs": self.timeout_ms, "waitedFor": self.waited_for}


class NetworkError(ProviderError):
    """The provider could not be reached or the connection broke."""

    code = "NETWORK"
    status_code = 503
    retryable = True
