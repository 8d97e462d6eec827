"""What can go wrong between a program and the router, as exceptions with typed facts."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx2
import msgspec

from router_core.client.answers import AnswerFacts, facts_of, seconds_to_wait

__all__ = [
    "LLMRouterAuthError",
    "LLMRouterError",
    "LLMRouterTimeoutError",
    "error_from",
    "error_of",
    "timed_out",
    "translated",
]

_NOTHING = AnswerFacts(request_id="")
# What another server between us and the router may answer with when asking again can help.
_PASSING = frozenset({408, 429, 502, 503, 504})
_OBJECTS = msgspec.json.Decoder(dict[str, Any])


class LLMRouterError(Exception):
    """The router did not answer the prompt. ``status_code`` is None when no HTTP answer came.

    ``context`` holds the further fields of the answer's ``error`` object, such as ``budgetStatus``. ``facts`` has the
    request's id, how often this client asked, and how its rate limits stand. ``retry_after`` is the seconds that the
    router asks to wait, None when it does not.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str = "INTERNAL_ERROR",
        status_code: int | None = None,
        retryable: bool = False,
        context: Mapping[str, Any] | None = None,
        facts: AnswerFacts = _NOTHING,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.status_code = status_code
        self.retryable = retryable
        self.context = dict(context or {})
        self.facts = facts
        self.retry_after = retry_after

    @property
    def request_id(self) -> str:
        """The request's id in the router's records, empty when no answer came."""
        return str(self.context.get("requestId") or self.facts.request_id)


class LLMRouterTimeoutError(LLMRouterError):
    """No answer came in time."""


class LLMRouterAuthError(LLMRouterError):
    """The router did not accept the API key."""


_KINDS: Mapping[str, type[LLMRouterError]] = {
    "UNAUTHORIZED": LLMRouterAuthError,
    "TIMEOUT": LLMRouterTimeoutError,
}


def error_of(response: httpx2.Response, body: bytes) -> LLMRouterError:
    """Return the error that an answer with another status than 200 stands for."""
    status, headers = response.status_code, response.headers
    try:
        facts = _OBJECTS.decode(body).get("error")
    except msgspec.DecodeError:
        facts = None
    error = error_from(facts if isinstance(facts, dict) else {}, status)
    error.facts = facts_of(headers, 1)
    error.retry_after = _seconds(error.context) or seconds_to_wait(headers)
    return error


def error_from(facts: Mapping[str, Any], status: int | None) -> LLMRouterError:
    """Return the error that an ``error`` object says."""
    rest = dict(facts)
    code = str(rest.pop("code", None) or "INTERNAL_ERROR")
    message = str(rest.pop("message", None) or "The router failed")
    retryable = bool(rest.pop("retryable", status in _PASSING))
    kind = LLMRouterAuthError if status == httpx2.codes.UNAUTHORIZED else _KINDS.get(code, LLMRouterError)
    return kind(message, code=code, status_code=status, retryable=retryable, context=rest, retry_after=_seconds(rest))


def timed_out(seconds: float) -> LLMRouterTimeoutError:
    """Return the error for an answer that did not come within ``seconds``."""
    return LLMRouterTimeoutError(f"Request timed out after {seconds * 1000:.0f}ms", code="TIMEOUT", retryable=True)


@contextmanager
def translated(timeout: float) -> Iterator[None]:
    """Turn failures of the connection into the client's own errors; ``timeout`` is what the caller allowed."""
    try:
        yield
    except (httpx2.TimeoutException, TimeoutError) as error:
        raise timed_out(timeout) from error
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise LLMRouterError("The router cannot be reached", code="NETWORK", retryable=True) from error
    except msgspec.DecodeError as error:
        raise LLMRouterError("The answer cannot be read", code="PROVIDER_ERROR", retryable=True) from error


def _seconds(context: Mapping[str, Any]) -> float | None:
    given = context.get("retryAfterMs")
    return given / 1000 if isinstance(given, int | float) and given > 0 else None
