"""What limits are called on the screen."""

from collections.abc import Mapping
from typing import Final

from router_core.admin.limit_desk import BucketView, LimitView
from router_core.types import Limit

__all__ = ["KINDS", "bucket_words", "owner_of", "share_left"]

KINDS: Final = {"account": "Account", "key": "API key", "use_case": "Use case", "provider": "Provider"}
_UNITS: Final = {"requests": "Requests", "tokens": "Tokens a minute", "concurrency": "Requests under way"}


def owner_of(view: LimitView, names: Mapping[str, str]) -> str:
    """Return whose limit it is, in words."""
    target = view.limit.target
    return f"{KINDS[view.limit.scope]} {names.get(target, target)}"


def bucket_words(bucket: BucketView, limit: Limit) -> str:
    """Return what a bucket of ``limit`` counts."""
    rate = limit.requests_per_second
    return f"Requests, {rate:g} a second" if bucket.unit == "requests" and rate is not None else _UNITS[bucket.unit]


def share_left(bucket: BucketView) -> float:
    """Return what is left of the bucket as a share of 1."""
    return min(1.0, max(0.0, bucket.left / bucket.capacity))
