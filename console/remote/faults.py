"""What can stand between this console and its API."""

from router_core.errors import LLMError

__all__ = ["ApiMismatchError", "ApiUnreachableError"]


class ApiUnreachableError(LLMError):
    """The API does not answer, or answers that it cannot serve now; it is asked again until it does."""

    code = "NETWORK"
    status_code = 503
    retryable = True


class ApiMismatchError(LLMError):
    """What answers is no API that this console can work with: another version, or something else altogether."""

    code = "VERSION_MISMATCH"
    status_code = 409
