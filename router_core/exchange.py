"""What is known about one request while it is served; it ends in exactly one response or error, recorded once."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType, structs

from router_core.attempts import RequestFacts, StepsTaken
from router_core.audit.content import kept_content
from router_core.clock import Clock, new_ulid
from router_core.errors import LLMError
from router_core.ports import Recorder, RunnableTool
from router_core.types import (
    AnswerEnd,
    Attempt,
    Cost,
    Decision,
    EventStatus,
    FinishReason,
    LLMRequest,
    LLMResponse,
    Message,
    NanoUSD,
    Payer,
    Plan,
    Principal,
    ProviderAnswer,
    ReasoningDelta,
    RelayedRequest,
    RelayedResponse,
    RequestEvent,
    Served,
    StartPart,
    StepPart,
    TextDelta,
    ToolCall,
    ToolCallEnd,
    Usage,
    WireUsage,
    added,
    reasoning_parts,
)

__all__ = ["Exchange"]

_SUCCESS: tuple[EventStatus, str | None] = ("success", None)
_CANCELLED: tuple[EventStatus, str | None] = ("cancelled", None)
SUCCEEDED = "success"
NO_TOOLS: Mapping[str, RunnableTool] = {}
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
        "_native",
        "_outcome",
        "_outlived",
        "_reasoning",
        "_recorder",
        "_request_id",
        "_source",
        "_started_at",
        "_step_from",
        "_stop_sequence",
        "_summed",
        "_texts",
        "_usage",
        "account_id",
        "decision",
        "id",
        "keeps_content",
        "keeps_personal",
        "principal",
        "request",
        "started",
        "steps",
        "streamed",
        "tools",
        "use_case",
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
        self.use_case = ""  # of the record until there is a plan; a name that is none never comes on record
        self.keeps_content = False
        self.keeps_personal = False
        self.tools = NO_TOOLS
        self.steps = StepsTaken()
        self._request_id = request_id or self.id
        self._clock = clock
        self._recorder = recorder
        self.streamed = streamed
        self._address = address
        self._started_at = clock.now()
        self._source: Served | None = None
        self._outlived = False
        self._texts: list[str] = []
        self._step_from = 0
        self._calls: list[ToolCall] = []
        self._finish: FinishReason = "other"
        self._usage: Usage | None = None
        self._native = b""
        self._reasoning: list[ReasoningDelta] = []
        self._stop_sequence = ""
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
            if not self._outlived:
                self._recorder.record(self._event())

    def outlived(self) -> Callable[[], None]:
        """The client has left, but its calls go on for others; return what records the request once they have ended."""
        self._outlived = True
        return lambda: self._recorder.record(self._event())

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
            streamed=self.streamed,
            address=self._address,
            estimated_input_tokens=plan.estimated_input_tokens,
            step=self.steps.number,
            calls_before=self.steps.calls,
        )

    def gained(self, turns: Iterable[Message], left_open: Sequence[ToolCall]) -> None:
        """A step is over that made ``turns``; the caller is to answer the calls that are ``left_open``."""
        self.steps.turns.extend(turns)
        self._calls[:] = left_open

    def next_step(self) -> None:
        """Another step follows."""
        self.steps.go_on(self._usage)
        self._step_from = len(self._texts)
        self._calls.clear()

    def payer(self) -> Payer:
        """Return whose budgets the request counts against."""
        principal = self.principal
        return Payer(self.account_id, principal.id if principal.kind == "key" else None, self.decision.use_case)

    def start(self) -> StartPart:
        """The first part arrived; return the stream's own first part."""
        self.started = True
        provider, model = self.served()
        return StartPart(
            self._request_id, provider or "", model or "", None if self._source is None else self._source.outcome
        )

    def observe(self, part: StepPart) -> None:
        """Keep what ``part`` adds to the answer."""
        match part:
            case TextDelta():
                self._texts.append(part.text)
            case ReasoningDelta():
                self._reasoning.append(part)
            case ToolCallEnd():
                self._calls.append(part.call)
            case AnswerEnd():
                self._end(part)
            case ProviderAnswer():
                self._texts.append(part.text)
                self._calls.extend(part.tool_calls)
                self._native = part.native
                self._reasoning.extend(ReasoningDelta(each.text, each.signature, each.data) for each in part.reasoning)
                self._end(part)
            case Served():
                self._source = part

    def response(self) -> LLMResponse:
        """Return the answer as the caller gets it; from here on the request counts as a success."""
        self._outcome = _SUCCESS
        self._sum_up()
        usage = self._usage or Usage()
        provider, model = self.served()
        response = LLMResponse(
            request_id=self._request_id,
            text="".join(self._texts[self._step_from :]),
            provider=provider or "",
            model=model or "",
            tool_calls=tuple(self._calls),
            finish_reason=self._finish,
            steps=self.steps.number,
            cached=self._is_free,
            usage=WireUsage.of(usage),
            cost=Cost.of(self._cost, estimated=self._is_estimate),
            latency_ms=self._elapsed_ms(),
            decision=self._trace() if self.request.explain else UNSET,
            cache=UNSET if self._source is None else self._source.outcome,
            similarity=self._similarity,
            messages=tuple(self.steps.turns) or UNSET,
        )
        return self._relayed(response, usage) if isinstance(self.request, RelayedRequest) else response

    def _relayed(self, response: LLMResponse, usage: Usage) -> RelayedResponse:
        own: dict[str, Any] = structs.asdict(response)
        return RelayedResponse(
            **own,
            native=self._native,
            reasoning=reasoning_parts(self._reasoning),
            stop_sequence=self._stop_sequence,
            spent=usage,
        )

    def served(self) -> tuple[str | None, str | None]:
        """Return the provider and the model that answer, None for as long as nobody does."""
        served = None if self.steps.trail is None else self.steps.trail.served_by
        if served is not None:
            return (served.provider.name, served.provider.model)
        return (None, None) if self._source is None else (self._source.provider, self._source.model)

    @property
    def was_resumed(self) -> bool:
        """Whether the answer is put together from several calls."""
        return self.steps.trail is not None and any(each.reason == "resume" for each in self.steps.trail.log)

    # --- inside ----------------------------------------------------------------------------------------------------

    def _end(self, end: AnswerEnd | ProviderAnswer) -> None:
        self._finish, self._stop_sequence = end.finish_reason, end.stop_sequence
        self._usage = self.steps.together(end.usage)

    @property
    def _is_free(self) -> bool:
        """Whether another request paid for the answer."""
        return self._source is not None and self._source.outcome != "miss"

    @property
    def _similarity(self) -> float | UnsetType:
        found = None if self._source is None else self._source.similarity
        return UNSET if found is None else found

    @property
    def _is_estimate(self) -> bool:
        """Whether part of the cost is by our own count; what costs nothing is exact."""
        counted = self._usage is not None and self._usage.estimated
        return not self._is_free and (counted or self._estimated)

    def _asked_last(self) -> tuple[str | None, str | None]:
        """Return who answered, else who failed last."""
        provider, model = self.served()
        log = self.steps.log() if provider is None else ()
        return (log[-1].provider, log[-1].model) if log else (provider, model)

    def _sum_up(self) -> None:
        """Fix usage and cost, once: the answer's, and what other calls are taken to have used all the same."""
        if self._summed or self.steps.trail is None:
            return
        self._summed = True
        for attempt in self.steps.log():
            self._cost = _sum(self._cost, attempt.cost_nano)
            if attempt.usage is None:
                continue
            if attempt.outcome != SUCCEEDED:
                self._add(attempt, attempt.usage)
            elif self._usage is None:
                # The client left before the end of its answer, which others waited for.
                self._usage = attempt.usage

    def _add(self, attempt: Attempt, used: Usage) -> None:
        """Add the usage of a call that gave no whole answer, where its text is part of the answer."""
        self._estimated = self._estimated or used.estimated
        if self._usage is None:
            self._usage = used
        elif attempt.first_token_ms is not None:
            self._usage = added(self._usage, used)

    def _trace(self) -> Decision:
        if self.steps.trail is None and self._source is None:
            return self.decision
        return msgspec.structs.replace(
            self.decision,
            attempts=tuple(self.steps.log()),
            cache=UNSET if self._source is None else self._source.outcome,
            similarity=self._similarity,
            tools=tuple(self.steps.runs) or UNSET,
        )

    def _elapsed_ms(self) -> float:
        return round((self._clock.now() - self._started_at) * 1000, 3)

    def _event(self) -> RequestEvent:
        self._sum_up()
        provider, model = self._asked_last()
        status, code = self._outcome
        decision = self._trace()
        last = next((each for each in reversed(decision.attempts) if each.step == 1), None)
        first = None if last is None or last.first_token_ms is None else last.started_ms + last.first_token_ms
        return RequestEvent(
            id=self.id,
            timestamp=self._clock.utcnow(),
            principal=self.principal,
            account_id=self.account_id,
            use_case=decision.use_case or self.use_case,
            provider=provider,
            model=model,
            status=status,
            error_code=code,
            usage=self._usage or Usage(),
            cost=self._cost,
            latency_ms=self._elapsed_ms(),
            first_token_ms=first,
            streamed=self.streamed,
            cached=self._is_free and status == "success",
            decision=decision,
            request_id=self._request_id,
            estimated=self._is_estimate,
            address=self._address,
            metadata=self.request.metadata,
            content=kept_content(self.request, "".join(self._texts)) if self.keeps_content else None,
            price=_price(decision.attempts),
            charges=() if self.steps.trail is None else tuple(self.steps.trail.payment.charges),
            unpriced=() if self.steps.trail is None else tuple(dict.fromkeys(self.steps.trail.payment.unpriced)),
            refused=() if self.steps.trail is None else self.steps.trail.payment.refused,
            keeps_personal=self.keeps_personal,
        )


def _price(attempts: Sequence[Attempt]) -> str:
    """Return the version of the price that the newest call that cost something was charged by."""
    return next((each.price for each in reversed(attempts) if each.price), "")


def _sum(one: NanoUSD | None, other: NanoUSD | None) -> NanoUSD | None:
    """Add two costs; one that is not known makes the sum unknown."""
    return None if one is None or other is None else one + other
