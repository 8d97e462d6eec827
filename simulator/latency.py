"""How long a model takes: to its first token, and from token to token."""

import math
from collections.abc import Mapping
from fnmatch import fnmatchcase
from random import Random
from types import MappingProxyType
from typing import Final

import msgspec


class Latency(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Lognormal time to the first token (median, spread of its logarithm) and a time per token, in milliseconds."""

    ttft_ms: float = 250.0
    spread: float = 0.3
    token_ms: float = 10.0

    def __post_init__(self) -> None:
        """Refuse negative times with ValueError."""
        if min(self.ttft_ms, self.spread, self.token_ms) < 0:
            raise ValueError("times must not be negative")


NONE: Final = Latency(ttft_ms=0.0, spread=0.0, token_ms=0.0)
DEFAULTS: Final[Mapping[str, Latency]] = MappingProxyType(
    {
        "gpt-4o-mini*": Latency(ttft_ms=180.0, token_ms=8.0),
        "*-nano*": Latency(ttft_ms=180.0, token_ms=8.0),
        "gpt-*": Latency(ttft_ms=300.0, token_ms=12.0),
        "claude-haiku-*": Latency(ttft_ms=220.0, token_ms=8.0),
        "claude-opus-*": Latency(ttft_ms=400.0, token_ms=15.0),
        "claude-*": Latency(ttft_ms=340.0, token_ms=13.0),
        "*": Latency(ttft_ms=400.0, token_ms=12.0),
    }
)


class LatencyBook:
    """The latency in force for each pattern of model names; the first pattern that matches counts."""

    __slots__ = ("_found", "_initial", "_patterns", "_rng")

    def __init__(self, patterns: Mapping[str, Latency], rng: Random) -> None:
        self._initial = dict(patterns)
        self._patterns = dict(patterns)
        self._found: dict[str, Latency] = {}
        self._rng = rng

    def set(self, pattern: str, latency: Latency) -> None:
        """Put a latency in force, ahead of all set before."""
        self._patterns = {pattern: latency} | {key: old for key, old in self._patterns.items() if key != pattern}
        self._found.clear()

    def reset(self) -> None:
        """Go back to the latencies of the start."""
        self._patterns = dict(self._initial)
        self._found.clear()

    def all(self) -> dict[str, Latency]:
        """Return the latencies in force, in the order they are tried."""
        return dict(self._patterns)

    def draw(self, model: str) -> tuple[float, float]:
        """Return (seconds to the first token, seconds per token) for one call."""
        latency = self._found.get(model)
        if latency is None:
            matching = (entry for pattern, entry in self._patterns.items() if fnmatchcase(model, pattern))
            latency = next(matching, NONE)
            if len(self._found) < 1_000:
                self._found[model] = latency
        if not latency.ttft_ms:
            return 0.0, latency.token_ms / 1_000
        factor = math.exp(self._rng.gauss(0.0, latency.spread)) if latency.spread else 1.0
        return latency.ttft_ms * factor / 1_000, latency.token_ms / 1_000
