"""Walks a plan: for each call a place, a breaker permit, the provider; then the same again, the next, or the end."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from router_core.attempts.continuation import can_continue, continued
from router_core.attempts.counting import counted
from router_core.attempts.facts import RequestFacts
from router_core.attempts.hedge import Hedge, hedge_delay
from router_core.attempts.key_choice import KeyChoice, Keyed
from router_core.attempts.open_call import BYTES_PER_TOKEN, Acquired, OpenCall
from router_core.attempts.outputs import OutputSizes
from router_core.attempts.payment import HeldCall, Payment
from router_core.attempts.policy import AttemptPolicy, call_timeouts
from router_core.attempts.trail import Trail
from router_core.clock import Clock
from router_core.errors import (
    CircuitBreakerOpenError,
    InvalidAPIKeyError,
    LLMError,
    LLMProviderError,
    OverloadedError,
    PaymentRequiredError,
    ProviderError,
    RateLimitError,
    RateLimitExceededError,
)
from router_core.ports import AdapterSource, Journal, KeySource
from router_core.rate_limiting.allowance import Allowance, ProviderShare
from router_core.resilience.circuit_breaker import Permit
from router_core.resilience.deadline import Deadline
from router_core.resilience.rest import rest_error
from router_core.resilience.upstream import Upstream
from router_core.resilience.upstreams import Upstreams
from router_core.selection import Absence
from router_core.types import (
    AnswerEnd,
    FinishReason,
    LLMRequest,
    Load,
    Pace,
    Plan,
    ProviderAnswer,
    ProviderCall,
    ProviderConfig,
    ProviderPart,
    TokenCount,
    Usage,
)

__all__ = ["Attempts"]

_NO_END = "The answer broke off without an end"
_FULL_RETRY_MS = 1_000


class Attempts:
    """Makes the calls of plans against real adapters. It belongs to one event loop."""

    __slots__ = ("_adapters", "_clock", "_journal", "keys", "outputs", "policy", "upstreams")

    def __init__(
        self,
        adapters: AdapterSource,
        keys: KeySource,
        journal: Journal,
        clock: Clock,
        policy: AttemptPolicy,
        node: str = "",
    ) -> None:
        self._journal = journal
        self._adapters = adapters
        self._clock = clock
        self.policy = policy
        self.upstreams = Upstreams(policy.upstreams, clock, node)
        self.keys = KeyChoice(keys, self.upstreams, clock.random)
        self.outputs = OutputSizes()

    def upstream_of(self, provider: ProviderConfig) -> Upstream | None:
        """Return where the next call to ``provider`` would rather go, None while it has no key."""
        return self.keys.upstream(provider)

    def absence(self, provider: ProviderConfig) -> Absence | None:
        """Say why ``provider`` cannot be called right now, None when it can, with whichever of its keys."""
        upstream = self.keys.upstream(provider)
        if upstream is None:
            return Absence("no_key", _no_key(provider))
        rest = upstream.resting()
        if rest is not None:
            wait = rest.wait_ms()
            return Absence("resting", f"{rest.in_words()}, rests for another {wait / 1000:.1f} s", wait, rest.error)
        wait = upstream.breaker.wait_ms()
        if wait > 0:
            return Absence("breaker_open", f"circuit breaker is open for another {wait / 1000:.1f} s", wait)
        if not upstream.has_room(provider):
            load = upstream.load(provider)
            return Absence("saturated", f"already has {load.in_flight} of {load.limit} calls in flight", _FULL_RETRY_MS)
        return None

    def pace(self, provider: ProviderConfig) -> Pace | None:
        """Return how soon first tokens of ``provider`` came lately, None where too few did."""
        upstream = self.upstream_of(provider)
        return None if upstream is None else upstream.first_tokens.pace(self._clock.now())

    def load(self, provider: ProviderConfig) -> Load | None:
        """Return the calls that ``provider`` has in flight in this process, None while it has no key."""
        upstream = self.upstream_of(provider)
        return None if upstream is None else upstream.load(provider)

    def trail(
        self, plan: Plan, deadline: Deadline, facts: RequestFacts, payment: Payment, allowance: Allowance
    ) -> Trail:
        """Begin the trail of a request."""
        return Trail(plan, deadline, self.policy, self._clock, facts, payment, allowance)

    async def complete(self, request: LLMRequest, trail: Trail) -> ProviderAnswer:
        """Return the first answer along the plan. Raises the :class:`LLMError` that ended the attempts."""
        while True:
            call = await self.begin(request, trail, whole=True)
            try:
                with call:
                    answer = await call.adapter.complete(call.order)
                    if _is_unwanted(answer.finish_reason, trail):
                        raise call.refused(answer.usage)
                    call.succeeded(answer)
                    self._learn(trail, answer.usage)
            except ProviderError as error:
                await self._recover(trail, error, call)
                continue
            return answer

    async def stream(self, request: LLMRequest, trail: Trail) -> AsyncGenerator[ProviderPart, None]:
        """Yield the parts of the first answer that begins.

        After its first part no other call is made, unless the use case wants broken streams resumed.
        """
        said: list[str] = []
        asked = request
        while True:
            call = await self.begin(asked, trail, whole=False, written=said)
            hedge = self._hedge(asked, trail, call)
            try:
                if hedge is not None:
                    call = await hedge.winner()
                with call:
                    async with aclosing(call.parts()) as parts:
                        async for part in parts:
                            if isinstance(part, AnswerEnd):
                                if call.first_token is None and _is_unwanted(part.finish_reason, trail):
                                    raise call.refused(part.usage)
                                call.observe(part)
                                self._learn(trail, part.usage)
                                yield part
                                return
                            call.observe(part)
                            yield part
                    raise LLMProviderError(_NO_END, provider=call.candidate.provider.name)
            except ProviderError as error:
                call = call if hedge is None else hedge.last
                if call.first_token is None:
                    await self._recover(trail, error, call)
                    continue
                said.extend(call.texts)
                if trail.plan.policy.mid_stream == "fail" or not can_continue(request, used_tools=call.used_tools):
                    raise
                trail.resume(error, call.upstream)
                asked = continued(request, "".join(said))

    async def count(self, request: LLMRequest, plan: Plan) -> TokenCount:
        """Return what the model that would answer would read. Raises :class:`ProviderError` where nobody can tell."""
        return await counted(request, plan, self._adapters, self.keys, self._clock)

    async def begin(self, request: LLMRequest, trail: Trail, *, whole: bool, written: Sequence[str] = ()) -> OpenCall:
        """Return the next call, ready to be made, past every candidate that cannot be called.

        ``written`` is the text that the answer already has.
        Raises the :class:`LLMError` that says why there is none.
        """
        while True:
            candidate = trail.candidate
            adapter = await self._adapters.adapter(candidate.provider.kind)
            acquired = await self._acquired(trail)
            if acquired is None:
                continue
            order = ProviderCall(
                request=request,
                provider=candidate.provider,
                key=acquired.key.secret,
                max_tokens=_room(candidate.max_tokens, written),
                timeouts=call_timeouts(
                    self.policy, trail.plan.policy, request.use_case, trail.deadline, trail.candidates_left, whole=whole
                ),
                event_id=trail.facts.event_id,
            )
            number = trail.begin_call()
            await self._write_down(trail, number, acquired)
            if trail.reason != "repeat":
                acquired.upstream.retry_budget.note_call()
            return OpenCall(trail, number, acquired, order, adapter, self._clock)

    async def _recover(self, trail: Trail, error: ProviderError, call: OpenCall) -> None:
        """Move to the next call after ``error`` of ``call``: with another key of the row where this one was refused or
        limited, else as the trail says. Raises the error that ends the request.
        """
        if isinstance(error, RateLimitError | InvalidAPIKeyError) and call.candidate is trail.candidate:
            provider, spent = trail.candidate.provider, [*trail.spent, call.upstream]
            if self.keys.has_free(provider, spent) and trail.change_key(error, call.upstream):
                return
        await trail.recover(error, call.upstream)

    async def _acquired(self, trail: Trail) -> Acquired | None:
        """Take all that the call whose turn it is needs, or nothing, and move the trail past its candidate."""
        share = await _share(trail)
        if share is None:
            return None
        held = taken = None
        try:
            held = await _held(trail)
            taken = None if held is None else self._taken(trail)
        finally:
            if taken is None:
                share.release()
                if held is not None:
                    held.release()
        if held is None or taken is None:
            return None
        (key, upstream), permit = taken
        return Acquired(upstream, trail.candidate.provider, key, permit, held, share)

    def _taken(self, trail: Trail) -> tuple[Keyed, Permit] | None:
        """Take a place and a breaker permit with one of the candidate's keys; move the trail past it when none has one
        to give.
        """
        provider, without = trail.candidate.provider, trail.spent
        refusal: LLMError | None = None
        while (place := self.keys.draw(provider, without)) is not None:
            permit = _permit(place.upstream, provider)
            if isinstance(permit, Permit):
                return place, permit
            refusal = refusal or permit
            without = [*without, place.upstream]
        trail.skip(refusal or InvalidAPIKeyError(_no_key(provider), provider=provider.name))
        return None

    def _learn(self, trail: Trail, usage: Usage) -> None:
        self.outputs.note(trail.facts.use_case, usage.output_tokens + usage.reasoning_tokens)

    async def _write_down(self, trail: Trail, number: int, acquired: Acquired) -> None:
        """Have the journal know of the call before it is made; without that it is not made."""
        now = acquired.key.used_at = self._clock.utcnow()
        try:
            self._journal.intend(trail.facts.intent(trail.candidate, number, trail.reason, now, acquired.held))
            await self._journal.settle()
        except BaseException:
            acquired.give_back()
            raise

    def _hedge(self, request: LLMRequest, trail: Trail, call: OpenCall) -> Hedge | None:
        """Return the race for the first token of ``call``, None where the use case wants none or nobody is left."""
        if not trail.plan.policy.hedge or not trail.has_next or trail.calls_left < 1:
            return None
        call.upstream.hedge_budget.note_call()
        return Hedge(
            call,
            trail,
            hedge_delay(self.policy, trail, call),
            lambda: self.begin(request, trail, whole=False),
            self._clock,
        )


def _is_unwanted(finish: FinishReason, trail: Trail) -> bool:
    """Say whether an answer that ends so is a refusal that the use case would rather have from another."""
    return finish == "content-filter" and trail.plan.policy.refusal_fails_over and trail.has_next


def _room(max_tokens: int, written: Sequence[str]) -> int:
    """Return what is left of ``max_tokens`` for an answer that has the text ``written`` already."""
    if not written:
        return max_tokens
    return max(1, max_tokens - sum(len(text.encode()) for text in written) // BYTES_PER_TOKEN)


async def _share(trail: Trail) -> ProviderShare | None:
    """Take a call out of the provider's own limits; move the trail past a candidate that is at one of them."""
    try:
        return await trail.allowance.share(trail.candidate)
    except RateLimitExceededError as error:
        trail.skip(error)
        return None


async def _held(trail: Trail) -> HeldCall | None:
    """Hold the money for a call; move the trail past a candidate that there is none for."""
    try:
        return await trail.payment.hold(trail.candidate, trail.deadline.remaining())
    except PaymentRequiredError as error:
        trail.cannot_pay(error, yields=error.yields)
    except OverloadedError as error:
        trail.cannot_pay(error, yields=False)
    return None


def _permit(upstream: Upstream, provider: ProviderConfig) -> Permit | LLMError:
    """Take a place and a breaker permit, or return why there is none to have."""
    rest = upstream.resting()
    if rest is not None:
        return rest_error(rest)
    if not upstream.take(provider):
        return OverloadedError("The provider is at its limit", retry_after_ms=_FULL_RETRY_MS)
    try:
        return upstream.breaker.acquire()
    except CircuitBreakerOpenError as error:
        upstream.give_back(provider)
        return error


def _no_key(provider: ProviderConfig) -> str:
    return f"API key not found for provider: {provider.kind}"
