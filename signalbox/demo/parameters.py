"""The demo's workload as figures, measured on the Azure LLM inference trace of conversations (2023, CC-BY-4.0)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from msgspec import Struct

__all__ = ["CONVERSATIONS", "TRACE_REQUESTS_PER_SECOND", "TokenLengths", "WorkloadParameters"]

# 19,366 requests in 58 minutes; the demo keeps the lengths and scales the rate down to spare the machine it runs on.
TRACE_REQUESTS_PER_SECOND: Final = 5.5


class TokenLengths(Struct, frozen=True):
    """A log-normal distribution of token counts by its median and its 95th percentile, cut off at ``most``."""

    p50: int
    p95: int
    most: int


class WorkloadParameters(Struct, frozen=True, kw_only=True):
    """Poisson arrivals at ``requests_per_second``; ``mix`` weighs use cases, ``streamed`` is a share."""

    requests_per_second: float
    prompt: TokenLengths
    completion: TokenLengths
    mix: Mapping[str, int]
    streamed: float


CONVERSATIONS: Final = WorkloadParameters(
    requests_per_second=TRACE_REQUESTS_PER_SECOND / 8,
    prompt=TokenLengths(p50=1_020, p95=4_083, most=14_050),
    completion=TokenLengths(p50=129, p95=451, most=1_000),
    mix=MappingProxyType({"general": 40, "draft": 25, "summary": 20, "complex": 10, "voice": 5}),
    streamed=0.5,
)
