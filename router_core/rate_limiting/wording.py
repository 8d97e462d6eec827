"""What a limit is called in words and in headers."""

from router_core.types import Bucket

__all__ = ["bucket_words", "policy_name", "refusal_words", "requests_refused"]

SECONDS_A_MINUTE = 60


def requests_refused(per_second: float) -> str:
    """Return the words of a refusal for too many requests."""
    return f"Rate limit exceeded. Maximum {per_second:g} requests/second."


def refusal_words(bucket: Bucket) -> str:
    """Return the words in which ``bucket`` refuses."""
    return f"Rate limit exceeded. Maximum {bucket_words(bucket)}."


def bucket_words(bucket: Bucket) -> str:
    """Return what ``bucket`` allows."""
    match bucket.unit:
        case "requests":
            return f"{bucket.per_second:g} requests/second"
        case "tokens":
            return f"{bucket.per_second * SECONDS_A_MINUTE:.0f} tokens/minute"
        case "concurrency":
            return f"{bucket.capacity:.0f} requests at once"


def policy_name(bucket: Bucket) -> str:
    """Return the name of ``bucket`` in headers: ``account``, ``use-case-tokens``."""
    scope = bucket.scope.replace("_", "-")
    return scope if bucket.unit == "requests" else f"{scope}-{bucket.unit}"
