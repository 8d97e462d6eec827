"""``RateLimit`` and ``RateLimit-Policy``, as draft 11 of the IETF's "RateLimit header fields for HTTP" has them."""

import math
from collections.abc import Sequence

from router_core.rate_limiting.quota import QuotaLine
from router_core.rate_limiting.token_bucket import GRAIN
from router_core.rate_limiting.wording import policy_name

__all__ = ["quota_headers"]

Header = tuple[bytes, bytes]


def quota_headers(lines: Sequence[QuotaLine]) -> tuple[Header, ...]:
    """Return the headers that tell a client of its limits, none where nothing limits it.

    The policy has every limit: how much at once, and the seconds in which that much comes back. What is left has every
    limit of a request that was let in, else those that refused, each with the seconds until there is more: then no
    window ends after ``Retry-After``.
    """
    if not lines:
        return ()
    refused = [each for each in lines if each.wait > 0]
    left = ", ".join([_left(each) for each in refused or lines])
    policies = ", ".join([_policy(each) for each in lines])
    return ((b"ratelimit-policy", policies.encode()), (b"ratelimit", left.encode()))


def _policy(line: QuotaLine) -> str:
    bucket = line.bucket
    named = f'"{policy_name(bucket)}";q={math.floor(bucket.capacity)}'
    match bucket.unit:
        case "requests":
            return f"{named};w={math.ceil(bucket.capacity / bucket.per_second)}"
        case "tokens":
            return f'{named};qu="tokens";w={math.ceil(bucket.capacity / bucket.per_second)}'
        case "concurrency":
            return f'{named};qu="concurrent-requests"'


def _left(line: QuotaLine) -> str:
    bucket, whole = line.bucket, max(0, math.floor(line.left + GRAIN))
    named = f'"{policy_name(bucket)}";r={whole}'
    if bucket.unit == "concurrency":
        return named
    more = line.wait or (whole + 1 - line.left) / bucket.per_second
    return f"{named};t={max(1, math.ceil(more))}"
