"""What each failure of a provider means."""

import pytest

from router_core.errors import provider_errors as errors
from router_core.providers.failures import Fault, classify, fault_of

REFUSED, LONG, QUOTA = errors.RequestRefusedError, errors.ContextTooLongError, errors.QuotaExceededError
KEY, MODEL, LIMIT = errors.InvalidAPIKeyError, errors.ProviderModelError, errors.RateLimitError
FAILED, LATE = errors.LLMProviderError, errors.TimeoutError
CONFLICT, CONTENT = errors.ProviderConflictError, errors.ContentRefusedError


@pytest.mark.parametrize(
    ("status", "kind", "code", "message", "meaning"),
    [
        (302, "", "", "", FAILED),
        (400, "invalid_request_error", "", "Unsupported parameter: 'stop'", REFUSED),
        (400, "invalid_request_error", "context_length_exceeded", "too long", LONG),
        (400, "invalid_request_error", "content_policy_violation", "no", CONTENT),
        (400, "", "content_filter", "no", CONTENT),
        (400, "invalid_request_error", "", "prompt is too long: 210000 tokens > 200000 maximum", LONG),
        (400, "", "", "This model's maximum context length is 4097 tokens.", LONG),
        (400, "invalid_request_error", "", "input length and `max_tokens` exceed context limit", LONG),
        (400, "invalid_request_error", "", "Your credit balance is too low to access the API", QUOTA),
        (400, "invalid_request_error", "invalid_prompt", "flagged as violating our usage policy", REFUSED),
        (401, "authentication_error", "", "invalid x-api-key", KEY),
        (402, "billing_error", "", "pay first", QUOTA),
        (403, "permission_error", "", "not allowed", KEY),
        (403, "", "model_not_found", "no access to model", MODEL),
        (404, "not_found_error", "", "model: nope", MODEL),
        (408, "", "", "", LATE),
        (409, "", "", "", CONFLICT),
        (413, "request_too_large", "", "Request exceeds the maximum size", REFUSED),
        (418, "", "", "", REFUSED),
        (422, "", "", "", REFUSED),
        (429, "tokens", "rate_limit_exceeded", "Rate limit reached", LIMIT),
        (429, "rate_limit_error", "", "reduce the prompt length", LIMIT),
        (429, "insufficient_quota", "insufficient_quota", "You exceeded your current quota", QUOTA),
        (429, "insufficient_quota", "", "You exceeded your current quota", QUOTA),
        (500, "server_error", "", "", FAILED),
        (500, "", "insufficient_quota", "", FAILED),
        (502, "", "", "", FAILED),
        (503, "", "", "prompt is too long", FAILED),
        (504, "timeout_error", "", "", FAILED),
        (529, "overloaded_error", "", "Overloaded", FAILED),
    ],
)
def test_meaning_of_a_failure(status: int, kind: str, code: str, message: str, meaning: type[Exception]):
    assert classify(Fault(status=status, type=kind, code=code, message=message)) is meaning


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        ({"type": "overloaded_error", "message": "Overloaded"}, FAILED),
        ({"type": "api_error"}, FAILED),
        ({"type": "rate_limit_error"}, LIMIT),
        ({"type": "authentication_error"}, KEY),
        ({"type": "invalid_request_error", "message": "prompt is too long"}, LONG),
        ({"type": "tokens", "code": "rate_limit_exceeded"}, LIMIT),
        ({"type": "insufficient_quota", "code": "insufficient_quota"}, QUOTA),
        ({"type": "something new", "code": 17, "message": None}, FAILED),
        ({}, FAILED),
    ],
)
def test_meaning_of_an_error_event_in_a_stream(error: dict[str, object], meaning: type[Exception]):
    assert classify(fault_of(error)) is meaning
