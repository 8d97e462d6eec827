"""What is known about one request while it is served; it ends in exactly one response or error, recorded once."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import msgspec
from msgspec import UNSET

from router_core.attempts import RequestFacts, Trail
from router_core.audit.content import kept_content
from router_core.clock import Clock, new_ulid
from router_core.errors import LLMError
from router_core.ports import Recorder
from router_core.types import (
    AnswerEnd,
    Attempt,
    Cost,
    Decision,
    EventStatus,
    FinishReason,
    LLMRequest,
    LLMResponse,
    NanoUSD,
    Payer,
    Plan,
    Principal,
    ProviderAnswer,
    ProviderPart,
    RequestEvent,
    StartPart,
    TextDelta,
    ToolCall,
    ToolCallEnd,
    Usage,
    WireUsage,
    added,
)

__all__ = ["Exchange"]

_SUCCESS: tuple[EventStatus, str | None] = ("success", None)
_CANCELLED: tuple[EventStatus, str | None] = ("cancelled", None)
SUCCEEDED = "success"
_NOTHING_PLANNED = Decision(use_case="", revision=0, estimated_input_tokens=0, considered=())


class Exchange:
    """One request under way. Use it inside :meth:`recorded`."""

    __slots__ = (
        "_address",
        "_calls",
        "_clock",
        "_cost",
        "_estimated",
        "_finish",
        "_kept",
        "_outcome",
        "_recorder",
        "_request_id",
        "_started_at",
        "_streamed",
        "_summed",
        "_texts",
        "_trail",
        "_usage",
        "account_id",
        "decision",
        "id",
        "keeps_content",
        "principal",
        "request",
        "started",
    )  # fmt: skip

    def __init__(
        self,
        request: LLMRequest,
        principal: Principal,
        request_id: str | None,
        *,
        clock: Clock,
        recorder: Recorder,
        streamed: bool,
        address: str,
    ) -> None:
        self.request = request
        self.principal = principal
        self.id = new_ulid(clock)
        self.account_id: str | None = None
        self.decision = _NOTHING_PLANNED
        self.started = False
        self.keeps_content = False
        self._request_id = request_id or self.id
        self._clock = clock
        self._recorder = recorder
        self._streamed = streamed
        self._address = address
        self._started_at = clock.now()
        self._trail: Trail | None = None
        self._kept: LLMResponse | None = None
        self._texts: list[str] = []
        self._calls: list[ToolCall] = []
        self._finish: FinishReason = "other"
        self._usage: Usage | None = None
        self._cost: NanoUSD | None = 0
        self._estimated = False
        self._summed = False
        self._outcome = _CANCELLED

    # --- in the order of a request ---------------------------------------------------------------------------------

    @contextmanager
    def recorded(self) -> Iterator[None]:
        """Record the request when the block ends, however it ends."""
        try:
            yield
        except LLMError as error:
            self._outcome = ("error", error.code)
            raise
        except Exception:
            self._outcome = ("error", "INTERNAL_ERROR")
            raise
        finally:
            self._recorder.record(self._event())

    def admitted(self, account_id: str | None) -> None:
        """The request is in, and ``account_id`` pays."""
        self.account_id = account_id

    def planned(self, decision: Decision) -> None:
        """The plan is made; ``decision`` is its trace without attempts."""
        self.decision = decision

    def facts(self, plan: Plan) -> RequestFacts:
        """Return what is known before the first call."""
        return RequestFacts(
            event_id=self.id,
            request_id=self._request_id,
            principal=self.principal,
            account_id=self.account_id,
            use_case=self.decision.use_case,
            streamed=self._streamed,
            address=self._address,
            estimated_input_tokens=plan.estimated_input_tokens,
        )

    def begin(self, trail: Trail) -> Trail:
        """Calls begin; return ``trail``."""
        self._trail = trail
        return trail

    def payer(self) -> Payer:
        """Return whose budgets the request counts against."""
        principal = self.principal
        return Payer(self.account_id, principal.id if principal.kind == "key" else None, self.decision.use_case)

    def received(self, answer: ProviderAnswer) -> None:
        """The whole answer is there."""
        self.started = True
        self._texts.append(answer.text)
        self._calls.extend(answer.tool_calls)
        self._end(answer.finish_reason, answer.usage)

    def start(self) -> StartPart:
        """The first part arrived; return the stream's own first part."""
        self.started = True
        provider, model = self._served()
        return StartPart(self._request_id, provider or "", model or "")

    def observe(self, part: ProviderPart) -> None:
        """Keep what ``part`` adds to the answer."""
        match part:
            case TextDelta():
                self._texts.append(part.text)
            case ToolCallEnd():
                self._calls.append(part.call)
            case AnswerEnd():
                self._end(part.finish_reason, part.usage)

    def answered_from_cache(self, kept: LLMResponse) -> LLMResponse:
        """A kept answer serves this request, at no cost."""
        self._kept = kept
        self._outcome = _SUCCESS
        return msgspec.structs.replace(
            kept,
            request_id=self._request_id,
            cached=True,
            cost=Cost.of(0, estimated=False),
            latency_ms=self._elapsed_ms(),
            decision=self.decision if self.request.explain else UNSET,
        )

    def response(self) -> LLMResponse:
        """Return the answer as the caller gets it; from here on the request counts as a success."""
        self._outcome = _SUCCESS
        self._sum_up()
        usage = self._usage or Usage()
        provider, model = self._served()
        return LLMResponse(
            request_id=self._request_id,
            text="".join(self._texts),
            provider=provider or "",
            model=model or "",
            tool_calls=tuple(self._calls),
            finish_reason=self._finish,
            steps=1,
            cached=False,
            usage=WireUsage.of(usage),
            cost=Cost.of(self._cost, estimated=usage.estimated or self._estimated),
            latency_ms=self._elapsed_ms(),
            decision=self._trace() if self.request.explain else UNSET,
        )

    # --- inside ----------------------------------------------------------------------------------------------------

    def _end(self, finish: FinishReason, usage: Usage) -> None:
        self._finish, self._usage = finish, usage

    def _served(self) -> tuple[str | None, str | None]:
        if self._trail is None:
            return (None, None)
        served = self._trail.served_by
        return (None, None) if served is None else (served.provider.name, served.provider.model)

    def _asked_last(self) -> tuple[str | None, str | None]:
        """Return who answered, now or when the answer was kept, else who failed last."""
        if self._kept is not None:
            return (self._kept.provider, self._kept.model)
        provider, model = self._served()
        if provider is None and self._trail is not None and self._trail.log:
            return (self._trail.log[-1].provider, self._trail.log[-1].model)
        return (provider, model)

    def _sum_up(self) -> None:
        """Fix usage and cost, once: the answer's, and what other calls are taken to have used all the same."""
        if self._summed or self._trail is None:
            return
        self._summed = True
        for attempt in self._trail.log:
            self._cost = _sum(self._cost, attempt.cost_nano)
            if attempt.usage is not None and attempt.outcome != SUCCEEDED:
                self._add(attempt, attempt.usage)

    def _add(self, attempt: Attempt, used: Usage) -> None:
        """Add the usage of a call that gave no whole answer, where its text is part of the answer."""
        self._estimated = self._estimated or used.estimated
        if self._usage is None:
            self._usage = used
        elif attempt.first_token_ms is not None:
            self._usage = added(self._usage, used)

    def _answer(self) -> str:
        return self._kept.text if self._kept is not None else "".join(self._texts)

    def _trace(self) -> Decision:
        if self._trail is None:
            return self.decision
        return msgspec.structs.replace(self.decision, attempts=tuple(self._trail.log))

    def _elapsed_ms(self) -> float:
        return round((self._clock.now() - self._started_at) * 1000, 3)

    def _event(self) -> RequestEvent:
        self._sum_up()
        provider, model = self._asked_last()
        status, code = self._outcome
        decision = self._trace()
        last = decision.attempts[-1] if decision.attempts else None
        first = None if last is None or last.first_token_ms is None else last.started_ms + last.first_token_ms
        return RequestEvent(
            id=self.id,
            timestamp=self._clock.utcnow(),
            principal=self.principal,
            account_id=self.account_id,
            use_case=decision.use_case or self.request.use_case,
            provider=provider,
            model=model,
            status=status,
            error_code=code,
            usage=self._usage or Usage(),
            cost=self._cost,
            latency_ms=self._elapsed_ms(),
            first_token_ms=first,
            streamed=self._streamed,
            cached=self._kept is not None,
            decision=decision,
            request_id=self._request_id,
            estimated=(self._usage is not None and self._usage.estimated) or self._estimated,
            address=self._address,
            metadata=self.request.metadata,
            content=kept_content(self.request, self._answer()) if self.keeps_content else None,
            price=_price(decision.attempts),
            charges=() if self._trail is None else tuple(self._trail.payment.charges),
            unpriced=() if self._trail is None else tuple(dict.fromkeys(self._trail.payment.unpriced)),
            refused=() if self._trail is None else self._trail.payment.refused,
        )


def _price(attempts: Sequence[Attempt]) -> str:
    """Return the version of the price that the newest call that cost something was charged by."""
    return next((each.price for each in reversed(attempts) if each.price), "")


def _sum(one: NanoUSD | None, other: NanoUSD | None) -> NanoUSD | None:
    """Add two costs; one that is not known makes the sum unknown."""
    return None if one is None or other is None else one + other
