"""Code, status and retryability of every error, as callers rely on them."""

import pytest

from router_core import errors
from router_core.errors import (
    CircuitBreakerOpenError,
    LLMError,
    LLMProviderError,
    MaxRetriesExceededError,
    PaymentRequiredError,
    ProviderError,
    RateLimitError,
    Rejected,
    TimeoutError,
    ValidationError,
)

TABLE = [
    ("ValidationError", "VALIDATION_ERROR", 400, False),
    ("TokenLimitExceededError", "TOKEN_LIMIT_EXCEEDED", 400, False),
    ("UnauthorizedError", "UNAUTHORIZED", 401, False),
    ("InvalidAPIKeyError", "INVALID_API_KEY", 401, False),
    ("PaymentRequiredError", "PAYMENT_REQUIRED", 402, False),
    ("ForbiddenError", "FORBIDDEN", 403, False),
    ("NotFoundError", "NOT_FOUND", 404, False),
    ("ModelNotFoundError", "MODEL_NOT_FOUND", 404, False),
    ("ProviderModelError", "MODEL_NOT_FOUND", 404, False),
    ("MethodNotAllowedError", "METHOD_NOT_ALLOWED", 405, False),
    ("RequestTimeoutError", "REQUEST_TIMEOUT", 408, True),
    ("ConflictError", "CONFLICT", 409, False),
    ("IdempotencyConflictError", "IDEMPOTENCY_CONFLICT", 409, True),
    ("IdempotencyMismatchError", "IDEMPOTENCY_MISMATCH", 422, False),
    ("PayloadTooLargeError", "PAYLOAD_TOO_LARGE", 413, False),
    ("UnsupportedMediaTypeError", "UNSUPPORTED_MEDIA_TYPE", 415, False),
    ("RateLimitExceededError", "RATE_LIMIT_EXCEEDED", 429, True),
    ("RateLimitError", "RATE_LIMIT", 429, True),
    ("MaxRetriesExceededError", "MAX_RETRIES_EXCEEDED", 500, False),
    ("InternalError", "INTERNAL_ERROR", 500, False),
    ("LLMProviderError", "PROVIDER_ERROR", 502, True),
    ("CircuitBreakerOpenError", "CIRCUIT_BREAKER_OPEN", 503, True),
    ("ProviderUnavailableError", "PROVIDER_UNAVAILABLE", 503, True),
    ("NetworkError", "NETWORK", 503, True),
    ("OverloadedError", "OVERLOADED", 503, True),
    ("TimeoutError", "TIMEOUT", 504, True),
    ("RequestRefusedError", "VALIDATION_ERROR", 400, False),
    ("ContentRefusedError", "VALIDATION_ERROR", 400, False),
    ("ProviderConflictError", "PROVIDER_ERROR", 502, True),
    ("UnusableAnswerError", "PROVIDER_ERROR", 502, True),
    ("ContextTooLongError", "TOKEN_LIMIT_EXCEEDED", 400, False),
    ("QuotaExceededError", "RATE_LIMIT", 429, False),
]


@pytest.mark.parametrize(("name", "code", "status", "retryable"), TABLE)
def test_each_class_has_its_code_status_and_retryability(name: str, code: str, status: int, retryable: bool) -> None:
    error = getattr(errors, name)
    assert (error.code, error.status_code, error.retryable) == (code, status, retryable)


def test_no_error_class_is_missing_from_the_table() -> None:
    classes = {
        name for name in errors.__all__
        if isinstance(found := getattr(errors, name), type) and issubclass(found, LLMError)
    }  # fmt: skip
    assert classes - {name for name, *_ in TABLE} == {"LLMError", "Rejected", "ProviderError"}


def test_our_refusals_and_their_failures_are_two_families() -> None:
    assert not issubclass(errors.RateLimitExceededError, ProviderError)
    assert not issubclass(RateLimitError, Rejected)


def test_max_retries_exceeded_carries_the_last_error_and_the_count() -> None:
    last = RateLimitError("slow down", provider="p", retry_after_ms=2_500)
    error = MaxRetriesExceededError(3, last)
    assert error.context == {"lastError": {"code": "RATE_LIMIT", "status": 429}, "attempts": 3}
    assert error.retry_after_ms == 2_500


def test_an_open_breaker_says_how_long() -> None:
    error = CircuitBreakerOpenError(45_000)
    assert (error.message, error.retry_after_ms) == ("Circuit breaker is OPEN", 45_000)
    assert error.context == {"cooldownRemaining": 45_000}


def test_a_timeout_has_the_originals_message() -> None:
    assert TimeoutError(60_000, provider="p").message == "Request timed out after 60000ms"


def test_context_is_camel_case_and_optional() -> None:
    assert ValidationError("bad", field="useCase").context == {"field": "useCase"}
    assert ValidationError("bad").context == {}
    assert PaymentRequiredError("spent", budget_status={"dailyUsed": 1}).context == {"budgetStatus": {"dailyUsed": 1}}
    assert LLMProviderError("bad", provider="p").context == {"provider": "p"}
