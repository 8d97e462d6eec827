"""Failures of a provider, as its adapter classified them.

ProviderError
├── LLMProviderError       502  PROVIDER_ERROR      5xx, unparsable body, error inside a stream
│   ├── ProviderConflictError 502 PROVIDER_ERROR    the provider's 409: another call is in the way
│   └── UnusableAnswerError 502 PROVIDER_ERROR      the model called a tool with what is no JSON
├── RateLimitError         429  RATE_LIMIT          the provider's own limit
├── QuotaExceededError     429  RATE_LIMIT          the provider account's money is spent; not retried there
├── InvalidAPIKeyError     401  INVALID_API_KEY     our key is absent, refused or lacks a right
├── RequestRefusedError    400  VALIDATION_ERROR    the provider's 400, 413 or 422
│   ├── ContextTooLongError 400 TOKEN_LIMIT_EXCEEDED
│   └── ContentRefusedError 400 VALIDATION_ERROR    the provider will not answer this content
├── ProviderModelError     404  MODEL_NOT_FOUND     the provider does not know the model
├── TimeoutError           504  TIMEOUT             ours ran out, or the provider's did (408)
└── NetworkError           503  NETWORK
"""

from typing import Any, ClassVar, Literal

from router_core.errors.base import LLMError

__all__ = [
    "ContentRefusedError",
    "ContextTooLongError",
    "InvalidAPIKeyError",
    "LLMProviderError",
    "NetworkError",
    "ProviderConflictError",
    "ProviderError",
    "ProviderModelError",
    "QuotaExceededError",
    "RateLimitError",
    "RequestRefusedError",
    "TimeoutError",
    "UnusableAnswerError",
    "WaitedFor",
]

WaitedFor = Literal["connect", "first_token", "idle", "total", "rate", "provider"]
_WAITED: dict[str, str] = {
    "connect": " waiting for the connection",
    "first_token": " waiting for the first token",
    "idle": " waiting for the next token",
    "rate": ": the answer came too slowly",
}


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


class ProviderConflictError(LLMProviderError):
    """The provider says that another call is in this one's way, which says nothing about its health."""

    counts = False


class UnusableAnswerError(LLMProviderError):
    """The model made an answer that nobody can use. It is paid for, and says nothing about its provider's health.

    ``usage`` is what it took, None where that is not known.
    """

    counts = False

    def __init__(self, message: str, *, provider: str, usage: Any = None) -> None:
        super().__init__(message, provider=provider)
        self.usage = usage


class RateLimitError(ProviderError):
    """The provider's rate limit. Not a failure of its health: the credential rests for ``retry_after_ms``.

    ``headroom`` is what the answer's rate-limit headers said, None when they said nothing.
    """

    code = "RATE_LIMIT"
    status_code = 429
    retryable = True
    counts = False
    headroom: Any = None


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
    """The provider says that the request itself is wrong; ``param`` and ``reason`` are what and why in its own words,
    for whoever asked in its protocol, empty where it does not say.
    """

    param: str = ""
    reason: str = ""

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
    """Nothing came in time. ``waited_for`` says what: the connection, the ``first_token``, the next one (``idle``),
    the whole (``total``), the minimum ``rate``; or it was the ``provider`` that gave up, after a wait only it knows.
    """

    code = "TIMEOUT"
    status_code = 504
    retryable = True

    def __init__(self, timeout_ms: int, *, provider: str, waited_for: WaitedFor = "total") -> None:
        super().__init__(f"Request timed out after {timeout_ms}ms{_WAITED.get(waited_for, '')}", provider=provider)
        self.timeout_ms: int | None = timeout_ms
        self.waited_for = waited_for

    @classmethod
    def by_provider(cls, status: int, *, provider: str, retry_after_ms: int | None = None) -> "TimeoutError":
        """Return the error for a provider that answered ``status`` because *its* time ran out."""
        made = cls(0, provider=provider, waited_for="provider")
        made.message = f"The provider gave up: {status}"
        made.args = (made.message,)
        made.timeout_ms = None
        made.upstream_status = status
        made.retry_after_ms = retry_after_ms
        return made

    @property
    def context(self) -> dict[str, Any]:
        known = {} if self.timeout_ms is None else {"timeoutMs": self.timeout_ms}
        return {"provider": self.provider, **known, "waitedFor": self.waited_for}


class NetworkError(ProviderError):
    """The provider could not be reached or the connection broke."""

    code = "NETWORK"
    status_code = 503
    retryable = True
