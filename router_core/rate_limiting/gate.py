"""Admits requests: everything that limits one is taken together, or nothing of it."""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from msgspec import structs

from router_core.errors import RateLimitExceededError
from router_core.ports import Draw, LimitAnswer, LimitAsk, RequestLimiter
from router_core.rate_limiting.allowance import (
    Allowance,
    Expected,
    candidate_draws,
    draws_of,
    provider_refusal,
    refused_by,
)
from router_core.rate_limiting.quota import QuotaLine, QuotaSlip
from router_core.rate_limiting.wording import bucket_words
from router_core.types import Candidate, Dropped, LimitBook, Payer, Plan

__all__ = ["Admitted", "LimitGate"]


# Of a plan without candidates: it may still be answered from the cache.
NO_CHOICE: Final[tuple[tuple[Draw, ...], ...]] = ((),)


class Admitted(NamedTuple):
    """What came of asking: the plan without the candidates at their own limits, and why there is no allowance."""

    plan: Plan
    allowance: Allowance
    refusal: RateLimitExceededError | None


class LimitGate:
    """Stands before every request. ``expected_output`` says how many tokens answers of a use case have."""

    __slots__ = ("_expected_output", "_limiter")

    def __init__(self, limiter: RequestLimiter, expected_output: Callable[[str], int]) -> None:
        self._limiter = limiter
        self._expected_output = expected_output

    async def admit(self, book: LimitBook, payer: Payer, plan: Plan, lease: str, slip: QuotaSlip) -> Admitted:
        """Take what a request with ``plan`` needs of ``payer``'s limits, and of those of the first candidate that fits.

        ``lease`` names the request.
        """
        tokens = Expected(plan.estimated_input_tokens, self._expected_output(payer.use_case))
        most = plan.candidates[0].max_tokens if plan.candidates else 0
        must = draws_of(book.of_payer(payer), tokens.together(most))
        choices = tuple([candidate_draws(book, each, tokens) for each in plan.candidates]) or NO_CHOICE
        if not must and not choices[0]:
            return Admitted(plan, Allowance(self._limiter, book, lease, must, tokens), None)
        answer = await self._limiter.take(LimitAsk(lease, must, choices))
        _fill(slip, must, answer)
        planned = _without(plan, choices, answer) if answer.passed else plan
        if answer.chosen is None:
            nothing = Allowance(self._limiter, book, lease, (), tokens)
            return Admitted(planned, nothing, _refusal(must, choices, answer))
        allowance = Allowance(self._limiter, book, lease, must, tokens)
        if choices[answer.chosen]:
            allowance.prepare(plan.candidates[answer.chosen], choices[answer.chosen])
        return Admitted(planned, allowance, None)

    async def charge(self, book: LimitBook, payer: Payer, lease: str, slip: QuotaSlip) -> None:
        """Take the token of a request that comes to nothing. Raises :class:`RateLimitExceededError`."""
        buckets = [each for each in book.of_payer(payer) if each.unit == "requests"]
        if not buckets:
            return
        must = draws_of(buckets, 0)
        answer = await self._limiter.take(LimitAsk(lease, must))
        _fill(slip, must, answer)
        if answer.chosen is None:
            raise refused_by(buckets, answer.waits)


def _fill(slip: QuotaSlip, must: Sequence[Draw], answer: LimitAnswer) -> None:
    slip.lines = [
        QuotaLine(each.bucket, left, wait) for each, left, wait in zip(must, answer.left, answer.waits, strict=True)
    ]


def _refusal(must: Sequence[Draw], choices: Sequence[Sequence[Draw]], answer: LimitAnswer) -> RateLimitExceededError:
    if any(answer.waits):
        return refused_by([each.bucket for each in must], answer.waits)
    # Each choice fits when the slowest of its buckets does; the first to fit says how long that is.
    slowest = [
        max(zip(waits, draws, strict=True), key=lambda each: each[0])
        for waits, draws in zip(answer.passed, choices, strict=True)
    ]
    wait, draw = min(slowest, key=lambda each: each[0])
    return provider_refusal(draw.bucket, wait)


def _without(plan: Plan, choices: Sequence[Sequence[Draw]], answer: LimitAnswer) -> Plan:
    """Return ``plan`` without the candidates that were passed over."""
    count = len(answer.passed)
    lost = [
        _dropped(candidate, draws, waits)
        for candidate, draws, waits in zip(plan.candidates[:count], choices, answer.passed, strict=False)
    ]
    return structs.replace(plan, candidates=plan.candidates[count:], dropped=(*plan.dropped, *lost))


def _dropped(candidate: Candidate, draws: Sequence[Draw], waits: Sequence[float]) -> Dropped:
    wait, draw = max(zip(waits, draws, strict=True), key=lambda each: each[0])
    reason = f"at its own limit of {bucket_words(draw.bucket)}, has room in {wait:.1f} s"
    return Dropped(candidate.provider, "limited", reason)
