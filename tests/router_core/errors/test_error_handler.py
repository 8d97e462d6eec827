"""Foreign exceptions become ours: by class first, by text last."""

import builtins

import pytest

from router_core.errors import LLMError, NetworkError, RateLimitError, get_error_code, is_retryable, to_llm_error


def test_the_originals_example_holds() -> None:
    error = to_llm_error(Exception("Rate limit exceeded. Retry after 60 seconds"))
    assert isinstance(error, RateLimitError)
    assert (error.code, error.retry_after_ms, error.retryable) == ("RATE_LIMIT", 60_000, True)


@pytest.mark.parametrize(
    ("error", "code", "retryable"),
    [
        (Exception("Rate limit exceeded"), "RATE_LIMIT", True),
        (Exception("HTTP 429"), "RATE_LIMIT", True),
        (Exception("connect ETIMEDOUT 1.2.3.4:443"), "TIMEOUT", True),
        (Exception("Request timed out"), "TIMEOUT", True),
        (builtins.TimeoutError(), "TIMEOUT", True),
        (TimeoutError(), "TIMEOUT", True),
        (Exception("read ECONNRESET"), "NETWORK", True),
        (Exception("connect ECONNREFUSED"), "NETWORK", True),
        (ConnectionResetError("peer"), "NETWORK", True),
        (ConnectionRefusedError(), "NETWORK", True),
        (Exception("503 Service Unavailable"), "PROVIDER_ERROR", True),
        (Exception("504 Gateway"), "PROVIDER_ERROR", True),
        (Exception("Overloaded"), "PROVIDER_ERROR", True),
        (Exception("401 Unauthorized"), "INVALID_API_KEY", False),
        (Exception("Invalid API key provided"), "INVALID_API_KEY", False),
        (Exception("Invalid value for temperature"), "VALIDATION_ERROR", False),
        (Exception("maximum context length is 128000 tokens"), "TOKEN_LIMIT_EXCEEDED", False),
        (Exception("something odd"), "INTERNAL_ERROR", False),
        (KeyError("x"), "INTERNAL_ERROR", False),
    ],
)
def test_each_kind_of_failure_gets_its_code(error: BaseException, code: str, retryable: bool) -> None:
    assert get_error_code(error) == code
    assert is_retryable(error) is retryable


def test_our_own_errors_stay_what_they_are() -> None:
    error = NetworkError("reset", provider="p")
    assert to_llm_error(error) is error


@pytest.mark.parametrize(
    ("text", "wait"),
    [
        ("Rate limit reached. Please try again in 500ms", 500),
        ("Rate limit reached. Please try again in 1.5s", 1_500),
        ("Rate limit. Retry after 7", 7_000),
        ("Rate limit", None),
    ],
)
def test_a_wait_in_the_text_is_understood(text: str, wait: int | None) -> None:
    assert to_llm_error(Exception(text)).retry_after_ms == wait


@pytest.mark.parametrize(
    "text", ["Invalid key sk-proj-1234567890abcdef", "429 for sk-proj-1234567890abcdef", "odd sk-x"]
)
def test_a_foreign_message_is_sanitised_or_withheld(text: str) -> None:
    error = to_llm_error(Exception(text))
    assert isinstance(error, LLMError)
    assert "1234567890" not in error.message
    assert "sk-x" not in error.message


def test_nothing_of_an_unknown_failure_is_shown() -> None:
    assert to_llm_error(RuntimeError("table users has no column")).message == "Internal error"
