"""The error tree. Every error carries a stable ``code``, an HTTP ``status_code`` and typed facts, never a secret.

LLMError
├── Rejected                      we said no; no provider failed
│   ├── ValidationError           400  VALIDATION_ERROR
│   ├── TokenLimitExceededError   400  TOKEN_LIMIT_EXCEEDED
│   ├── UnauthorizedError         401  UNAUTHORIZED
│   ├── PaymentRequiredError      402  PAYMENT_REQUIRED
│   ├── ForbiddenError            403  FORBIDDEN
│   ├── NotFoundError             404  NOT_FOUND
│   │   └── ModelNotFoundError    404  MODEL_NOT_FOUND
│   ├── MethodNotAllowedError     405  METHOD_NOT_ALLOWED
│   ├── RequestTimeoutError       408  REQUEST_TIMEOUT
│   ├── ConflictError             409  CONFLICT
│   ├── IdempotencyConflictError  409  IDEMPOTENCY_CONFLICT
│   ├── PayloadTooLargeError      413  PAYLOAD_TOO_LARGE
│   ├── UnsupportedMediaTypeError 415  UNSUPPORTED_MEDIA_TYPE
│   ├── IdempotencyMismatchError  422  IDEMPOTENCY_MISMATCH
│   ├── RateLimitExceededError    429  RATE_LIMIT_EXCEEDED
│   ├── CircuitBreakerOpenError   503  CIRCUIT_BREAKER_OPEN
│   ├── ProviderUnavailableError  503  PROVIDER_UNAVAILABLE
│   └── OverloadedError           503  OVERLOADED
├── ProviderError                 they failed; see provider_errors
├── MaxRetriesExceededError       500  MAX_RETRIES_EXCEEDED
└── InternalError                 500  INTERNAL_ERROR
"""

from collections.abc import Sequence
from typing import Any, ClassVar

__all__ = [
    "CircuitBreakerOpenError",
    "ConflictError",
    "ForbiddenError",
    "IdempotencyConflictError",
    "IdempotencyMismatchError",
    "InternalError",
    "LLMError",
    "MaxRetriesExceededError",
    "MethodNotAllowedError",
    "ModelNotFoundError",
    "NotFoundError",
    "OverloadedError",
    "PayloadTooLargeError",
    "PaymentRequiredError",
    "ProviderUnavailableError",
    "RateLimitExceededError",
    "Rejected",
    "RequestTimeoutError",
    "TokenLimitExceededError",
    "UnauthorizedError",
    "UnsupportedMediaTypeError",
    "ValidationError",
]


class LLMError(Exception):
    """Root of the tree. ``retry_after_ms`` is a wait in milliseconds, None when none is known."""

    code: ClassVar[str] = "INTERNAL_ERROR"
    status_code: ClassVar[int] = 500
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, retry_after_ms: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after_ms = retry_after_ms

    @property
    def context(self) -> dict[str, Any]:
        """Extra typed facts for the answer's ``error`` object, in camelCase."""
        return {}


class Rejected(LLMError):
    """We refused the request; no provider is to blame."""


class ValidationError(Rejected):
    """The input is wrong; ``field`` names where, as a JSON path without the leading ``$.``."""

    code = "VALIDATION_ERROR"
    status_code = 400

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field

    @property
    def context(self) -> dict[str, Any]:
        return {} if self.field is None else {"field": self.field}


class TokenLimitExceededError(Rejected):
    """The request does not fit the model."""

    code = "TOKEN_LIMIT_EXCEEDED"
    status_code = 400


class UnauthorizedError(Rejected):
    """No or bad credentials."""

    code = "UNAUTHORIZED"
    status_code = 401


class PaymentRequiredError(Rejected):
    """A budget is spent; ``budget_status`` is the caller's view of it.

    ``spent_out`` is ours, a :class:`SpentOut`, and in no answer; it is None where no budget is spent. With ``yields``
    the budget lets another candidate serve, one that is cheaper or not limited by it.
    """

    code = "PAYMENT_REQUIRED"
    status_code = 402

    def __init__(
        self,
        message: str,
        *,
        budget_status: dict[str, Any] | None = None,
        yields: bool = False,
        spent_out: object = None,
    ) -> None:
        super().__init__(message)
        self.budget_status = budget_status
        self.spent_out = spent_out
        self.yields = yields

    @property
    def context(self) -> dict[str, Any]:
        return {} if self.budget_status is None else {"budgetStatus": self.budget_status}


class ForbiddenError(Rejected):
    """The caller's role or account does not allow it."""

    code = "FORBIDDEN"
    status_code = 403


class NotFoundError(Rejected):
    """There is no such thing."""

    code = "NOT_FOUND"
    status_code = 404


class ModelNotFoundError(NotFoundError):
    """No configured provider serves that model or bears that name."""

    code = "MODEL_NOT_FOUND"


class MethodNotAllowedError(Rejected):
    """The path exists, the method does not."""

    code = "METHOD_NOT_ALLOWED"
    status_code = 405


class RequestTimeoutError(Rejected):
    """The client did not finish sending in time."""

    code = "REQUEST_TIMEOUT"
    status_code = 408
    retryable = True


class ConflictError(Rejected):
    """Somebody else changed it meanwhile; nothing was done.

    Says who, when and which fields, as far as it is known. ``revision`` is the one in force now; ``changes`` are paths
    of fields.
    """

    code = "CONFLICT"
    status_code = 409

    def __init__(
        self,
        message: str,
        *,
        revision: int | None = None,
        changed_by: str = "",
        changed_at: str = "",
        changes: Sequence[str] = (),
    ) -> None:
        super().__init__(message)
        self.revision = revision
        self.changed_by = changed_by
        self.changed_at = changed_at
        self.changes = tuple(changes)

    @property
    def context(self) -> dict[str, Any]:
        facts = {
            "revision": self.revision,
            "changedBy": self.changed_by,
            "changedAt": self.changed_at,
            "changes": list(self.changes),
        }
        return {name: fact for name, fact in facts.items() if fact}


class IdempotencyConflictError(Rejected):
    """A request with the same Idempotency-Key is still being served."""

    code = "IDEMPOTENCY_CONFLICT"
    status_code = 409
    retryable = True


class IdempotencyMismatchError(Rejected):
    """The Idempotency-Key was used with another body."""

    code = "IDEMPOTENCY_MISMATCH"
    status_code = 422


class PayloadTooLargeError(Rejected):
    """The body is larger than the limit."""

    code = "PAYLOAD_TOO_LARGE"
    status_code = 413


class UnsupportedMediaTypeError(Rejected):
    """The body is not plain ``application/json`` in UTF-8."""

    code = "UNSUPPORTED_MEDIA_TYPE"
    status_code = 415


class RateLimitExceededError(Rejected):
    """Our own limiter refused; never counted against a provider."""

    code = "RATE_LIMIT_EXCEEDED"
    status_code = 429
    retryable = True

    @property
    def context(self) -> dict[str, Any]:
        return {"source": "gateway"}


class CircuitBreakerOpenError(Rejected):
    """Every eligible provider's breaker is open."""

    code = "CIRCUIT_BREAKER_OPEN"
    status_code = 503
    retryable = True

    def __init__(self, cooldown_remaining_ms: int) -> None:
        super().__init__("Circuit breaker is OPEN", retry_after_ms=cooldown_remaining_ms)
        self.cooldown_remaining = cooldown_remaining_ms

    @property
    def context(self) -> dict[str, Any]:
        return {"cooldownRemaining": self.cooldown_remaining}


class ProviderUnavailableError(Rejected):
    """No provider is eligible for the request."""

    code = "PROVIDER_UNAVAILABLE"
    status_code = 503
    retryable = True


class OverloadedError(Rejected):
    """We shed load."""

    code = "OVERLOADED"
    status_code = 503
    retryable = True


class MaxRetriesExceededError(LLMError):
    """All attempts failed; ``last_error`` is the last one's."""

    code = "MAX_RETRIES_EXCEEDED"

    def __init__(self, attempts: int, last_error: LLMError) -> None:
        super().__init__(f"All {attempts} attempts failed", retry_after_ms=last_error.retry_after_ms)
        self.attempts = attempts
        self.last_error = last_error

    @property
    def context(self) -> dict[str, Any]:
        last = {"code": self.last_error.code, "status": self.last_error.status_code}
        return {"lastError": last, "attempts": self.attempts}


class InternalError(LLMError):
    """A bug of ours; nothing of it is shown."""

    def __init__(self, message: str = "Internal error") -> None:
        super().__init__(message)
