"""What came of a replay: counts by outcome, latency percentiles, tokens."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from msgspec import Struct

__all__ = ["EXPECTED_REFUSALS", "Outcome", "Percentiles", "Report", "Tally"]

SUCCESS: Final = "success"
# Policy at work rather than a failure: the trace sent more than the account may.
EXPECTED_REFUSALS: Final = frozenset({"RATE_LIMIT_EXCEEDED", "PAYMENT_REQUIRED", "OVERLOADED"})


class Outcome(Struct, frozen=True, kw_only=True):
    """How one request ended: ``success`` or an error code. Times in milliseconds."""

    code: str
    latency_ms: float
    first_token_ms: float | None = None
    prompt_tokens: int = 0
    output_tokens: int = 0
    model: str = ""


class Percentiles(Struct, frozen=True, rename="camel"):
    """Milliseconds that half, 95 % and 99 % of ``count`` requests stayed within."""

    count: int
    p50: float
    p95: float
    p99: float


class Report(Struct, frozen=True, kw_only=True, rename="camel"):
    """The closing summary. ``late_ms`` is how far sending fell behind the trace at worst."""

    requests: int
    succeeded: int
    refused: int
    failed: int
    outcomes: dict[str, int]
    models: dict[str, int]
    latency_ms: Percentiles
    first_token_ms: Percentiles
    prompt_tokens: int
    output_tokens: int
    seconds: float
    late_ms: float


class Tally:
    """Adds outcomes up."""

    __slots__ = ("_outcomes", "worst_lag")

    def __init__(self) -> None:
        self._outcomes: list[Outcome] = []
        self.worst_lag = 0.0

    def add(self, outcome: Outcome) -> None:
        """Count one finished request."""
        self._outcomes.append(outcome)

    @property
    def done(self) -> int:
        """How many requests have ended."""
        return len(self._outcomes)

    def report(self, seconds: float) -> Report:
        """Return the summary of everything added so far; ``seconds`` is how long it took."""
        codes = Counter(each.code for each in self._outcomes)
        served = [each for each in self._outcomes if each.code == SUCCESS]
        refused = sum(codes[code] for code in EXPECTED_REFUSALS)
        return Report(
            requests=self.done,
            succeeded=len(served),
            refused=refused,
            failed=self.done - len(served) - refused,
            outcomes=dict(codes.most_common()),
            models=dict(Counter(each.model for each in served).most_common()),
            latency_ms=_percentiles([each.latency_ms for each in served]),
            first_token_ms=_percentiles([each.first_token_ms for each in served if each.first_token_ms is not None]),
            prompt_tokens=sum(each.prompt_tokens for each in served),
            output_tokens=sum(each.output_tokens for each in served),
            seconds=round(seconds, 3),
            late_ms=round(self.worst_lag * 1000, 1),
        )


def _percentiles(values: Sequence[float]) -> Percentiles:
    ranked = sorted(values)
    if not ranked:
        return Percentiles(0, 0.0, 0.0, 0.0)
    points = [round(ranked[min(int(share * len(ranked)), len(ranked) - 1)], 1) for share in (0.5, 0.95, 0.99)]
    return Percentiles(len(ranked), *points)
